// What is written once and compiled for several instruction sets: the inner loops of the fast kernels. All levels give
// the same bits.
#pragma once

#include "kernels/byte_matrix.h"
#include "kernels/depthwise.h"
#include "kernels/matrix.h"
#include "kernels/winograd_transforms.h"

namespace longtake::kernels {

// The gradient of lstm_gates: from those of hidden value and new cell to those of the gates before their activations
// and of the previous cell.
struct LstmGradient {
  const float* active;  // of lstm_gates_keeping
  const float* previous;
  const float* cell;  // the new one
  const float* peepholes;
  const float *by_hidden, *by_cell;
  float *by_gates, *by_previous;
  float* by_peepholes;  // added to; null where there are none
};

// A step of Adam (Kingma 2015, algorithm 1) or AdamW (Loshchilov 2019, algorithm 2).
struct AdamStep {
  float *weight, *first, *second;  // moved in place: the weights, the moments
  const float* gradient;
  float keep;          // by which weights shrink: 1 less the rate times AdamW's decay
  float decay;         // Adam's, times the weight, added to the gradient
  float beta1, beta2;  // of the moments
  float rate;          // over the first moment's correction
  float second_scale;  // the second moment's correction
  float epsilon;
};

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
  // The same, and the gates after their activations into `active` [4 count].
  void (*lstm_gates_keeping)(const float* gates, const float* previous, const float* peepholes, float* active,
                             float* hidden, float* cell, std::int64_t count);
  void (*lstm_gates_backward)(const LstmGradient& call, std::int64_t count);
  // Gradients of y with respect to what it is made of, added to those that are there.
  void (*sigmoid_backward)(const float* y, const float* by_y, float* by_x, std::int64_t count);
  void (*tanh_backward)(const float* y, const float* by_y, float* by_x, std::int64_t count);
  void (*blend_backward)(const float* z, const float* a, const float* b, const float* by_y, float* by_z, float* by_a,
                         float* by_b, std::int64_t count);
  void (*adam)(const AdamStep& call, std::int64_t begin, std::int64_t end);
  // One place of local response normalisation with beta = 3/4: y = x / (k + scale sum of squares of `size`
  // around)^beta. `squares` is scratch of count + size floats.
  void (*lrn)(const float* x, float* y, float* squares, std::int64_t count, std::int64_t size, float scale, float k);
};

struct LevelKernels {
  TileKernel tile;
  ByteKernel bytes;
  VectorKernel vector;
  WinogradTransforms winograd;
  void (*depthwise)(const DepthwiseCall& call);
};

const LevelKernels& portable_kernels();
#if defined(__x86_64__)
const LevelKernels& avx2_kernels();
const LevelKernels& avx512_kernels();
#endif

// The kernels of a level above the reference.
const LevelKernels& kernels_of(KernelLevel level);

}  // namespace longtake::kernels
