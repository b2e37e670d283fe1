// SHA-256 (FIPS 180-4), which says which file numbers came from.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace longtake {

// 64 hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace longtake
