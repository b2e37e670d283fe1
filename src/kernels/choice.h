// Which instructions the kernels are for, and how it is chosen.
#pragma once

#include <cstdint>

namespace longtake::kernels {

// The kernels that may be chosen. Each level may fall back to those below it; all give the same bits in matrix
// products.
enum class KernelLevel : std::uint8_t { kReference, kPortable, kAvx2, kAvx512 };

// "reference", "portable", "avx2" or "avx512".
const char* name_of(KernelLevel level);
// The best level of this machine.
KernelLevel best_kernel_level();
// What the environment variable LONGTAKE_KERNELS asks for: words with commas between them, a level (or else the best)
// and "precise". Throws ConfigError for another word, Unsupported where the machine cannot run the level.
struct KernelChoice {
  KernelLevel level = KernelLevel::kReference;
  bool precise = false;  // no convolution but that which sums in order
};
KernelChoice kernels_from_environment();

}  // namespace longtake::kernels
