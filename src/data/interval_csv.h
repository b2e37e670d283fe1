// Intervals as CSV, several rows for a video:
//
//   path,label,start,end,split
//   videos/a.mp4,wave,0.5,2.25,train
//   videos/a.mp4,point,1,4,train
//   videos/quiet.mp4,,,,train
//
// The header must be there; its columns come in any order, `split` is optional, and others are refused. A row whose
// label, start and end are empty lists a video in which nothing happens. Paths are relative to the file's folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/video_places.h"

namespace longtake {

struct IntervalCsvOptions {
  // Fixes the classes and their order; empty takes the names that turn up, sorted.
  std::vector<std::string> labels;
  // Where it is set, the label is the number of the class in `labels`, counted from this, 0 or 1.
  std::optional<std::int64_t> first_label;
};

// Without paths of videos. Every error is BadData that begins with "source_name:line: "; a first_label without labels
// is InvalidArgument.
Dataset parse_interval_csv(std::string_view text, const std::string& source_name,
                           const IntervalCsvOptions& options = {});
Dataset read_interval_csv(const Files& files, const Files::Path& path, const IntervalCsvOptions& options,
                          VideoPlaces places);

}  // namespace longtake
