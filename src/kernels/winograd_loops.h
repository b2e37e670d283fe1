// The transforms of Winograd's convolution (winograd.cc has the derivation), written once over the vector type V of a
// level: of one tile, for a few channels at a time, as channels lie side by side.
//
// For inclusion in one file per level, as matrix_tile.h. Every step is an IEEE operation of one lane, so the bits are
// the same at all levels.
#pragma once

#include "kernels/winograd_transforms.h"

namespace longtake::kernels {
namespace {

// For the channels that fill no vector.
struct OneLane {
  static constexpr int kLanes = 1;
  using Register = float;
  static Register load(const float* from) { return *from; }
  static void store(float* to, Register r) { *to = r; }
  static Register broadcast(const float* from) { return *from; }
  static Register fma(Register a, Register b, Register c) { return __builtin_fmaf(a, b, c); }
  static Register add(Register a, Register b) { return a + b; }
  static Register subtract(Register a, Register b) { return a - b; }
  static Register limit(Register a, float low, float high) { return Limits{low, high}(a); }
};

template <class V>
typename V::Register times(float factor, typename V::Register a, typename V::Register b) {
  return V::fma(V::broadcast(&factor), a, b);  // factor a + b
}

// t = B^T d
template <class V>
void transform_input_line(const typename V::Register (&d)[6], typename V::Register (&t)[6]) {
  using Register = typename V::Register;
  const Register even = times<V>(-4, d[2], d[4]), odd = times<V>(-4, d[1], d[3]);
  const Register even2 = V::subtract(d[4], d[2]), odd2 = V::subtract(d[3], d[1]);
  t[0] = times<V>(4, d[0], times<V>(-5, d[2], d[4]));
  t[1] = V::add(even, odd);
  t[2] = V::subtract(even, odd);
  t[3] = times<V>(2, odd2, even2);
  t[4] = times<V>(-2, odd2, even2);
  t[5] = times<V>(4, d[1], times<V>(-5, d[3], d[5]));
}

// y = A^T m, for tiles of M outputs
template <class V, int M>
void transform_output_line(const typename V::Register (&m)[6], typename V::Register (&y)[M]) {
  using Register = typename V::Register;
  const Register sum = V::add(m[1], m[2]), difference = V::subtract(m[1], m[2]);
  const Register sum2 = V::add(m[3], m[4]), difference2 = V::subtract(m[3], m[4]);
  y[0] = V::add(V::add(m[0], sum), sum2);
  const Register odd = times<V>(2, difference2, difference);
  if constexpr (M == 2) {
    y[1] = V::add(odd, m[5]);
  } else {
    y[1] = odd;
    y[2] = times<V>(4, sum2, sum);
    y[3] = V::add(times<V>(8, difference2, difference), m[5]);
  }
}

template <class V>
void transform_input_channels(const WinogradInput& call, std::int64_t c) {
  using Register = typename V::Register;
  Register columns[6][6];  // [column][row transformed]
  for (int x = 0; x < 6; ++x) {
    Register d[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) d[y] = V::load(call.pixels[y * 6 + x] + c);
    transform_input_line<V>(d, columns[x]);
  }
  for (int y = 0; y < 6; ++y) {
    Register d[6], t[6];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) d[x] = columns[x][y];
    transform_input_line<V>(d, t);
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) V::store(call.out + (y * 6 + x) * call.stride + c, t[x]);
  }
}

template <class V>
void transform_input(const WinogradInput& call, std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + V::kLanes <= channels; c += V::kLanes) transform_input_channels<V>(call, c);
  for (; c < channels; ++c) transform_input_channels<OneLane>(call, c);
}

template <class V, int M>
void transform_output_channels(const WinogradOutput& call, std::int64_t c) {
  using Register = typename V::Register;
  Register rows[6][M];  // [row][column transformed]
  for (int y = 0; y < 6; ++y) {
    Register m[6];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) m[x] = V::load(call.in + (y * 6 + x) * call.stride + c);
    transform_output_line<V, M>(m, rows[y]);
  }
  const Register bias = V::load(call.bias + c);
  for (int x = 0; x < M; ++x) {
    Register m[6], out[M];
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) m[y] = rows[y][x];
    transform_output_line<V, M>(m, out);
#pragma GCC unroll 4
    for (int y = 0; y < M; ++y) {
      float* to = call.pixels[y * M + x];
      if (to == nullptr) continue;
      Register value = V::add(out[y], bias);
      if (call.addend != 0) value = V::add(value, V::load(to + call.addend + c));
      V::store(to + c, V::limit(value, call.limits.low, call.limits.high));
    }
  }
}

template <class V, int M>
void transform_output(const WinogradOutput& call, std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + V::kLanes <= channels; c += V::kLanes) transform_output_channels<V, M>(call, c);
  for (; c < channels; ++c) transform_output_channels<OneLane, M>(call, c);
}

// m = A y, of M outputs
template <class V, int M>
void transform_adjoint_line(const typename V::Register (&y)[M], typename V::Register (&m)[6]) {
  using Register = typename V::Register;
  m[0] = y[0];
  if constexpr (M == 2) {
    m[1] = V::add(y[0], y[1]);
    m[2] = V::subtract(y[0], y[1]);
    m[3] = times<V>(2, y[1], y[0]);
    m[4] = times<V>(-2, y[1], y[0]);
    m[5] = y[1];
  } else {
    const Register even = V::add(y[0], y[2]), odd = V::add(y[1], y[3]);
    const Register even2 = times<V>(4, y[2], y[0]), odd2 = times<V>(4, y[3], y[1]);
    m[1] = V::add(even, odd);
    m[2] = V::subtract(even, odd);
    m[3] = times<V>(2, odd2, even2);
    m[4] = times<V>(-2, odd2, even2);
    m[5] = y[3];
  }
}

template <class V, int M>
void transform_adjoint_channels(const WinogradInput& call, std::int64_t c) {
  using Register = typename V::Register;
  Register columns[M][6];
  for (int x = 0; x < M; ++x) {
    Register y[M];
#pragma GCC unroll 4
    for (int i = 0; i < M; ++i) y[i] = V::load(call.pixels[i * M + x] + c);
    transform_adjoint_line<V, M>(y, columns[x]);
  }
  for (int y = 0; y < 6; ++y) {
    Register line[M], m[6];
#pragma GCC unroll 4
    for (int x = 0; x < M; ++x) line[x] = columns[x][y];
    transform_adjoint_line<V, M>(line, m);
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) V::store(call.out + (y * 6 + x) * call.stride + c, m[x]);
  }
}

template <class V, int M>
void transform_adjoint(const WinogradInput& call, std::int64_t channels) {
  std::int64_t c = 0;
  for (; c + V::kLanes <= channels; c += V::kLanes) transform_adjoint_channels<V, M>(call, c);
  for (; c < channels; ++c) transform_adjoint_channels<OneLane, M>(call, c);
}

template <class V>
constexpr WinogradTransforms kWinogradTransforms{transform_input<V>, transform_output<V, 4>, transform_output<V, 2>,
                                                 transform_adjoint<V, 4>, transform_adjoint<V, 2>};

}  // namespace
}  // namespace longtake::kernels
