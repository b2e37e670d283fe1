// Floating-point numbers of two bytes, as files hold them, to float: exact, since float holds every one of them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace longtake {

// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
inline float float_of_half(std::uint16_t bits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(fraction), -24)
                          : exponent == 31 ? (fraction == 0 ? kInfinity : std::numeric_limits<float>::quiet_NaN())
                                           : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// bfloat16: the upper half of a float.
inline float float_of_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace longtake
