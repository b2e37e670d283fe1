// A summed-area table (Crow 1984): how many cells of any rectangle count, in four look-ups however large it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace longtake {

class SummedArea {
 public:
  // `flag(cell)` says of each of the height x width cells, row by row, whether it counts; there are less than 2^31.
  template <class Flag>
  SummedArea(std::int64_t height, std::int64_t width, const Flag& flag) : stride_(static_cast<std::size_t>(width) + 1) {
    sums_.resize((static_cast<std::size_t>(height) + 1) * stride_);
    std::size_t cell = 0;
    for (std::size_t row = stride_; row < sums_.size(); row += stride_) {
      std::int32_t of_row = 0;
      for (std::size_t place = row + 1; place < row + stride_; ++place) {
        of_row += flag(cell++) ? 1 : 0;
        sums_[place] = sums_[place - stride_] + of_row;
      }
    }
  }

  // Over rows [top, bottom) and columns [left, right), which must lie in the grid.
  std::int64_t sum(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right) const {
    const std::int32_t* above = sums_.data() + static_cast<std::size_t>(top) * stride_;
    const std::int32_t* below = sums_.data() + static_cast<std::size_t>(bottom) * stride_;
    return std::int64_t{below[right]} - below[left] - above[right] + above[left];
  }

 private:
  std::size_t stride_;
  std::vector<std::int32_t> sums_;  // [height + 1, width + 1]: of what lies above and to the left
};

}  // namespace longtake
