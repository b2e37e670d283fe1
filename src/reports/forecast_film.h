// Forecasts of a run's report as films that play in the page.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tasks/forecast_sample.h"

namespace longtake::reports {

// Seen, truth, forecast and extrapolation side by side: an MP4 that any browser plays. `name` is the model's. Throws
// IoError where no temporary file can be written.
std::vector<std::byte> forecast_film(const tasks::ForecastSample& sample, const std::string& name);

}  // namespace longtake::reports
