#include "kernels/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "kernels/level.h"
#include "longtake/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace longtake::kernels {

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

#if defined(__x86_64__)
namespace {

// Conversions from binary16, which __builtin_cpu_supports of Clang 14 does not know.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

}  // namespace
#endif

KernelLevel best_kernel_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) return KernelLevel::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c()) return KernelLevel::kAvx2;
#endif
  return KernelLevel::kPortable;
}

namespace {

KernelLevel level_called(std::string_view word) {
  for (const KernelLevel level :
       {KernelLevel::kReference, KernelLevel::kPortable, KernelLevel::kAvx2, KernelLevel::kAvx512}) {
    if (word != name_of(level)) continue;
    if (level <= best_kernel_level()) return level;
    throw Unsupported(fmt::format("LONGTAKE_KERNELS={}: this processor has no such instructions; its best is {}", word,
                                  name_of(best_kernel_level())));
  }
  throw ConfigError(
      fmt::format("LONGTAKE_KERNELS: \"{}\" is none of reference, portable, avx2, avx512 and precise", word));
}

}  // namespace

KernelChoice kernels_from_environment() {
  KernelChoice choice{best_kernel_level()};
  const char* wanted = std::getenv("LONGTAKE_KERNELS");
  std::string_view rest = wanted == nullptr ? std::string_view() : wanted;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (word == "precise") {
      choice.precise = true;
    } else {
      choice.level = level_called(word);
    }
  }
  return choice;
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

}  // namespace longtake::kernels
