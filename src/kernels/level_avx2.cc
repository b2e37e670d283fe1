// The fast kernels with AVX2 and FMA: compiled for these instructions, run only where the machine has them.
#include <immintrin.h>

#include "kernels/byte_tile.h"
#include "kernels/depthwise_loop.h"
#include "kernels/matrix_tile.h"
#include "kernels/vector_loops.h"
#include "kernels/winograd_loops.h"

namespace longtake::kernels {

namespace {

struct Avx2 {
  static constexpr int kLanes = 8;
  using Register = __m256;
  static Register load(const float* from) { return _mm256_loadu_ps(from); }
  static Register load(const std::uint16_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static void store(float* to, Register r) { _mm256_storeu_ps(to, r); }
  static Register broadcast(const float* from) { return _mm256_broadcast_ss(from); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  // Maximum and minimum give their second operand where one is NaN or both are zero.
  static Register limit(Register a, float low, float high) {
    return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), a));
  }
};

struct Avx2Bytes {
  using Sums = __m256i;
  using Bytes = __m256i;
  static Sums zero() { return _mm256_setzero_si256(); }
  static Bytes load(const std::int8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static Bytes broadcast(const std::int8_t* from) {
    std::int32_t four;
    __builtin_memcpy(&four, from, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  // The instruction wants one factor without a sign: |x| (w sign(x)). Two products of at most 127^2 fit its 16 bits.
  static Sums add_products(Sums sums, Bytes w, Bytes x) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static void to_floats(Sums sums, float* to) { _mm256_storeu_ps(to, _mm256_cvtepi32_ps(sums)); }
};

template <class W>
void run(const TileCall& call) {
  if (call.panel_count == 1) {
    multiply_tile<Avx2, W, 6, 1>(call);
  } else if (call.row_count == 1) {
    multiply_tile<Avx2, W, 1, 6>(call);
  } else {
    multiply_tile<Avx2, W, 3, 2>(call);
  }
}

void run_columns(const TileCall& call) { multiply_tile<Avx2, float, 6, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t rows) { return rows == 1 ? 6 : rows <= 3 ? 2 : 1; }

constexpr LevelKernels kKernels{{"packed_avx2", "packed_avx2_halves", 2 * Avx2::kLanes, 6, 256, run<float>,
                                 run<std::uint16_t>, run_columns, panels_at_once, widen_loop<Avx2>},
                                {"bytes_avx2", 4, run_bytes<Avx2Bytes>, quantise_loop},
                                kVectorKernel,
                                kWinogradTransforms<Avx2>,
                                depthwise<Avx2>};

}  // namespace

const LevelKernels& avx2_kernels() { return kKernels; }

}  // namespace longtake::kernels
