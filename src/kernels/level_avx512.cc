// The fast kernels with AVX-512: compiled for these instructions, run only where the machine has them.
#include <immintrin.h>

#include "kernels/matrix_tile.h"
#include "kernels/vector_loops.h"
#include "kernels/winograd_loops.h"

namespace longtake::kernels {

namespace {

struct Avx512 {
  static constexpr int kLanes = 16;
  using Register = __m512;
  static Register load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Register r) { _mm512_storeu_ps(to, r); }
  static Register broadcast(const float* from) { return _mm512_set1_ps(*from); }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  // The maximum gives its second operand where one is NaN or both are zero.
  static Register relu(Register a) { return _mm512_max_ps(_mm512_setzero_ps(), a); }
};

void run(const TileCall& call) {
  if (call.panel_count == 1) {
    multiply_tile<Avx512, 12, 1>(call);
  } else if (call.row_count == 1) {
    multiply_tile<Avx512, 1, 4>(call);
  } else {
    multiply_tile<Avx512, 3, 2>(call);
  }
}

void run_columns(const TileCall& call) { multiply_tile<Avx512, 12, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }

constexpr LevelKernels kKernels{{"packed_avx512", 2 * Avx512::kLanes, 12, 512, run, run_columns, panels_at_once},
                                kVectorKernel,
                                kWinogradTransforms<Avx512>};

}  // namespace

const LevelKernels& avx512_kernels() { return kKernels; }

}  // namespace longtake::kernels
