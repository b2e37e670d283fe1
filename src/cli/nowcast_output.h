// Where nowcasts go: a line of JSON each, and files for those who want to see and to compute.
#pragma once

#include <string>
#include <vector>

#include "tasks/nowcast.h"

namespace longtake::cli {

struct NowcastOutput {
  std::string folder;  // of files; empty for none
  // Which: any of "netcdf", "png" and "mp4".
  std::vector<std::string> kinds;
};

// --write: some of the known words, with commas. Throws ConfigError for others.
std::vector<std::string> parse_kinds(const std::string& words,
                                     const std::vector<std::string>& known = {"netcdf", "png", "mp4"});

// Writes the files of a nowcast as `name`.nc, .png and .mp4, and returns their paths. The NetCDF holds the forecast and
// the extrapolation beside it; the picture what was seen last and the forecast; the film all of them in time. `model`
// is the file that made it. Throws IoError.
std::vector<std::string> write_nowcast(const tasks::Nowcast& nowcast, const std::string& name, const std::string& model,
                                       const NowcastOutput& output);

// The nowcast as a line: where and when, and of each lead the mean, the maximum and the shares of cells that reach the
// thresholds.
std::string nowcast_line(const tasks::Nowcast& nowcast, const std::string& source, const std::vector<float>& thresholds,
                         const std::vector<std::string>& files);

}  // namespace longtake::cli
