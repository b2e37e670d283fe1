// A convolution with a kernel for each channel: no matrix product, but channels that lie side by side are vectors.
#pragma once

#include <cstdint>

#include "kernels/limits.h"

namespace longtake::kernels {

struct DepthwiseTap {
  std::int64_t offset;   // floats from where the pixel's taps count from
  const float* weights;  // [channels]
};

// Some output pixels that are neighbours in a line of a channels-last map.
struct DepthwiseCall {
  const float* window;       // where the taps of the first pixel count from
  std::int64_t step;         // floats between the windows of two neighbours
  const DepthwiseTap* taps;  // those that lie on the map, the others being zero
  std::int64_t tap_count;
  const float* start;  // [channels], the bias
  float* out;          // [pixels][channels]
  std::int64_t channels;
  std::int64_t pixels;
  Limits limits;
};

}  // namespace longtake::kernels
