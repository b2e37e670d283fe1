// Any bytes are either the beginning of a .npy file whose numbers are all there, or BadData.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/npy.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const longtake::NpyHeader header = longtake::parse_npy_header(bytes, size, "fuzz");
    const auto numbers = static_cast<std::uint64_t>(longtake::element_count(header.shape));
    if (numbers * longtake::size_of(header.dtype) > size - header.data_begin) __builtin_trap();
  } catch (const longtake::BadData&) {
    return 0;
  }
  return 0;
}
