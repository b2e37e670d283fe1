// The manifest: a CSV file with one video, or part of a video, per line.
//
//   path,label,start,end,split
//   videos/a.mp4,kickflip,0.5,2.25,train
//   "videos/b, second.mp4",ollie,,,test
//
// The header may be left out; then the columns are these, and the last one or the last three may be missing. With a
// header they come in any order, `start`, `end`, `split` and `group` are optional, and other columns are refused. Paths
// are relative to the manifest's folder. Times are seconds in the media's own time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace longtake {

// `labels` fixes the classes and their order; empty takes the names that turn up, sorted. Every error is BadData that
// begins with "source_name:line: ".
Dataset parse_manifest(std::string_view text, const std::string& source_name, const std::filesystem::path& folder,
                       const std::vector<std::string>& labels = {});

// The same for a file. Throws IoError too.
Dataset read_manifest(const Files& files, const Files::Path& path, const std::vector<std::string>& labels = {});

// A manifest of `dataset` with header, as parse_manifest() reads it; paths below `folder` are written relative to it.
std::string write_manifest(const Dataset& dataset, const std::filesystem::path& folder);

}  // namespace longtake
