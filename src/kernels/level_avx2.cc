// The fast kernels with AVX2 and FMA: compiled for these instructions, run only where the machine has them.
#include <immintrin.h>

#include "kernels/matrix_tile.h"
#include "kernels/vector_loops.h"
#include "kernels/winograd_loops.h"

namespace longtake::kernels {

namespace {

struct Avx2 {
  static constexpr int kLanes = 8;
  using Register = __m256;
  static Register load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Register r) { _mm256_storeu_ps(to, r); }
  static Register broadcast(const float* from) { return _mm256_broadcast_ss(from); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  // The maximum gives its second operand where one is NaN or both are zero.
  static Register relu(Register a) { return _mm256_max_ps(_mm256_setzero_ps(), a); }
};

void run(const TileCall& call) {
  if (call.panel_count == 1) {
    multiply_tile<Avx2, 6, 1>(call);
  } else if (call.row_count == 1) {
    multiply_tile<Avx2, 1, 6>(call);
  } else {
    multiply_tile<Avx2, 3, 2>(call);
  }
}

void run_columns(const TileCall& call) { multiply_tile<Avx2, 6, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t rows) { return rows == 1 ? 6 : rows <= 3 ? 2 : 1; }

constexpr LevelKernels kKernels{{"packed_avx2", 2 * Avx2::kLanes, 6, 256, run, run_columns, panels_at_once},
                                kVectorKernel,
                                kWinogradTransforms<Avx2>};

}  // namespace

const LevelKernels& avx2_kernels() { return kKernels; }

}  // namespace longtake::kernels
