// The gradient of a convolution's weights, by the adjoint of Winograd's form (winograd_sum.h): with V = B^T d B of a
// tile of the input and W = A e A^T of the same tile of the output's gradient e, that of the transformed weights is the
// sum of V W over all tiles, a matrix product channels x tiles x outputs a point; the weights' own is G^T (...) G.
#pragma once

#include <span>
#include <vector>

#include "kernels/winograd_sum.h"

namespace longtake::kernels {

class WinogradWeightGradient {
 public:
  WinogradWeightGradient(KernelLevel level, const WinogradGrid& grid, std::int64_t channels, std::int64_t outputs);

  // More rows: maps [rows, height, width, channels] and the gradients of their outputs, [rows, out_height, out_width,
  // outputs].
  void add(const float* maps, const float* gradients, std::int64_t rows, ThreadPool* pool);
  // [outputs, channels, taps, taps] of all that was added.
  void finish(std::span<float> weight, ThreadPool* pool);

 private:
  void transform(const float* maps, const float* gradients, std::int64_t number, std::int64_t tile);
  void multiply(ThreadPool* pool);
  void multiply(std::int64_t point, std::int64_t tiles);

  const LevelKernels& kernels_;
  WinogradGrid grid_;
  std::int64_t channels_, outputs_, panels_;
  std::int64_t tiles_at_once_, filled_ = 0;  // small maps share a product
  std::int64_t input_stride_, gradient_stride_;
  Buffer inputs_;     // [36][tiles][channels]
  Buffer gradients_;  // [36][panels][tiles][width of a panel]
  std::vector<float> zeros_;
  std::vector<float> sums_;  // [36][channels][outputs, whole panels]
};

}  // namespace longtake::kernels
