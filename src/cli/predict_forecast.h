// The part of `longtake predict` for models that forecast fields.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/forecaster.h"

namespace longtake::cli {

struct ForecastPredictOptions {
  std::vector<std::string> sources;  // folders or files
  std::vector<std::string> series;   // key=value, of the sources
  std::string output;                // a folder; empty for none
  std::string write = "netcdf,png,mp4";
  std::string at;            // the time of the newest frame to be seen; empty: the newest there is
  std::int64_t horizon = 0;  // frames; 0: the model's protocol
};

// A nowcast of every source, from its newest frames. Returns the exit code.
int predict_forecast(const OpenedForecaster& opened, const ForecastPredictOptions& options);

}  // namespace longtake::cli
