// Any text is either annotations of ActivityNet or BadData.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "annotation_checks.h"
#include "data/activitynet.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    longtake::fuzz::check_dense(longtake::parse_activitynet({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const longtake::BadData&) {
  }
  return 0;
}
