// Optical flow: how far, and in which direction, every pixel of a picture has moved in the next one. Three methods
// behind one interface, all of OpenCV:
//   "dis"        dense inverse search (Kroeger et al., 1603.03590), medium preset: the fastest, good
//   "farneback"  polynomial expansion (Farneback 2003): smooth
//   "tvl1"       total variation with an L1 data term (Zach et al. 2007), as two-stream and Beyond Short Snippets used
//   it:
//                the most exact of the three on real motion, and much the slowest
#pragma once

#include <array>
#include <memory>
#include <string>

#include "longtake/tensor.h"

namespace longtake {

inline const std::array<std::string, 3> kFlowMethods{"dis", "farneback", "tvl1"};

class FlowEstimator {
 public:
  // Throws InvalidArgument for another name, and Unsupported where this longtake has no optical flow.
  explicit FlowEstimator(const std::string& method);
  FlowEstimator(FlowEstimator&&) noexcept;
  FlowEstimator& operator=(FlowEstimator&&) noexcept;
  ~FlowEstimator();

  // The motion from `previous` to `next`, gray pictures uint8 [height, width, 1] of one size. `flow` becomes float32
  // [2, height, width]: u to the right and v down, in pixels. It depends on the two pictures alone, not on those
  // before. Throws InvalidArgument when the pictures do not fit each other or are too small for the method (DIS needs
  // 12 pixels one way).
  void estimate(const Tensor& previous, const Tensor& next, Tensor& flow);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longtake
