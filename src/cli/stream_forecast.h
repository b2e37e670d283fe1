// The part of `longtake stream` for models that forecast fields: a folder that grows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/forecaster.h"

namespace longtake::cli {

struct ForecastStreamOptions {
  std::string folder;
  std::vector<std::string> series;  // key=value, of the source
  std::string output;               // a folder; empty for none
  std::string write = "netcdf";
  std::string load_state, save_state;  // files; empty for none
  std::int64_t horizon = 0;            // frames; 0: the model's protocol
  std::int64_t most_frames = 0;        // stop after so many fields; 0 never
  double poll_s = 1;                   // seconds between looks into the folder
  bool once = false;                   // stop when all that is there has been followed
};

// A nowcast with every new frame, until a signal. Returns the exit code.
int stream_forecast(const OpenedForecaster& opened, const ForecastStreamOptions& options);

}  // namespace longtake::cli
