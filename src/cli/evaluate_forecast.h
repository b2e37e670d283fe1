// The part of `longtake evaluate` for models that forecast.
#pragma once

#include <string>
#include <vector>

#include "cli/forecaster.h"

namespace longtake::cli {

struct ForecastEvaluationOptions {
  std::string data;  // a recipe; empty: the run's own
  std::vector<std::string> overrides;
  std::string split;               // empty: test, or validation where there is none
  std::vector<double> thresholds;  // of events; empty: the usual ones
  std::int64_t windows = 0;        // so many, spread evenly; 0: all
  bool json = false;
  bool save = false;
};

// Scores of the model, of persistence and of extrapolation by lead. Returns the exit code.
int evaluate_forecast(const OpenedForecaster& opened, const ForecastEvaluationOptions& options);

}  // namespace longtake::cli
