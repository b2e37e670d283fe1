// The JSON header of a safetensors file. Private to base.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/safetensors.h"

namespace longtake {

// "F32", "F64", "I32", "I64" or "U8" as it is, else what the file calls its narrower numbers.
const char* safetensors_name_of(DType dtype, Stored stored);
// Bytes of a number in the file.
std::size_t stored_size(DType dtype, Stored stored);

// Reads the header's JSON and checks it against `data_bytes`, the number of bytes that follow it. Throws BadData that
// begins with `name`. Memory is bounded by a small multiple of the text.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& name,
                                           NarrowNumbers narrow);

}  // namespace longtake
