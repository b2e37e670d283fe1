// The split lists of UCF101 and HMDB51, and those that LRCN's authors made from UCF101's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace longtake {

// UCF101: classInd.txt with lines "1 ApplyEyeMakeup", trainlist01.txt with "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi
// 1", testlist01.txt with the same but no number.
struct Ucf101Lists {
  Files::Path videos;       // the folder that the lists' paths are relative to
  Files::Path class_index;  // classInd.txt
  Files::Path train_list;   // empty for none
  Files::Path test_list;    // empty for none
  // The number of the first class in the lists: 1 in UCF101's own, 0 in LRCN's. classInd.txt counts from 1 always.
  std::int64_t first_label = 1;
  // Of the files, whatever the lists say, as of flow that was kept as MP4. Empty: what they say, and ".avi" where they
  // say nothing, as LRCN's do.
  std::string extension;
};

// The names of classInd.txt in order. Numbers must be 1, 2, 3, ... Throws BadData naming source and line.
std::vector<std::string> parse_class_index(std::string_view text, const std::string& source_name);

// The items of one list. A label that is missing is the name of the item's folder; one that contradicts the folder is
// BadData, as are unknown classes and items that come twice.
std::vector<DatasetItem> parse_split_list(std::string_view text, const std::string& source_name,
                                          const std::vector<std::string>& labels, std::string_view split,
                                          const Ucf101Lists& lists);

// Groups are UCF101's own, the "g08" of the name: its videos of one group share people and places. A video that is in
// both lists is BadData.
Dataset read_ucf101(const Files& files, const Ucf101Lists& lists);

// HMDB51: a folder of files "brush_hair_test_split1.txt" with lines "name.avi 1", where 1 is train, 2 test and 0
// unused; videos lie in a folder per class.
struct Hmdb51Lists {
  Files::Path videos;
  Files::Path lists;
  int split = 1;  // 1, 2 or 3
};

// The items of one class.
std::vector<DatasetItem> parse_hmdb51_list(std::string_view text, const std::string& source_name,
                                           const Files::Path& class_folder, std::int64_t label);

// Classes are the sorted names of the list files. Throws BadData when there is no list of that split.
Dataset read_hmdb51(const Files& files, const Hmdb51Lists& lists);

}  // namespace longtake
