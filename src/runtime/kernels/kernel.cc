#include "runtime/kernels/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "longtake/error.h"
#include "runtime/kernels/level.h"

namespace longtake::runtime {

const char* name_of(KernelLevel level) {
  switch (level) {
    case KernelLevel::kReference:
      return "reference";
    case KernelLevel::kPortable:
      return "portable";
    case KernelLevel::kAvx2:
      return "avx2";
    case KernelLevel::kAvx512:
      return "avx512";
  }
  return "";
}

KernelLevel best_kernel_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) return KernelLevel::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return KernelLevel::kAvx2;
#endif
  return KernelLevel::kPortable;
}

KernelLevel kernel_level_from_environment() {
  const char* wanted = std::getenv("LONGTAKE_KERNELS");
  if (wanted == nullptr || *wanted == '\0') return best_kernel_level();
  for (KernelLevel level :
       {KernelLevel::kReference, KernelLevel::kPortable, KernelLevel::kAvx2, KernelLevel::kAvx512}) {
    if (std::string_view(wanted) != name_of(level)) continue;
    if (level > best_kernel_level()) {
      throw Unsupported(fmt::format("LONGTAKE_KERNELS={}: this processor has no such instructions; its best is {}",
                                    wanted, name_of(best_kernel_level())));
    }
    return level;
  }
  throw ConfigError(fmt::format("LONGTAKE_KERNELS=\"{}\" is none of reference, portable, avx2 and avx512", wanted));
}

const LevelKernels& kernels_of(KernelLevel level) {
#if defined(__x86_64__)
  if (level >= KernelLevel::kAvx512) return avx512_kernels();
  if (level >= KernelLevel::kAvx2) return avx2_kernels();
#else
  (void)level;
#endif
  return portable_kernels();
}

double attribute_or(const graph::Node& node, const std::string& key, double otherwise) {
  return node.attributes.count(key) != 0 ? node.attribute<double>(key) : otherwise;
}

bool attribute_or(const graph::Node& node, const std::string& key, bool otherwise) {
  return node.attributes.count(key) != 0 ? node.attribute<bool>(key) : otherwise;
}

namespace {

std::array<std::int64_t, 2> pair(const graph::Node& node, const std::string& key) {
  const auto& sizes = node.attribute<std::vector<std::int64_t>>(key);
  return {sizes[0], sizes[1]};
}

}  // namespace

WindowGeometry window_geometry(const KernelRequest& request) {
  const graph::Node& node = request.op.node;
  const Shape& in = request.op.inputs[0];
  const Shape& out = request.outputs[0];
  const bool convolution = node.op == "conv2d";
  WindowGeometry g{in[0], in[1], in[2], out[1], out[2], {}, pair(node, "stride"), pair(node, "pad"), {1, 1}};
  if (convolution) {
    const Shape& weight = request.op.parameters[0];
    g.kernel = {weight[2], weight[3]};
    g.dilation = pair(node, "dilation");
  } else {
    g.kernel = pair(node, "kernel");
    if (node.attributes.count("dilation") != 0) g.dilation = pair(node, "dilation");
  }
  return g;
}

void to_channels_last(const float* from, float* to, const Shape& shape) {
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  constexpr std::int64_t kBlock = 16;  // places at a time, so that both sides stay in the first cache
  for (std::int64_t begin = 0; begin < places; begin += kBlock) {
    const std::int64_t end = std::min(places, begin + kBlock);
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t p = begin; p < end; ++p) to[p * channels + c] = from[c * places + p];
    }
  }
}

void to_channels_first(const float* from, float* to, const Shape& shape) {
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t begin = 0; begin < places; begin += kBlock) {
    const std::int64_t end = std::min(places, begin + kBlock);
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t p = begin; p < end; ++p) to[c * places + p] = from[p * channels + c];
    }
  }
}

}  // namespace longtake::runtime
