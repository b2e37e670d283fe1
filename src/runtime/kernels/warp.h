// Where a warped place comes from, which the reference and the vector kernel share. Private to runtime/.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace longtake::runtime {

struct MapGrid {
  std::int64_t height, width;
};

// A warped place is `start` plus the map at `place` times `weight`, for each of the `count` taps in their order.
struct WarpTaps {
  int count = 0;
  std::array<std::int64_t, 4> place{};
  std::array<float, 4> weight{};
  float start = 0;
};

// Of place (y, x), whose content came from (y - down, x - right): the four places around that, without those beyond the
// map's edge.
WarpTaps warp_taps(const MapGrid& grid, std::int64_t y, std::int64_t x, float right, float down);

}  // namespace longtake::runtime
