// The part of `longtake predict` for models that follow storms.
#pragma once

#include <string>
#include <vector>

#include "cli/storm_model.h"

namespace longtake::cli {

struct StormPredictOptions {
  std::vector<std::string> files;  // NetCDF, a sequence each
  std::string output;              // a folder; empty: tracks as CSV on standard output
  std::string write;               // what the folder gets besides the tracks: "netcdf,png,mp4"
};

// Tracks of the storms in every file. Returns the exit code.
int predict_storms(const StormModel& opened, const StormPredictOptions& options);

}  // namespace longtake::cli
