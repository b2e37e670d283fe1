// Any text is either a list or annotations of MultiTHUMOS or BadData. The first byte chooses what it is read as.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "annotation_checks.h"
#include "data/multithumos.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] % 2 == 0) {
      longtake::fuzz::check_dense(longtake::parse_multithumos_class(text, "fuzz", "Dive", {"Dive", "Swim"}));
    } else if (longtake::parse_multithumos_classes(text, "fuzz").empty()) {
      __builtin_trap();
    }
  } catch (const longtake::BadData&) {
  }
  return 0;
}
