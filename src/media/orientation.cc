#include "media/orientation.h"

#include <cstdlib>

namespace longtake::media {
namespace {

int sign(std::int64_t value) { return (value > 0) - (value < 0); }

}  // namespace

int Orientation::rotation() const {
  const int flip = mirrored() ? -1 : 1;
  const int cosine = flip * a;
  if (cosine != 0) return cosine > 0 ? 0 : 180;
  return b > 0 ? 90 : 270;
}

Orientation orientation_of(const std::int32_t* display_matrix) {
  const std::int64_t a = display_matrix[0];
  const std::int64_t b = display_matrix[1];
  const std::int64_t c = display_matrix[3];
  const std::int64_t d = display_matrix[4];
  // Encoders write sin(90 degrees) with small errors, so "zero" is a hundredth of the other.
  const auto negligible = [](std::int64_t small, std::int64_t large) {
    return std::abs(small) * 100 <= std::abs(large);
  };
  if (a != 0 && d != 0 && negligible(b, a) && negligible(c, d)) return {sign(a), 0, 0, sign(d)};
  if (b != 0 && c != 0 && negligible(a, b) && negligible(d, c)) return {0, sign(b), sign(c), 0};
  return {};
}

}  // namespace longtake::media
