// Floating-point numbers of two bytes: to float, which is exact since float holds every one of them, and from float.
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

// The nearest of binary16's numbers, of two as near the even one; infinity beyond 65520.
inline std::uint16_t half_of_float(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const float magnitude = std::abs(number);
  if (std::isnan(number)) return sign | 0x7e00;
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  // Below 2^-14 all numbers of binary16 are 2^-24 apart. The sum of 2^-1 and such a number is rounded to that.
  if (magnitude < 0x1p-14f) {
    return sign | static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(magnitude + 0.5f) -
                                             std::bit_cast<std::uint32_t>(0.5f));
  }
  const std::uint32_t kept = std::bit_cast<std::uint32_t>(magnitude);
  const std::uint32_t rounded = kept + 0xfff + ((kept >> 13) & 1);
  return sign | static_cast<std::uint16_t>((rounded - (112u << 23)) >> 13);
}

// The nearest of bfloat16's numbers, of two as near the even one.
inline std::uint16_t bfloat_of_float(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  return static_cast<std::uint16_t>(std::isnan(number) ? bits >> 16 | 0x40
                                                       : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// bfloat16: the upper half of a float.
inline float float_of_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace longtake
