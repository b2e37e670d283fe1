// Models that forecast and are small enough for tests, and frames for them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tasks/forecast.h"

namespace longtake::test {

// The ConvLSTM forecaster at its tiny options for gray frames of 12 x 14, with random weights; with further options
// "key=value".
std::shared_ptr<const graph::Model> small_forecaster(const std::vector<std::string>& overrides = {});

// The same for one field of rain, 16 x 16 cells of 2 km every ten minutes, with its validity.
std::shared_ptr<const graph::Model> small_nowcaster(const std::vector<std::string>& overrides = {});

// Executors of the runtime.
tasks::ExecutorMaker runtime_executors(const std::shared_ptr<const graph::Model>& model);

// Random frames in [0, 1], [ticks, streams, ...].
Tensor random_frames(std::int64_t ticks, std::int64_t streams, const Shape& frame, std::uint64_t seed = 1);

}  // namespace longtake::test
