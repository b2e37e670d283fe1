// The fast kernels with AVX-512: compiled for these instructions, run only where the machine has them.
#include <immintrin.h>

#include "kernels/depthwise_loop.h"
#include "kernels/matrix_tile.h"
#include "kernels/vector_loops.h"
#include "kernels/winograd_loops.h"

namespace longtake::kernels {

namespace {

struct Avx512 {
  static constexpr int kLanes = 16;
  using Register = __m512;
  static Register load(const float* from) { return _mm512_loadu_ps(from); }
  static Register load(const std::uint16_t* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static void store(float* to, Register r) { _mm512_storeu_ps(to, r); }
  static Register broadcast(const float* from) { return _mm512_set1_ps(*from); }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  // Maximum and minimum give their second operand where one is NaN or both are zero.
  static Register limit(Register a, float low, float high) {
    return _mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), a));
  }
};

template <class W>
void run(const TileCall& call) {
  if (call.panel_count == 1) {
    multiply_tile<Avx512, W, 12, 1>(call);
  } else if (call.row_count == 1) {
    multiply_tile<Avx512, W, 1, 4>(call);
  } else {
    multiply_tile<Avx512, W, 3, 2>(call);
  }
}

void run_columns(const TileCall& call) { multiply_tile<Avx512, float, 12, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }

constexpr TileKernel kTile{
    "packed_avx512", "packed_avx512_halves", 2 * Avx512::kLanes, 12, 512, run<float>, run<std::uint16_t>,
    run_columns,     panels_at_once,         widen_loop<Avx512>};

}  // namespace

const LevelKernels& avx512_kernels() {
  // Products of bytes would want more than AVX-512's foundation, which is all that is asked for here.
  static const LevelKernels kernels{kTile, avx2_kernels().bytes, kVectorKernel, kWinogradTransforms<Avx512>,
                                    depthwise<Avx512>};
  return kernels;
}

}  // namespace longtake::kernels
