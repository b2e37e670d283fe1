// What the levels' transforms of Winograd's convolution are given (winograd_loops.h); winograd.cc is the kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/limits.h"

namespace longtake::kernels {

// One tile of 6 x 6 pixels, row by row, to its 36 transformed values, which lie `stride` floats apart.
struct WinogradInput {
  const float* const* pixels;
  float* out;
  std::int64_t stride;
};

// 36 products of one tile, `stride` floats apart, to its pixels, row by row; those outside of the map are null.
struct WinogradOutput {
  const float* in;
  std::int64_t stride;
  const float* bias;
  float* const* pixels;
  std::ptrdiff_t addend;  // floats from a pixel to the one of another map that is added; 0: none
  Limits limits;
};

struct WinogradTransforms {
  void (*input)(const WinogradInput& call, std::int64_t channels);
  void (*output4)(const WinogradOutput& call, std::int64_t channels);  // tiles of 4 x 4
  void (*output2)(const WinogradOutput& call, std::int64_t channels);  // of 2 x 2
  // The output's gradients of one tile, row by row, to 36 values.
  void (*output_adjoint4)(const WinogradInput& call, std::int64_t channels);
  void (*output_adjoint2)(const WinogradInput& call, std::int64_t channels);
};

}  // namespace longtake::kernels
