// The loops of VectorKernel, for inclusion in one file per level: plain C++ that the compiler turns into vectors of
// that level. Each element is computed alike wherever it stands in an array, and every step is an IEEE operation (fused
// multiply-adds are written out, none is made by the compiler), so the bits are the same at all levels.
//
// Everything is in an unnamed namespace and nothing comes from the standard library, so that the linker cannot use one
// level's copy of a function elsewhere.
#pragma once

#include "kernels/level.h"

namespace longtake::kernels {
namespace {

using Count = std::int64_t;

inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// e^x within 1.5 units in the last place for x in [-87.3, 88]; 0 below, e^88 above, NaN for NaN.
// x = n log 2 + r with |r| <= log(2) / 2; e^r is a polynomial (interpolated at Chebyshev nodes), 2^n is put together.
inline float exponential(float x) {
  const float limited = x > 88.0f ? 88.0f : x;
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  constexpr float kRound = 12582912.0f;
  const float rounded = fused(limited, 1.44269504f, kRound);
  const float n = rounded - kRound;
  float r = fused(n, -0.693145752f, limited);
  r = fused(n, -1.42860677e-6f, r);
  float p = 1.3926184e-3f;
  p = fused(p, r, 8.3631791e-3f);
  p = fused(p, r, 4.1666555e-2f);
  p = fused(p, r, 1.6666577e-1f);
  p = fused(p, r, 0.5f);
  p = fused(p, r * r, r);
  const auto bits = __builtin_bit_cast(std::uint32_t, rounded);
  const float power = __builtin_bit_cast(float, (bits << 23) + 0x3f800000u);
  const float result = fused(p, power, power);
  return x < -87.3f ? 0.0f : result;
}

inline float sigmoid_of(float x) { return 1.0f / (1.0f + exponential(-x)); }

// Within 2 units in the last place: a polynomial in x^2 near zero, where the other form would cancel.
inline float tanh_of(float x) {
  const float magnitude = __builtin_fabsf(x);
  const float far = 1.0f - 2.0f / (exponential(2.0f * magnitude) + 1.0f);
  const float z = x * x;
  float p = -6.0967142e-3f;
  p = fused(p, z, 2.0997179e-2f);
  p = fused(p, z, -5.3850910e-2f);
  p = fused(p, z, 1.3332770e-1f);
  p = fused(p, z, -3.3333329e-1f);
  const float near = fused(p * z, x, x);
  return magnitude < 0.625f ? near : __builtin_copysignf(far, x);
}

void relu_loop(const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}

void add_loop(const float* __restrict a, const float* __restrict b, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

void multiply_loop(const float* __restrict a, const float* __restrict b, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = a[i] * b[i];
}

void affine_loop(const float* __restrict x, float scale, float shift, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = x[i] * scale + shift;
}

void leaky_relu_loop(const float* __restrict x, float slope, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = x[i] < 0 ? slope * x[i] : x[i];
}

void clip_loop(const float* __restrict x, float low, float high, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) {
    const float raised = x[i] < low ? low : x[i];
    y[i] = raised > high ? high : raised;
  }
}

void blend_loop(const float* __restrict z, const float* __restrict a, const float* __restrict b, float* __restrict y,
                Count count) {
  for (Count i = 0; i < count; ++i) y[i] = (1 - z[i]) * a[i] + z[i] * b[i];
}

void sigmoid_loop(const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = sigmoid_of(x[i]);
}

void tanh_loop(const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = tanh_of(x[i]);
}

void scale_each_loop(const float* __restrict x, const float* __restrict slope, const float* __restrict offset,
                     float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = x[i] * slope[i] + offset[i];
}

void take_maximum_loop(const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = y[i] < x[i] ? x[i] : y[i];
}

void accumulate_loop(const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] += x[i];
}

void divide_loop(float* __restrict y, float divisor, Count count) {
  for (Count i = 0; i < count; ++i) y[i] /= divisor;
}

void exponential_loop(const float* __restrict x, float shift, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = exponential(x[i] - shift);
}

void multiply_add_loop(const float* __restrict x, const float* __restrict w, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = fused(x[i], w[i], y[i]);
}

void add_scaled_loop(float a, const float* __restrict x, float* __restrict y, Count count) {
  for (Count i = 0; i < count; ++i) y[i] = fused(a, x[i], y[i]);
}

// The output gate sees the new cell (Graves; 1506.04214, equation 2).
template <bool kPeepholes, bool kKeeps>
void lstm_gates_with(const float* __restrict gates, const float* __restrict previous, const float* __restrict peepholes,
                     float* __restrict active, float* __restrict hidden, float* __restrict cell, Count count) {
  for (Count n = 0; n < count; ++n) {
    float i = gates[n], f = gates[count + n], o = gates[3 * count + n];
    const float before = previous[n];
    if constexpr (kPeepholes) {
      i += peepholes[n] * before;
      f += peepholes[count + n] * before;
    }
    i = sigmoid_of(i);
    f = sigmoid_of(f);
    const float g = tanh_of(gates[2 * count + n]);
    const float next = f * before + i * g;
    if constexpr (kPeepholes) o += peepholes[2 * count + n] * next;
    o = sigmoid_of(o);
    hidden[n] = o * tanh_of(next);
    cell[n] = next;
    if constexpr (kKeeps) {
      active[n] = i;
      active[count + n] = f;
      active[2 * count + n] = g;
      active[3 * count + n] = o;
    }
  }
}

void lstm_gates_loop(const float* gates, const float* previous, const float* peepholes, float* hidden, float* cell,
                     Count count) {
  if (peepholes != nullptr) {
    lstm_gates_with<true, false>(gates, previous, peepholes, nullptr, hidden, cell, count);
  } else {
    lstm_gates_with<false, false>(gates, previous, peepholes, nullptr, hidden, cell, count);
  }
}

void lstm_gates_keeping_loop(const float* gates, const float* previous, const float* peepholes, float* active,
                             float* hidden, float* cell, Count count) {
  if (peepholes != nullptr) {
    lstm_gates_with<true, true>(gates, previous, peepholes, active, hidden, cell, count);
  } else {
    lstm_gates_with<false, true>(gates, previous, peepholes, active, hidden, cell, count);
  }
}

// With s = sigmoid: s' = s (1 - s), tanh' = 1 - tanh^2.
template <bool kPeepholes>
void lstm_gates_backward_with(const float* __restrict active, const float* __restrict previous,
                              const float* __restrict cell, const float* __restrict peepholes,
                              const float* __restrict by_hidden, const float* __restrict by_cell,
                              float* __restrict by_gates, float* __restrict by_previous, float* __restrict by_peepholes,
                              Count count) {
  for (Count n = 0; n < count; ++n) {
    const float i = active[n], f = active[count + n], g = active[2 * count + n], o = active[3 * count + n];
    const float squashed = tanh_of(cell[n]), before = previous[n];
    const float by_o = by_hidden[n] * squashed * (o * (1.0f - o));
    float by_next = by_cell[n] + by_hidden[n] * o * (1.0f - squashed * squashed);
    if constexpr (kPeepholes) by_next += by_o * peepholes[2 * count + n];
    const float by_i = by_next * g * (i * (1.0f - i)), by_f = by_next * before * (f * (1.0f - f));
    float through = by_next * f;
    if constexpr (kPeepholes) {
      through += by_i * peepholes[n] + by_f * peepholes[count + n];
      by_peepholes[n] += by_i * before;
      by_peepholes[count + n] += by_f * before;
      by_peepholes[2 * count + n] += by_o * cell[n];
    }
    by_gates[n] = by_i;
    by_gates[count + n] = by_f;
    by_gates[2 * count + n] = by_next * i * (1.0f - g * g);
    by_gates[3 * count + n] = by_o;
    by_previous[n] = through;
  }
}

void lstm_gates_backward_loop(const LstmGradient& call, Count count) {
  const auto loop = call.peepholes != nullptr ? lstm_gates_backward_with<true> : lstm_gates_backward_with<false>;
  loop(call.active, call.previous, call.cell, call.peepholes, call.by_hidden, call.by_cell, call.by_gates,
       call.by_previous, call.by_peepholes, count);
}

void sigmoid_backward_loop(const float* __restrict y, const float* __restrict by_y, float* __restrict by_x,
                           Count count) {
  for (Count i = 0; i < count; ++i) by_x[i] += by_y[i] * (y[i] * (1.0f - y[i]));
}

void tanh_backward_loop(const float* __restrict y, const float* __restrict by_y, float* __restrict by_x, Count count) {
  for (Count i = 0; i < count; ++i) by_x[i] += by_y[i] * (1.0f - y[i] * y[i]);
}

void blend_backward_loop(const float* __restrict z, const float* __restrict a, const float* __restrict b,
                         const float* __restrict by_y, float* __restrict by_z, float* __restrict by_a,
                         float* __restrict by_b, Count count) {
  for (Count i = 0; i < count; ++i) {
    by_z[i] += by_y[i] * (b[i] - a[i]);
    by_a[i] += by_y[i] * (1.0f - z[i]);
    by_b[i] += by_y[i] * z[i];
  }
}

void adam_range(float* __restrict weight, float* __restrict first, float* __restrict second,
                const float* __restrict gradient, const AdamStep& call, Count begin, Count end) {
  const AdamStep c = call;
  for (Count i = begin; i < end; ++i) {
    const float g = gradient[i] + c.decay * weight[i];
    first[i] = c.beta1 * first[i] + (1.0f - c.beta1) * g;
    second[i] = c.beta2 * second[i] + (1.0f - c.beta2) * (g * g);
    const float divisor = __builtin_sqrtf(second[i] * c.second_scale) + c.epsilon;
    weight[i] = c.keep * weight[i] - c.rate * first[i] / divisor;
  }
}

void adam_loop(const AdamStep& call, Count begin, Count end) {
  adam_range(call.weight, call.first, call.second, call.gradient, call, begin, end);
}

// t^(3/4) is two square roots and a product.
void lrn_loop(const float* __restrict x, float* __restrict y, float* __restrict squares, Count count, Count size,
              float scale, float k) {
  const Count before = size / 2;
  for (Count i = 0; i < before; ++i) squares[i] = 0;
  for (Count i = 0; i < count; ++i) squares[before + i] = x[i] * x[i];
  for (Count i = before + count; i < count + size; ++i) squares[i] = 0;
  for (Count i = 0; i < count; ++i) y[i] = 0;
  for (Count n = 0; n < size; ++n) {
    for (Count i = 0; i < count; ++i) y[i] += squares[i + n];
  }
  for (Count i = 0; i < count; ++i) {
    const float root = __builtin_sqrtf(k + scale * y[i]);
    y[i] = x[i] / (root * __builtin_sqrtf(root));
  }
}

constexpr VectorKernel kVectorKernel{relu_loop,
                                     add_loop,
                                     multiply_loop,
                                     affine_loop,
                                     leaky_relu_loop,
                                     clip_loop,
                                     blend_loop,
                                     sigmoid_loop,
                                     tanh_loop,
                                     scale_each_loop,
                                     take_maximum_loop,
                                     accumulate_loop,
                                     divide_loop,
                                     exponential_loop,
                                     multiply_add_loop,
                                     add_scaled_loop,
                                     lstm_gates_loop,
                                     lstm_gates_keeping_loop,
                                     lstm_gates_backward_loop,
                                     sigmoid_backward_loop,
                                     tanh_backward_loop,
                                     blend_backward_loop,
                                     adam_loop,
                                     lrn_loop};

}  // namespace
}  // namespace longtake::kernels
