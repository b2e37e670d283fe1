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

// What is said of a field in which nothing was measured.
std::string nothing_measured(const std::string& source, std::int64_t time);
// Why there is no nowcast of the fields `of`, such as "up to 2016-09-28T15:00:00Z".
std::string too_few_fields(const std::string& source, const graph::Model& model, const std::string& of);

// The nowcast as a line: where and when, and of each lead the mean, the maximum and the shares of cells that reach the
// thresholds.
std::string nowcast_line(const tasks::Nowcast& nowcast, const std::string& source, const std::vector<float>& thresholds,
                         const std::vector<std::string>& files);

// The last line of a stream of them: how many fields were followed, files passed over, nowcasts given.
std::string nowcast_end_line(const std::string& source, std::int64_t fields, std::int64_t skipped,
                             std::int64_t nowcasts);

}  // namespace longtake::cli
