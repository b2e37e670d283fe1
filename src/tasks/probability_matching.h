// Forecasts that are given the distribution of what was measured: a forecast of the mean is right about where there is
// most and least, and wrong about how much. The cell with the greatest value gets the greatest of the newest frame, and
// so on down (Ebert 2001, "Ability of a poor man's ensemble to predict the probability and distribution of
// precipitation": probability matching), so that neither area nor strength of rain fades with the lead.
#pragma once

#include <cstdint>
#include <span>

#include "longtake/tensor.h"

namespace longtake::tasks {

// Gives the cells of `forecast` that `counts` the values of the same cells of `newest`, by rank; cells of equal rank
// keep their order. Others are left as they are. `counts` has an entry a cell, or none where all count. Throws
// InvalidArgument where sizes differ.
void match_probabilities(std::span<float> forecast, std::span<const float> newest,
                         std::span<const std::uint8_t> counts);

// Every map of a forecast [leads, channels, height, width] by that of the channel in `newest` [channels, height,
// width]. `valid`, uint8 [height, width] or empty, is where the newest frame was measured.
void match_forecast(Tensor& forecast, const Tensor& newest, const Tensor& valid);

}  // namespace longtake::tasks
