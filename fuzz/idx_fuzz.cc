// Any bytes are either an IDX file of pictures, plain or zipped, or BadData.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/idx.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    longtake::parse_idx_pictures({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const longtake::BadData&) {
    return 0;
  }
  return 0;
}
