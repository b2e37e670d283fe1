// What is trained and tested on: a list of videos, or parts of videos, each with its class or, in a dense set, with the
// intervals of many. A plain value; the readers in this folder make it from a folder per class, a manifest, the lists
// of a benchmark or annotations.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/intervals.h"

namespace longtake {

inline constexpr std::string_view kTrainSplit = "train";
inline constexpr std::string_view kValidationSplit = "validation";
inline constexpr std::string_view kTestSplit = "test";

inline constexpr std::int64_t kNoLabel = -1;

struct DatasetItem {
  // Unique in its dataset: the path as the list or folder gives it, with "#start-end" where it is a part of the video.
  std::string id;
  std::filesystem::path path;
  std::int64_t label = 0;  // index into Dataset::labels; kNoLabel in a dense set
  // The part [start_s, end_s) of the video in the media's own time; absent is its beginning or end.
  std::optional<double> start_s;
  std::optional<double> end_s;
  std::int64_t max_frames = 0;      // only the first so many frames of the part; 0 takes all
  std::string group;                // who or where it was recorded, so that splits can keep groups apart; may be empty
  std::string split;                // "train", "validation", "test", or empty where nothing says so
  std::vector<Interval> intervals;  // of a dense set, by starts_before()

  friend bool operator==(const DatasetItem&, const DatasetItem&) = default;
};

struct Dataset {
  std::vector<std::string> labels;  // class names
  std::vector<DatasetItem> items;
  bool dense = false;                 // items have intervals of any classes instead of one label
  std::vector<std::string> warnings;  // what the reader could live with, each with its place, for people

  friend bool operator==(const Dataset&, const Dataset&) = default;
};

// "train", "validation" or "test" from what lists call them ("training", "val", "valid", "validate", "testing", in any
// case); nothing for anything else.
std::optional<std::string> find_split_name(std::string_view name);
// The same, but throws BadData that starts with `where`.
std::string parse_split_name(std::string_view name, std::string_view where);

// The items of one split, with all labels. Throws InvalidArgument that lists the splits there are when it is empty.
Dataset select_split(const Dataset& dataset, std::string_view split);

// The same items with the labels of a model: names are looked up, so the order may differ and labels without items do
// not matter. Throws BadData that names the labels which the model does not know.
Dataset align_labels(const Dataset& dataset, std::span<const std::string> model_labels);

// How many items of each class and group one split has. In a dense set an item counts for every class that occurs in
// it.
struct SplitSummary {
  std::int64_t items = 0;
  std::int64_t intervals = 0;
  std::vector<std::int64_t> items_per_label;  // like Dataset::labels
  std::map<std::string, std::int64_t> items_per_group;

  friend bool operator==(const SplitSummary&, const SplitSummary&) = default;
};

// By the name of the split; items without one are under "".
std::map<std::string, SplitSummary> summarise(const Dataset& dataset);

// The summary in words, a line per split and per class, for people.
std::string describe(const Dataset& dataset);

}  // namespace longtake
