// CRC-32C (Castagnoli), the checksum of TFRecord and TensorBoard event files; RFC 3720, appendix B.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace longtake {

// The checksum of `bytes`, or, given the checksum of what came before them, of both together. Uses the processor's
// instruction where it has one.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

// The same with tables only: works anywhere, and is what the instruction is tested against.
std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t before = 0);

// The form TFRecord stores, so that the checksum of data that holds checksums is still a good one.
constexpr std::uint32_t mask_crc32c(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

}  // namespace longtake
