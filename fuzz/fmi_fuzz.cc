// Any bytes are either a radar picture of FMI, whose mask and values agree, or an Error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fields/fmi.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const longtake::fields::Field field = longtake::fields::parse_fmi(bytes, "fuzz");
    if (field.count() != static_cast<std::size_t>(field.height * field.width)) __builtin_trap();
    for (std::size_t i = 0; i < field.count(); ++i) {
      if (std::isnan(field.values[i]) != (field.valid[i] == 0)) __builtin_trap();
    }
  } catch (const longtake::BadData&) {
  } catch (const longtake::Unsupported&) {
  }
  return 0;
}
