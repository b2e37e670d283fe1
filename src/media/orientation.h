// How a decoded picture is turned and flipped for display.
#pragma once

#include <cstdint>

namespace longtake::media {

// Takes the decoded pixel (x, y) to (a x + c y, b x + d y), y down, then shifted so that the picture's corner is (0, 0)
// again. Each of the eight is a turn by a multiple of 90 degrees, with or without a flip.
struct Orientation {
  int a = 1;
  int b = 0;
  int c = 0;
  int d = 1;

  bool swaps_sides() const { return a == 0; }
  bool mirrored() const { return a * d - b * c < 0; }
  // Degrees clockwise, before the flip from left to right where mirrored().
  int rotation() const;
  friend bool operator==(const Orientation&, const Orientation&) = default;
};

// From the nine 16.16 numbers of a display matrix as in MP4. Angles between the right ones are taken for no turn.
Orientation orientation_of(const std::int32_t* display_matrix);

}  // namespace longtake::media
