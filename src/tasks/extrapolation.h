// The baseline that every nowcast has to beat, and an input that models may build on: what is there goes on moving as
// it did. Motion is measured by optical flow between the newest frames, and the newest one is carried along it by
// semi-Lagrangian advection (Germann and Zawadzki 2002, "Scale-dependence of the predictability of precipitation from
// continental radar images", section 3), so that nothing is smoothed from step to step.
#pragma once

#include <cstdint>
#include <string>

#include "flow/estimator.h"
#include "longtake/tensor.h"

namespace longtake::tasks {

struct ExtrapolationOptions {
  std::string flow = "dis";  // as FlowEstimator takes it
  std::int64_t pairs = 2;    // of newest frames whose motion is averaged; fewer where fewer frames are there
  // Deviation, in cells, of the Gaussian over which motion is averaged, weighed by how much is there to be seen moving;
  // 0 takes every cell's own.
  double smoothing = 12;
};

class Extrapolator {
 public:
  // Throws InvalidArgument for options out of range, and as FlowEstimator.
  explicit Extrapolator(const ExtrapolationOptions& options = {});

  // The motion of the newest frame in cells a step, float32 [2, height, width]: to the right and down. `frames` are
  // float32 [frames, channels, height, width] in [0, 1], the newest last; `valid` is uint8 [frames, height, width] or
  // empty where all is valid. Nothing moves where there is one frame, or too small a grid for the method.
  Tensor motion(const Tensor& frames, const Tensor& valid);

  // The frames that come next by it: float32 [leads, channels + 1, height, width]. The last channel is 1 where a cell
  // comes from a valid one within the grid; elsewhere all are 0.
  Tensor extrapolate(const Tensor& frames, const Tensor& valid, std::int64_t leads);

 private:
  ExtrapolationOptions options_;
  FlowEstimator estimator_;
};

// A frame `steps` steps further along `motion` (backwards where it is negative; a fraction is one): float32
// [channels + 1, height, width] as above. `frame` is float32 [channels, height, width], `valid` uint8 [height, width]
// or empty.
Tensor advect(const Tensor& frame, const Tensor& valid, const Tensor& motion, double steps);

// The frame between two, `share` of the way from the first to the second: both carried along the motion between them
// and blended, so that what moves is neither doubled nor smeared. Frames as in advect(); the result has the channel of
// validity.
Tensor frame_between(Extrapolator& extrapolator, const Tensor& first, const Tensor& first_valid, const Tensor& second,
                     const Tensor& second_valid, double share);

}  // namespace longtake::tasks
