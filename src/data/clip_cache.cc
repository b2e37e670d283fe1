// Decodes and keeps clips. Nothing is ever dropped for another clip: epochs visit all items in turn, so whatever is
// kept is used once per epoch, and replacing it would only decode more.
#include "data/clip_cache.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "data/flow_input.h"
#include "longtake/error.h"

namespace longtake {

ClipCache::ClipCache(Dataset dataset, const InputSpec& spec, const ClipCacheOptions& options, ThreadPool& threads)
    : dataset_(std::move(dataset)), spec_(spec), options_(options), threads_(threads) {
  check_input(spec_);
}

ClipCache::Decoded ClipCache::decode(std::int64_t item) const {
  const DatasetItem& source = dataset_.items[static_cast<std::size_t>(item)];
  Decoded decoded;
  try {
    auto clip = std::make_shared<const Clip>(options_.features ? load_features(real_files(), *options_.features, source)
                                                               : read_clip_for(spec_, source));
    if (std::string reason = partial_reason(clip->stats); !reason.empty()) {
      decoded.reason = fmt::format("{}: {}", source.path.string(), reason);
    }
    decoded.clip = std::move(clip);
  } catch (const Error& error) {
    decoded.reason = error.what();
    decoded.error = std::current_exception();
  }
  return decoded;
}

void ClipCache::admit(std::int64_t item, const Decoded& decoded) {
  if (!decoded.reason.empty()) {
    if (options_.bad_files == BadFiles::kError) {
      if (decoded.error) std::rethrow_exception(decoded.error);
      throw BadData(decoded.reason);
    }
    const std::string& id = dataset_.items[static_cast<std::size_t>(item)].id;
    problems_[item] = {id, decoded.reason, decoded.clip == nullptr};
  }
  const std::int64_t bytes = decoded.clip ? decoded.clip->bytes() : 0;
  if (bytes_kept_ + bytes > options_.byte_budget) return;
  bytes_kept_ += bytes;
  kept_[item] = decoded.clip;  // an unreadable file is not tried again
}

std::vector<std::shared_ptr<const Clip>> ClipCache::get(std::span<const std::int64_t> items) {
  std::map<std::int64_t, Decoded> missing;
  std::vector<std::int64_t> to_decode;
  for (const std::int64_t item : items) {
    if (item < 0 || item >= static_cast<std::int64_t>(dataset_.items.size())) {
      throw InvalidArgument(fmt::format("item {} of a dataset of {}", item, dataset_.items.size()));
    }
    if (!kept_.contains(item) && missing.try_emplace(item).second) to_decode.push_back(item);
  }
  threads_.parallel_for(static_cast<std::int64_t>(to_decode.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      missing.at(to_decode[i]) = decode(to_decode[i]);
    }
  });
  for (const std::int64_t item : to_decode) admit(item, missing.at(item));

  std::vector<std::shared_ptr<const Clip>> clips;
  for (const std::int64_t item : items) {
    const auto kept = kept_.find(item);
    clips.push_back(kept != kept_.end() ? kept->second : missing.at(item).clip);
  }
  return clips;
}

BadFileReport ClipCache::bad_files() const {
  BadFileReport report;
  for (const auto& [item, problem] : problems_) {
    ++(problem.skipped ? report.skipped : report.partial);
    report.problems.push_back(problem);
  }
  return report;
}

}  // namespace longtake
