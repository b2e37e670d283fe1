// What is done to a model's forecasts before they are given out: [forecast] of a recipe. A model that learns the mean
// of what may come is right about where there is most, but its frames have neither the detail nor the strength of
// measured ones. The extrapolation has both, so part of it is put in, and the distribution of the newest frame is given
// back.
#pragma once

#include "base/options.h"
#include "graph/model.h"
#include "longtake/tensor.h"

namespace longtake::tasks {

struct ForecastFinish {
  double extrapolation = 0;   // its share of every forecast, from 0 to 1, wherever it comes from within the grid
  bool match_newest = false;  // after that: the distribution of the newest frame (tasks/probability_matching.h)

  bool any() const { return extrapolation > 0 || match_newest; }
};

// The model's own, and [forecast] of a recipe into the model's protocol: extrapolation, and match = "newest" or "none".
// Throw BadData and ConfigError.
ForecastFinish forecast_finish_of(const graph::Model& model);
void read_forecast_finish(const Options& forecast, graph::Model& model);

// Finishes `forecast`, [leads, channels, height, width]. `moved` is the extrapolation, [leads, channels + 1, height,
// width], whose last channel is above 0 where it comes from within the grid; `newest` [channels, height, width] is the
// newest frame and `valid`, uint8 [height, width] or empty, where it was measured. Throws InvalidArgument where sizes
// differ.
void finish_forecast(const ForecastFinish& finish, Tensor& forecast, const Tensor& moved, const Tensor& newest,
                     const Tensor& valid);

}  // namespace longtake::tasks
