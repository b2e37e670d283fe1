// A convolution with a kernel for each channel: no matrix product, but channels that lie side by side are vectors.
#pragma once

#include <cstdint>

#include "kernels/limits.h"

namespace longtake::kernels {

// Some output pixels that are neighbours in a line of a channels-last map.
struct DepthwiseCall {
  const float* window;       // first number under the first pixel's window
  std::int64_t step;         // floats between the windows of two neighbours
  const std::int64_t* taps;  // floats from a window's first number to each of its taps
  std::int64_t tap_count;
  const float* weights;  // [tap][channels]
  const float* start;    // [channels], the bias
  float* out;            // [pixels][channels]
  std::int64_t channels;
  std::int64_t pixels;
  Limits limits;
};

}  // namespace longtake::kernels
