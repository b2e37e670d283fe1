// What is done to a model's forecasts before they are given out: [forecast] of a recipe. A model that learns the mean
// of what may come is right about where there is most, but its frames have neither the detail nor the strength of
// measured ones. The extrapolation has both, so part of it is put in, and the distribution of what was measured is
// given back.
#pragma once

#include "base/options.h"
#include "graph/model.h"
#include "longtake/tensor.h"

namespace longtake::tasks {

// Whose distribution a forecast is given (tasks/probability_matching.h).
enum class Match {
  kNone,
  kNewest,         // the newest frame's, where it was measured
  kExtrapolation,  // the extrapolation's of the same lead, where it comes from within the grid
};

struct ForecastFinish {
  double extrapolation = 0;    // its share of every forecast, from 0 to 1, wherever it comes from within the grid
  Match match = Match::kNone;  // after that

  bool any() const { return extrapolation > 0 || match != Match::kNone; }
  bool needs_extrapolation() const { return extrapolation > 0 || match == Match::kExtrapolation; }
};

// The model's own, and [forecast] of a recipe into the model's protocol: extrapolation, and match = "newest",
// "extrapolation" or "none". Throw BadData and ConfigError.
ForecastFinish forecast_finish_of(const graph::Model& model);
void read_forecast_finish(const Options& forecast, graph::Model& model);

// Finishes `forecast`, [leads, channels, height, width]. `moved` is the extrapolation, [leads, channels + 1, height,
// width], whose last channel is above 0 where it comes from within the grid; `newest` [channels, height, width] is the
// newest frame and `valid`, uint8 [height, width] or empty, where it was measured. Throws InvalidArgument where sizes
// differ.
void finish_forecast(const ForecastFinish& finish, Tensor& forecast, const Tensor& moved, const Tensor& newest,
                     const Tensor& valid);

}  // namespace longtake::tasks
