// The inner loop of the matrix product, written once over a type of vector V: Register, kLanes, load (of floats, and of
// halves, which it widens), store, broadcast, fma(a, b, c) = a b + c, limit. A panel is two registers wide.
//
// Each level includes it in a file compiled for that level's instructions, with a V of its own in an unnamed namespace.
// It uses nothing from the standard library, whose functions the linker might then take from that file for any machine.
#pragma once

#include "kernels/matrix.h"

namespace longtake::kernels {
namespace {

// The accumulators of R rows times C registers of outputs. All loops over them are unrolled early, else they would live
// in memory.
template <class V, int R, int C>
struct Sums {
  static constexpr int kColumns = C;
  static constexpr int kWidth = kColumns * V::kLanes;
  typename V::Register values[R][kColumns];

  // From the bias, or from what the blocks before gave. Beyond the last output there is nothing to read.
  void start(const TileCall& call) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      float edge[kWidth];
      const float* from = call.start;
      if (from == nullptr) {
        from = call.out + r * call.out_stride;
        if (call.columns < kWidth) {
          for (int c = 0; c < kWidth; ++c) edge[c] = c < call.columns ? from[c] : 0.0f;
          from = edge;
        }
      }
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) values[r][c] = V::load(from + c * V::kLanes);
    }
  }

  void finish(const TileCall& call) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      float* out = call.out + r * call.out_stride;
      float edge[kWidth];
      float* to = call.columns < kWidth ? edge : out;
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) {
        V::store(to + c * V::kLanes, V::limit(values[r][c], call.limits.low, call.limits.high));
      }
      if (to == out) continue;
      for (int c = 0; c < call.columns; ++c) out[c] = edge[c];
    }
  }
};

template <class W>
const W* weights_of(const TileCall& call);
template <>
inline const float* weights_of<float>(const TileCall& call) {
  return call.panels;
}
template <>
inline const std::uint16_t* weights_of<std::uint16_t>(const TileCall& call) {
  return call.halves;
}

// Of R rows and C registers of outputs: whole panels, or the first half of one.
template <class V, class W, int R, int C, bool kColumns>
void multiply(const TileCall& call) {
  constexpr int kPanel = 2 * V::kLanes;
  constexpr int kAhead = 16 * kPanel;    // how far ahead weights are fetched
  constexpr int kLine = 64 / sizeof(W);  // numbers of a line of the cache
  Sums<V, R, C> sums;
  sums.start(call);
  const W* weights = weights_of<W>(call);
  for (std::int64_t n = 0; n < call.run_count; ++n) {
    const Run run = call.runs[n];
    const float* x[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) x[r] = (kColumns ? call.rows[0] + r : call.rows[r]) + run.offset;
    for (std::int64_t k = 0; k < run.length; ++k, weights += kPanel) {
      typename V::Register w[C];
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) {
        const W* from = weights + c / 2 * call.panel_stride + c % 2 * V::kLanes;
        w[c] = V::load(from);
        if (c % 2 == 0) {
          for (int line = 0; line < kPanel; line += kLine) __builtin_prefetch(from + kAhead + line);
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const typename V::Register value = V::broadcast(x[r] + (kColumns ? k * call.step : k));
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) sums.values[r][c] = V::fma(value, w[c], sums.values[r][c]);
      }
    }
  }
  sums.finish(call);
}

// Any number of rows up to R, of P panels or fewer.
template <class V, class W, int R, int P, bool kColumns = false>
void multiply_tile(const TileCall& call) {
  if constexpr (R > 1) {
    if (call.row_count < R) return multiply_tile<V, W, R - 1, P, kColumns>(call);
  }
  if constexpr (P > 1) {
    if (call.panel_count < P) return multiply_tile<V, W, R, P - 1, kColumns>(call);
  }
  if constexpr (P == 1) {
    if (call.columns <= V::kLanes) return multiply<V, W, R, 1, kColumns>(call);
  }
  multiply<V, W, R, 2 * P, kColumns>(call);
}

template <class V>
void widen_loop(const std::uint16_t* from, float* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += V::kLanes) V::store(to + i, V::load(from + i));
}

}  // namespace
}  // namespace longtake::kernels
