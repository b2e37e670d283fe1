// The fast kernels on any machine. A fused multiply-add is one instruction on most and a slow function on those that
// have none; it is used all the same, so that every machine gives the same numbers.
#include "kernels/matrix_tile.h"
#include "kernels/vector_loops.h"
#include "kernels/winograd_loops.h"

namespace longtake::kernels {

namespace {

struct Scalars {
  static constexpr int kLanes = 8;
  struct Register {
    float lane[kLanes];
  };
  static Register load(const float* from) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = from[i];
    return r;
  }
  static void store(float* to, const Register& r) {
    for (int i = 0; i < kLanes; ++i) to[i] = r.lane[i];
  }
  static Register broadcast(const float* from) {
    Register r;
    for (float& lane : r.lane) lane = *from;
    return r;
  }
  static Register fma(const Register& a, const Register& b, const Register& c) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return r;
  }
  static Register add(const Register& a, const Register& b) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = a.lane[i] + b.lane[i];
    return r;
  }
  static Register subtract(const Register& a, const Register& b) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = a.lane[i] - b.lane[i];
    return r;
  }
  static Register relu(const Register& a) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = a.lane[i] < 0 ? 0 : a.lane[i];
    return r;
  }
};

void run(const TileCall& call) { multiply_tile<Scalars, 4, 1>(call); }

void run_columns(const TileCall& call) { multiply_tile<Scalars, 4, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t) { return 1; }

constexpr LevelKernels kKernels{{"packed_portable", 2 * Scalars::kLanes, 4, 384, run, run_columns, panels_at_once},
                                kVectorKernel,
                                kWinogradTransforms<Scalars>};

}  // namespace

const LevelKernels& portable_kernels() { return kKernels; }

}  // namespace longtake::kernels
