// The inner loop of the product of bytes, written once over a type of vector B: Sums of 8 whole numbers each of 32
// bits, Bytes of 32; zero, load, broadcast (4 bytes to all of 8), add_products (to each sum the 4 products of its
// bytes), to_floats. As matrix_tile.h, it is compiled for each level and uses nothing from the standard library.
#pragma once

#include "kernels/byte_matrix.h"

namespace longtake::kernels {
namespace {

template <class B, int R, int P>
void multiply_bytes(const ByteTileCall& call) {
  constexpr int kSums = 2 * P;
  typename B::Sums sums[R][kSums];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
    for (int c = 0; c < kSums; ++c) sums[r][c] = B::zero();
  }
  const std::int64_t panel_size = call.depth * ByteMatrix::kWidth;
  for (std::int64_t k = 0; k < call.depth; k += 4) {
    typename B::Bytes w[kSums];
#pragma GCC unroll 16
    for (int c = 0; c < kSums; ++c) {
      const std::int8_t* from = call.panels + c / 2 * panel_size + k * ByteMatrix::kWidth + c % 2 * 32;
      __builtin_prefetch(from + 512);
      w[c] = B::load(from);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const typename B::Bytes x = B::broadcast(call.rows + r * call.depth + k);
#pragma GCC unroll 16
      for (int c = 0; c < kSums; ++c) sums[r][c] = B::add_products(sums[r][c], w[c], x);
    }
  }
  for (int r = 0; r < R; ++r) {
    float out[kSums * 8];
    for (int c = 0; c < kSums; ++c) B::to_floats(sums[r][c], out + c * 8);
    const std::int64_t columns = call.columns < kSums * 8 ? call.columns : kSums * 8;
    float* to = call.out + r * call.out_stride;
    for (std::int64_t c = 0; c < columns; ++c) {
      const float y = __builtin_fmaf(out[c], call.row_scales[r] * call.output_scales[c], call.start[c]);
      to[c] = call.limits(y);
    }
  }
}

// R rows of P panels at a time; what is left over in fewer.
template <class B, int R, int P>
void multiply_byte_rows(ByteTileCall call) {
  for (; call.row_count >= R; call.row_count -= R) {
    multiply_bytes<B, R, P>(call);
    call.rows += R * call.depth;
    call.row_scales += R;
    call.out += R * call.out_stride;
  }
  if constexpr (R > 1) {
    if (call.row_count > 0) multiply_byte_rows<B, R - 1, P>(call);
  }
}

template <class B, int R, int P>
void multiply_byte_panels(ByteTileCall call) {
  for (; call.panel_count >= P; call.panel_count -= P) {
    multiply_byte_rows<B, R, P>(call);
    call.panels += P * call.depth * ByteMatrix::kWidth;
    call.output_scales += P * ByteMatrix::kWidth;
    call.start += P * ByteMatrix::kWidth;
    call.out += P * ByteMatrix::kWidth;
    call.columns -= P * ByteMatrix::kWidth;
  }
  if constexpr (P > 1) {
    if (call.panel_count > 0) multiply_byte_panels<B, R, P - 1>(call);
  }
}

// Few rows share much of the memory that is read with many panels, many rows with few.
template <class B>
void run_bytes(const ByteTileCall& call) {
  if (call.row_count == 1) {
    multiply_byte_panels<B, 1, 4>(call);
  } else {
    multiply_byte_panels<B, 4, 1>(call);
  }
}

inline float quantise_loop(const float* __restrict x, std::int8_t* __restrict to, std::int64_t count) {
  float largest = 0;
  std::int32_t finite = 1;
  for (std::int64_t i = 0; i < count; ++i) {
    const float magnitude = __builtin_fabsf(x[i]);
    largest = magnitude > largest ? magnitude : largest;
    finite &= magnitude <= 0x1.fffffep127f ? 1 : 0;
  }
  const float scale = largest / 127;
  if (finite == 0 || scale < 0x1p-126f) {  // all of them as good as zero
    for (std::int64_t i = 0; i < count; ++i) to[i] = 0;
    return finite == 0 ? __builtin_nanf("") : 0.0f;
  }
  const float inverse = 1 / scale;
  constexpr float kRound = 12582912.0f;  // adding 1.5 * 2^23 rounds to a whole number
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<std::int8_t>(static_cast<std::int32_t>((x[i] * inverse + kRound) - kRound));
  }
  return scale;
}

}  // namespace
}  // namespace longtake::kernels
