// What a recipe says about frames and data; the model's own table is read by models/, [train] by training/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/options.h"
#include "data/dataset.h"
#include "longtake/input_spec.h"

namespace longtake::tasks {

// Reads [input]: fps, width, height, resize, crop_width, crop_height, colour, mean, scale, standardise, and flow with
// flow_coding and flow_fps. Throws ConfigError for words and sizes that make no sense.
InputSpec read_input(const Options& input);

// Lists the items of a dataset. Throws ConfigError, BadData or IoError.
using DataLister = std::function<Dataset(const Files&)>;

// Reads and checks [data] without a look at what it names, and gives what lists it. `format` is one of
//   "folders"   path: a folder per class, or per split and class
//   "manifest"  path: a CSV of path,label[,start,end[,split]]
//   "ucf101"    videos, class_index, train_list, test_list, first_label, extension
//   "hmdb51"    videos, lists, split
//   "kinetics"  path: the CSV; videos; class_folders
//   those of dense_data.h, whose videos have intervals of several classes
// and then, in this order: `labels` fixes the classes; `group_pattern` with `train_groups`, `validation_groups` and
// `test_groups` splits by a part of the file name; `validation_share` holds out that part of the training items;
// `max_frames` takes so many frames from the start of each item.
// `classes` only matters to dataset_labels(). Paths may hold ${NAME} or ${NAME:-default} of the environment, which are
// replaced when the data is listed. Throws ConfigError.
DataLister read_data(const Options& data);

// Reads [data] and lists what it names.
Dataset load_dataset(const Files& files, const Options& data);

// The classes without touching the data where the recipe lists them (`labels`) or says how many there are (`classes`,
// for paper-sized recipes whose data is not at hand); else those of the dataset.
std::vector<std::string> dataset_labels(const Files& files, const Options& data);

// Replaces ${NAME} and ${NAME:-default}. Throws ConfigError naming a variable that is not set.
std::string expand_variables(const std::string& text);

}  // namespace longtake::tasks
