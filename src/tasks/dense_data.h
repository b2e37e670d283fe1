// The formats of [data] whose videos have intervals of several classes (data/activitynet.h and its neighbours).
#pragma once

#include <array>
#include <string>

#include "tasks/recipe.h"

namespace longtake::tasks {

//   "activitynet"  path: the JSON; videos: their folder
//   "multithumos"  path: the folder of class_list.txt and annotations/; videos
//   "thumos14"     path: the folder of <Class>_val.txt; test_path: that of <Class>_test.txt, or none; videos
//   "intervals"    path: a CSV of path,label,start,end[,split]; first_label where labels are numbers
// All take `train_list`, `validation_list` and `test_list`, files with a video per line, and all but "intervals"
// `prefix` and `extension` of the videos' files.
inline const std::array<std::string, 4> kDenseFormats{"activitynet", "multithumos", "thumos14", "intervals"};

// What lists the items of [data], whose `format` is one of kDenseFormats. Throws ConfigError.
DataLister read_dense_format(const Options& data, const std::string& format);

}  // namespace longtake::tasks
