// Forecasts that are given the distribution of what was measured: a forecast of the mean is right about where there is
// most and least, and wrong about how much. The cell with the greatest value gets the greatest that was measured, and
// so on down (Ebert 2001, "Ability of a poor man's ensemble to predict the probability and distribution of
// precipitation": probability matching), so that neither area nor strength of rain fades with the lead.
#pragma once

#include <cstdint>
#include <span>

namespace longtake::tasks {

// Gives the cells of `forecast` that `counts` the values of the same cells of `measured`, by rank; cells of equal rank
// keep their order. Others are left as they are. `counts` has an entry a cell, or none where all count. Throws
// InvalidArgument where sizes differ.
void match_probabilities(std::span<float> forecast, std::span<const float> measured,
                         std::span<const std::uint8_t> counts);

}  // namespace longtake::tasks
