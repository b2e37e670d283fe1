// Longitude and latitude of places on a grid. Private to fields.
#pragma once

#include "fields/field.h"

namespace longtake::fields {

// Throws InvalidArgument unless the grid has longitudes and latitudes, of the size given.
class GeoGrid {
 public:
  GeoGrid(const Grid& grid, std::int64_t height, std::int64_t width);

  // At the fractional place (row, column), which may lie half a cell outside.
  GeoPoint at(double row, double column) const;
  GeoPoint at(std::int64_t row, std::int64_t column) const;
  // Whether the last column has the first for its neighbour.
  bool cyclic() const { return cyclic_; }

 private:
  double between(std::span<const float> values, double row, double column, bool wraps) const;

  const Grid& grid_;
  std::int64_t height_;
  std::int64_t width_;
  bool cyclic_ = false;
};

}  // namespace longtake::fields
