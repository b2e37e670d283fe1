// The inner loop of depthwise convolution over a type of vector V, for inclusion in one file per level, as
// matrix_tile.h. Every output is an accumulator that starts at the bias and takes fma(x, w, .) tap by tap, so the bits
// are the same at all levels.
#pragma once

#include "kernels/depthwise.h"

namespace longtake::kernels {
namespace {

// V::kLanes channels from c on, of R neighbours that share the weights as they are read.
template <class V, int R>
void depthwise_pixels(const DepthwiseCall& call, std::int64_t first, std::int64_t c) {
  typename V::Register sums[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) sums[r] = V::load(call.start + c);
  const float* window = call.window + first * call.step + c;
  for (std::int64_t t = 0; t < call.tap_count; ++t) {
    const typename V::Register w = V::load(call.taps[t].weights + c);
    const float* x = window + call.taps[t].offset;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sums[r] = V::fma(V::load(x + r * call.step), w, sums[r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    V::store(call.out + (first + r) * call.channels + c, V::limit(sums[r], call.limits.low, call.limits.high));
  }
}

template <class V, int R>
void depthwise_block(const DepthwiseCall& call, std::int64_t first) {
  std::int64_t c = 0;
  for (; c + V::kLanes <= call.channels; c += V::kLanes) depthwise_pixels<V, R>(call, first, c);
  for (std::int64_t last = c; last < call.channels; ++last) {
    for (int r = 0; r < R; ++r) {
      float sum = call.start[last];
      for (std::int64_t t = 0; t < call.tap_count; ++t) {
        sum = __builtin_fmaf(call.window[(first + r) * call.step + call.taps[t].offset + last],
                             call.taps[t].weights[last], sum);
      }
      call.out[(first + r) * call.channels + last] = call.limits(sum);
    }
  }
}

template <class V>
void depthwise(const DepthwiseCall& call) {
  constexpr int kAtOnce = 6;
  std::int64_t first = 0;
  for (; first + kAtOnce <= call.pixels; first += kAtOnce) depthwise_block<V, kAtOnce>(call, first);
  for (; first + 2 <= call.pixels; first += 2) depthwise_block<V, 2>(call, first);
  for (; first < call.pixels; ++first) depthwise_block<V, 1>(call, first);
}

}  // namespace
}  // namespace longtake::kernels
