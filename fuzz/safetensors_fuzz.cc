// Any bytes are either a valid safetensors file, which survives writing and reading, or BadData.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/safetensors.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  longtake::SafetensorsFile file;
  try {
    file = longtake::read_safetensors(std::as_bytes(std::span(data, size)), "fuzz", longtake::NarrowNumbers::kWiden);
  } catch (const longtake::BadData&) {
    return 0;
  }
  const auto bytes = longtake::write_safetensors(file);
  const longtake::SafetensorsFile again = longtake::read_safetensors(bytes, "written", longtake::NarrowNumbers::kWiden);
  if (again.tensors != file.tensors || again.metadata != file.metadata || again.stored != file.stored) __builtin_trap();
  return 0;
}
