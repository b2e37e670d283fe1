#include "data/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/crc32c.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "longtake/error.h"

namespace longtake {

namespace {

constexpr const char* kFingerprint = "longtake.features";
constexpr const char* kItem = "item";
constexpr const char* kPartial = "partial";
constexpr const char* kFirstFrame = "first_frame";
constexpr const char* kTimes = "times_s";
constexpr std::size_t kLongestStem = 100;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw BadData(fmt::format("{}: {}", path.string(), what));
}

const std::string& metadata_of(const SafetensorsFile& file, const std::filesystem::path& path, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) fail(path, fmt::format("holds no features: its metadata has no '{}'", key));
  return found->second;
}

// The first frame of which a number is not finite; nothing where there is none.
std::optional<std::int64_t> frame_without_number(const Tensor& level) {
  const auto numbers = level.data<float>();
  const auto found = std::find_if(numbers.begin(), numbers.end(), [](float number) { return !std::isfinite(number); });
  if (found == numbers.end()) return std::nullopt;
  return (found - numbers.begin()) / (level.count() / level.size(0));
}

// What of which video.
std::string name_of(const DatasetItem& item) {
  return item.max_frames == 0 ? item.id : fmt::format("{}, its first {} frames", item.id, item.max_frames);
}

}  // namespace

std::filesystem::path feature_file(const std::filesystem::path& folder, const DatasetItem& item) {
  std::string stem = item.id.substr(item.id.size() > kLongestStem ? item.id.size() - kLongestStem : 0);
  const auto harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  std::replace_if(
      stem.begin(), stem.end(), [&](char c) { return !harmless(c); }, '_');
  const std::uint32_t sum = crc32c(std::as_bytes(std::span(item.id)));
  return folder / fmt::format("{}-{:08x}.safetensors", stem, sum);
}

void save_features(const Files& files, const FeatureSource& source, const DatasetItem& item, const Clip& clip) {
  SafetensorsFile file;
  for (std::size_t i = 0; i < clip.features.size(); ++i) file.tensors[std::to_string(i)] = clip.features[i];
  file.tensors[kTimes] = Tensor::from<double>({clip.count()}, std::span<const double>(clip.times_s));
  file.metadata = {{kFingerprint, source.fingerprint},
                   {kItem, name_of(item)},
                   {kFirstFrame, std::to_string(clip.first_frame)},
                   {kPartial, partial_reason(clip.stats)}};
  save_safetensors(files, feature_file(source.folder, item), file);
}

void require_features(const Files& files, const FeatureSource& source, const DatasetItem& item) {
  const std::filesystem::path path = feature_file(source.folder, item);
  if (files.exists(path)) return;
  throw IoError(
      fmt::format("{}: the features of {} are not there; `longtake extract` computes them", path.string(), item.id));
}

Clip load_features(const Files& files, const FeatureSource& source, const DatasetItem& item) {
  require_features(files, source, item);
  const std::filesystem::path path = feature_file(source.folder, item);
  SafetensorsFile file = read_safetensors(files, path);
  if (metadata_of(file, path, kItem) != name_of(item)) {
    fail(path, fmt::format("has the features of another item than {}", name_of(item)));
  }
  if (metadata_of(file, path, kFingerprint) != source.fingerprint) {
    fail(path, "was made by another encoder or for another [input]; run `longtake extract` again into a new folder");
  }
  Clip clip;
  const auto times = file.tensors.find(kTimes);
  if (times == file.tensors.end() || times->second.dtype() != DType::kFloat64 || times->second.shape().size() != 1 ||
      times->second.count() == 0) {
    fail(path, "has no times of frames");
  }
  const auto seconds = times->second.data<double>();
  clip.times_s.assign(seconds.begin(), seconds.end());
  clip.first_time_s = clip.times_s.front();
  clip.first_frame = parse_int64(metadata_of(file, path, kFirstFrame), path.string() + ": first_frame");
  for (std::size_t i = 0; file.tensors.contains(std::to_string(i)); ++i) {
    Tensor& level = file.tensors.at(std::to_string(i));
    if (level.dtype() != DType::kFloat32 || level.shape().empty() || level.size(0) != times->second.count()) {
      fail(path, fmt::format("its features {} do not fit its {} frames", i, times->second.count()));
    }
    if (const auto frame = frame_without_number(level)) {
      fail(path,
           fmt::format("a number of frame {} is not finite; run `longtake extract` again into a new folder", *frame));
    }
    clip.features.push_back(std::move(level));
  }
  if (clip.features.empty()) fail(path, "has no features");
  clip.stats.frames_out = clip.count();
  if (const std::string& reason = metadata_of(file, path, kPartial); !reason.empty()) {
    clip.stats.partial = true;
    clip.stats.problems = {reason};
  }
  return clip;
}

std::optional<std::filesystem::path> features_of_another(const Files& files, const FeatureSource& source,
                                                         const DatasetItem& item) {
  const std::filesystem::path path = feature_file(source.folder, item);
  if (!files.exists(path)) return std::nullopt;
  try {
    const SafetensorsHeader header = read_safetensors_header(files, path);
    const auto found = header.metadata.find(kFingerprint);
    return found != header.metadata.end() && found->second != source.fingerprint ? std::optional(path) : std::nullopt;
  } catch (const BadData&) {
    return std::nullopt;
  }
}

bool has_features(const Files& files, const FeatureSource& source, const DatasetItem& item) {
  if (!files.exists(feature_file(source.folder, item))) return false;
  try {
    load_features(files, source, item);
    return true;
  } catch (const BadData&) {
    return false;
  }
}

}  // namespace longtake
