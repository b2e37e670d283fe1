// A forecast beside what came, on one grid: what every measure of fields takes. A cell that is missing in either counts
// for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace longtake {

// Values are [height, width], row by row, and both in the same unit. It owns nothing: the fields must outlive it.
struct FieldPair {
  std::span<const float> forecast;
  std::span<const float> truth;
  std::int64_t height = 0;
  std::int64_t width = 0;
  // [height, width], 0 where the forecast or the truth is missing; empty where neither is anywhere. What the fields
  // hold in such a cell is not read.
  std::span<const std::uint8_t> valid = {};

  std::size_t cells() const { return truth.size(); }
  bool counts(std::size_t cell) const { return valid.empty() || valid[cell] != 0; }
};

// Throws InvalidArgument unless the grid has 1 to 2^31 - 1 cells, every span fits it, and both values of every cell
// that counts are finite. A NaN is never taken for a missing cell here, for it may be a broken model's.
void check_pair(const FieldPair& pair);

// How many cells count.
std::int64_t counted_cells(const FieldPair& pair);

// The mask for sources that write missing cells as NaN: 1 where `pair` counts the cell and neither value is NaN, else
// 0. Throws InvalidArgument when sizes do not fit.
std::vector<std::uint8_t> valid_cells(const FieldPair& pair);

}  // namespace longtake
