// The clips of a dataset as tensors, each file decoded once and kept in memory as far as a budget goes. What is given
// out never depends on what was kept or on the number of threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/dataset.h"
#include "data/features.h"
#include "data/video_input.h"
#include "longtake/input_spec.h"

namespace longtake {

enum class BadFiles : std::uint8_t {
  kError,  // the first file that is unreadable or partial is an exception
  kSkip,   // unreadable files give no clip, partial ones what they have; both are counted
};

struct ClipCacheOptions {
  std::int64_t byte_budget = std::int64_t{1} << 31;  // decoded frames kept; beyond it files are decoded again
  BadFiles bad_files = BadFiles::kError;
  std::optional<FeatureSource> features;  // clips have these instead of frames
};

// What became of bad files so far.
struct BadFileReport {
  struct Problem {
    std::string id;
    std::string reason;
    bool skipped = false;  // no clip at all; else partial
  };
  std::int64_t skipped = 0;
  std::int64_t partial = 0;
  std::vector<Problem> problems;  // by item, in the dataset's order
};

// Belongs to one thread at a time.
class ClipCache {
 public:
  // `threads` must outlive the cache. Throws InvalidArgument as video_options().
  ClipCache(Dataset dataset, const InputSpec& spec, const ClipCacheOptions& options, ThreadPool& threads);

  const Dataset& dataset() const { return dataset_; }

  // The clips of some items, decoded in parallel where they are not kept; null for one that is skipped. The same item
  // may come more than once. Throws BadData or IoError that names the file under BadFiles::kError (the first one in the
  // order of `items`) and InvalidArgument for an item that is none.
  std::vector<std::shared_ptr<const Clip>> get(std::span<const std::int64_t> items);
  std::shared_ptr<const Clip> get(std::int64_t item) { return get(std::span(&item, 1)).front(); }

  std::int64_t bytes_kept() const { return bytes_kept_; }
  std::int64_t clips_kept() const { return static_cast<std::int64_t>(kept_.size()); }
  BadFileReport bad_files() const;

 private:
  struct Decoded {
    std::shared_ptr<const Clip> clip;  // null when unreadable
    std::string reason;                // why unreadable or partial; empty when neither
    std::exception_ptr error;          // of an unreadable one
  };

  Decoded decode(std::int64_t item) const;
  void admit(std::int64_t item, const Decoded& decoded);

  Dataset dataset_;
  InputSpec spec_;
  ClipCacheOptions options_;
  ThreadPool& threads_;
  std::map<std::int64_t, std::shared_ptr<const Clip>> kept_;
  std::map<std::int64_t, BadFileReport::Problem> problems_;
  std::int64_t bytes_kept_ = 0;
};

}  // namespace longtake
