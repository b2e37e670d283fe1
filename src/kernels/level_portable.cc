// The fast kernels on any machine. A fused multiply-add is one instruction on most and a slow function on those that
// have none; it is used all the same, so that every machine gives the same numbers.
#include "kernels/byte_tile.h"
#include "kernels/depthwise_loop.h"
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
  // All numbers of binary16 but infinity and NaN are those bits 13 places further up, times 2^112.
  static Register load(const std::uint16_t* from) {
    Register r;
    for (int i = 0; i < kLanes; ++i) {
      const std::uint32_t magnitude = static_cast<std::uint32_t>(from[i] & 0x7fff) << 13;
      const float number = __builtin_bit_cast(float, magnitude) * 0x1p112f;
      r.lane[i] = (from[i] & 0x8000) != 0 ? -number : number;
    }
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
  static Register limit(const Register& a, float low, float high) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r.lane[i] = Limits{low, high}(a.lane[i]);
    return r;
  }
};

struct ScalarBytes {
  struct Sums {
    std::int32_t lane[8];
  };
  struct Bytes {
    std::int8_t lane[8][4];
  };
  static Sums zero() { return {}; }
  static Bytes load(const std::int8_t* from) {
    Bytes bytes;
    __builtin_memcpy(bytes.lane, from, sizeof(bytes.lane));
    return bytes;
  }
  static Bytes broadcast(const std::int8_t* from) {
    Bytes bytes;
    for (auto& lane : bytes.lane) __builtin_memcpy(lane, from, sizeof(lane));
    return bytes;
  }
  static Sums add_products(Sums sums, const Bytes& w, const Bytes& x) {
    for (int lane = 0; lane < 8; ++lane) {
      for (int k = 0; k < 4; ++k) sums.lane[lane] += w.lane[lane][k] * x.lane[lane][k];
    }
    return sums;
  }
  static void to_floats(const Sums& sums, float* to) {
    for (int lane = 0; lane < 8; ++lane) to[lane] = static_cast<float>(sums.lane[lane]);
  }
};

template <class W>
void run(const TileCall& call) {
  multiply_tile<Scalars, W, 4, 1>(call);
}

void run_columns(const TileCall& call) { multiply_tile<Scalars, float, 4, 1, true>(call); }

std::int64_t panels_at_once(std::int64_t) { return 1; }

constexpr LevelKernels kKernels{{"packed_portable", "packed_portable_halves", 2 * Scalars::kLanes, 4, 384, run<float>,
                                 run<std::uint16_t>, run_columns, panels_at_once, widen_loop<Scalars>},
                                {"bytes_portable", 4, run_bytes<ScalarBytes>, quantise_loop},
                                kVectorKernel,
                                kWinogradTransforms<Scalars>,
                                depthwise<Scalars>};

}  // namespace

const LevelKernels& portable_kernels() { return kKernels; }

}  // namespace longtake::kernels
