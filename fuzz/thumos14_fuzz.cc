// Any text is either annotations of THUMOS'14 or BadData.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "annotation_checks.h"
#include "data/thumos14.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    longtake::fuzz::check_dense(longtake::parse_thumos14({reinterpret_cast<const char*>(data), size}, "fuzz", "Dive"));
  } catch (const longtake::BadData&) {
  }
  return 0;
}
