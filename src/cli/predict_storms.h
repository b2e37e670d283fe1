// The part of `longtake predict` for models that follow or forecast storms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/storm_model.h"

namespace longtake::cli {

struct StormPredictOptions {
  std::vector<std::string> files;  // NetCDF, a sequence each
  std::string output;              // a folder; empty: tracks as CSV on standard output
  std::string write;               // what the folder gets besides the tracks: "netcdf,png,mp4"
  // Of models that forecast:
  std::string tracks;        // a file of the storms so far
  std::string at;            // the time of the newest frame to be seen; empty: the newest there is
  std::int64_t horizon = 0;  // frames; 0: the model's protocol
};

// Tracks of the storms in every file, or of those that come after it. Returns the exit code.
int predict_storms(const StormModel& opened, const StormPredictOptions& options);

}  // namespace longtake::cli
