// One forecast beside what was seen and what came, as fields to look at.
#pragma once

#include <string>
#include <vector>

#include "fields/field.h"
#include "longtake/input_spec.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/windows.h"

namespace longtake::tasks {

struct ForecastSample {
  std::string id;  // of the window
  std::vector<fields::Field> seen, truth, forecast, extrapolation;
};

// The first channel of a window and of the model's forecast of it, in the unit of measured_unit(). Times count from 0.
ForecastSample sample_of(Forecaster& forecaster, const Window& window, const WindowShape& shape);

// Some windows of a source, those with most in them first, each forecast by the model. At most `most_read` windows,
// spread evenly, are looked at.
std::vector<ForecastSample> choose_samples(ForecasterSet& forecasters, const graph::Model& model, WindowSource& windows,
                                           const WindowShape& shape, std::size_t count, std::int64_t most_read = 16);

}  // namespace longtake::tasks
