// Splits that keep groups apart, such as speakers: who is trained on is never tested on.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace longtake {

// Which groups go into which split.
struct GroupSplits {
  std::vector<std::string> train;
  std::vector<std::string> validation;
  std::vector<std::string> test;
};

// Sets the group of each item to the first capture group of `pattern`, an ECMAScript regular expression that is
// searched in the file's name: "^([^_]+)_" makes F01 of F01_03.mp4. Throws InvalidArgument on a pattern that is none or
// captures nothing, and BadData naming the item where it is not found.
Dataset with_groups(Dataset dataset, const std::string& pattern);

// Sets the split of each item by its group and leaves out items of groups that no list names. Throws InvalidArgument
// for a group that is listed twice or that no item has.
Dataset split_by_groups(Dataset dataset, const GroupSplits& splits);

// The items whose file name matches `pattern` somewhere. Throws InvalidArgument when the pattern is none or no item is
// left.
Dataset filter_by_name(Dataset dataset, const std::string& pattern);

}  // namespace longtake
