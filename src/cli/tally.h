// What became of many videos, each told by whichever thread did it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace longtake::cli {

class Tally {
 public:
  // `what` is done to them: "extracting".
  Tally(const std::string& what, std::int64_t videos) : progress_(terminal_progress(what, "videos", videos)) {}

  // One more is done; `problem` is empty where all is well.
  void add(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    if (!problem.empty()) problems_.push_back(problem);
    progress_.update(++done_);
  }

  // The problems, sorted.
  std::vector<std::string> finish() {
    progress_.finish();
    std::sort(problems_.begin(), problems_.end());
    return problems_;
  }

 private:
  std::mutex mutex_;
  reports::Progress progress_;
  std::int64_t done_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace longtake::cli
