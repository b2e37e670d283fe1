// What is written once and compiled for several instruction sets: the inner loops of the fast kernels. All levels give
// the same bits.
#pragma once

#include "runtime/kernels/matrix.h"

namespace longtake::runtime {

// Loops over arrays of `count` floats that do not overlap.
struct VectorKernel {
  void (*relu)(const float* x, float* y, std::int64_t count);
  void (*add)(const float* a, const float* b, float* y, std::int64_t count);
  void (*multiply)(const float* a, const float* b, float* y, std::int64_t count);
  void (*affine)(const float* x, float scale, float shift, float* y, std::int64_t count);
  void (*leaky_relu)(const float* x, float slope, float* y, std::int64_t count);
  void (*clip)(const float* x, float low, float high, float* y, std::int64_t count);
  // (1 - z) a + z b
  void (*blend)(const float* z, const float* a, const float* b, float* y, std::int64_t count);
  void (*sigmoid)(const float* x, float* y, std::int64_t count);
  void (*tanh)(const float* x, float* y, std::int64_t count);
  // y = x slope + offset, element by element.
  void (*scale_each)(const float* x, const float* slope, const float* offset, float* y, std::int64_t count);
  void (*take_maximum)(const float* x, float* y, std::int64_t count);              // y = max(y, x)
  void (*accumulate)(const float* x, float* y, std::int64_t count);                // y += x
  void (*divide)(float* y, float divisor, std::int64_t count);                     // y /= divisor
  void (*exponential)(const float* x, float shift, float* y, std::int64_t count);  // y = exp(x - shift)
  // y += x w, one fused multiply-add each.
  void (*multiply_add)(const float* x, const float* w, float* y, std::int64_t count);
  void (*add_scaled)(float a, const float* x, float* y, std::int64_t count);  // y += a x, one fused multiply-add each
  // Gates [4 count] in the order i, f, g, o; peepholes [3 count] in the order i, f, o, or null.
  void (*lstm_gates)(const float* gates, const float* previous, const float* peepholes, float* hidden, float* cell,
                     std::int64_t count);
  // One place of local response normalisation with beta = 3/4: y = x / (k + scale sum of squares of `size`
  // around)^beta. `squares` is scratch of count + size floats.
  void (*lrn)(const float* x, float* y, float* squares, std::int64_t count, std::int64_t size, float scale, float k);
};

struct LevelKernels {
  TileKernel tile;
  VectorKernel vector;
};

const LevelKernels& portable_kernels();
#if defined(__x86_64__)
const LevelKernels& avx2_kernels();
const LevelKernels& avx512_kernels();
#endif

// The kernels of a level above the reference.
const LevelKernels& kernels_of(KernelLevel level);

}  // namespace longtake::runtime
