// Finds the files of a dataset that cannot be read, and parts and intervals that lie outside their video, before hours
// of training do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/dataset.h"

namespace longtake {

enum class FileState : std::uint8_t {
  kReadable,
  kPartial,      // some frames come out, but frames or the end of the item's part are missing or damaged
  kUnreadable,   // not a single frame comes out, or too few, or the item's part lies outside the video
  kMislabelled,  // all is readable, but an interval lies outside the video
};

struct CheckedItem {
  std::string id;
  std::string path;
  FileState state = FileState::kReadable;
  std::string reason;       // why it is not good, in words; names the path
  std::int64_t frames = 0;  // that came out
};

struct CheckReport {
  std::int64_t readable = 0;
  std::int64_t partial = 0;
  std::int64_t unreadable = 0;
  std::int64_t mislabelled = 0;
  std::vector<CheckedItem> items;  // in the dataset's order

  bool all_readable() const { return partial == 0 && unreadable == 0; }
  bool all_good() const { return all_readable() && mislabelled == 0; }
  // Those that are not good, in the dataset's order.
  std::vector<CheckedItem> problems() const;
};

struct CheckOptions {
  // Decodes one frame per item: fast, and finds missing files and garbage, but not damage further in. Parts and
  // intervals are then held against the length that the container claims.
  bool first_frame_only = false;
  // Where optical flow is measured, the pictures per second it is measured between (0: all) and how many a frame of the
  // input takes; with `first_frame_only` so many are decoded.
  double flow_fps = 0;
  std::int64_t fewest_pictures = 1;
};

// Opens and decodes every item, items spread over `threads`. Bad files are results, never exceptions.
CheckReport check(const Dataset& dataset, const CheckOptions& options, ThreadPool& threads);

}  // namespace longtake
