#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <vector>

namespace longtake {
namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

struct Vector {
  std::vector<std::byte> bytes;
  std::uint32_t crc;
};

// RFC 3720, appendix B.4, and the usual check value of the nine digits.
std::vector<Vector> published() {
  std::vector<Vector> vectors = {{bytes_of("123456789"), 0xe3069283},
                                 {std::vector<std::byte>(32, std::byte{0}), 0x8a9136aa},
                                 {std::vector<std::byte>(32, std::byte{0xff}), 0x62a8ab43}};
  std::vector<std::byte> up(32), down(32);
  for (std::size_t i = 0; i < 32; ++i) {
    up[i] = static_cast<std::byte>(i);
    down[i] = static_cast<std::byte>(31 - i);
  }
  vectors.push_back({up, 0x46dd794e});
  vectors.push_back({down, 0x113fdb5c});
  return vectors;
}

TEST(Crc32c, GivesThePublishedValues) {
  for (const Vector& vector : published()) {
    EXPECT_EQ(crc32c(vector.bytes), vector.crc);
    EXPECT_EQ(crc32c_portable(vector.bytes), vector.crc);
  }
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, PartsGiveTheChecksumOfTheWholeAndBothVersionsAgree) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(300);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::span<const std::byte> all(bytes);
    EXPECT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c(all));
    EXPECT_EQ(crc32c_portable(all.subspan(cut)), crc32c(all.subspan(cut)));
  }
}

TEST(Crc32c, MaskIsRotatedByFifteenAndAdded) {
  // By hand: the masked form of 0x00008000 is 0x00000001 + 0xa282ead8.
  EXPECT_EQ(mask_crc32c(0x00008000), 0xa282ead9u);
  EXPECT_EQ(mask_crc32c(0x00000001), 0xa284ead8u);
}

}  // namespace
}  // namespace longtake
