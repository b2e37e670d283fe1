// The lists of Kinetics: CSV files with the header label,youtube_id,time_start,time_end,split, whose videos were cut to
// files {youtube_id}_{time_start:06d}_{time_end:06d}.mp4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace longtake {

struct KineticsOptions {
  Files::Path videos;          // the folder of the videos
  bool class_folders = false;  // whether each lies in a folder of its class below it
  // Fixes the classes and their order; empty takes the names that turn up, sorted.
  std::vector<std::string> labels;
};

// Other columns (such as is_cc) are ignored. Every error is BadData that begins with "source_name:line: ".
Dataset parse_kinetics(std::string_view text, const std::string& source_name, const KineticsOptions& options);
Dataset read_kinetics(const Files& files, const Files::Path& path, const KineticsOptions& options);

}  // namespace longtake
