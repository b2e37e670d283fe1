// Places of cells.
#include "fields/geo_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fields/tracks.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

// An axis at a fractional index, continued beyond its ends.
double along(std::span<const double> axis, double at) {
  if (axis.size() == 1) return axis[0];
  const double last = static_cast<double>(axis.size() - 2);
  const auto index = static_cast<std::size_t>(std::clamp(std::floor(at), 0.0, last));
  return axis[index] + (at - static_cast<double>(index)) * (axis[index + 1] - axis[index]);
}

}  // namespace

GeoGrid::GeoGrid(const Grid& grid, std::int64_t height, std::int64_t width)
    : grid_(grid), height_(height), width_(width) {
  const auto cells = static_cast<std::size_t>(height * width);
  const bool axes = grid.kind == GridKind::kGeographic && static_cast<std::int64_t>(grid.x.size()) == width &&
                    static_cast<std::int64_t>(grid.y.size()) == height;
  const bool all =
      grid.kind == GridKind::kCurvilinear && grid.longitude.size() == cells && grid.latitude.size() == cells;
  if (height < 1 || width < 1 || (!axes && !all)) {
    throw InvalidArgument(
        fmt::format("storms need a grid of longitudes and latitudes for its {} x {} cells", height, width));
  }
  const auto step = axes ? regular_step(grid.x) : std::nullopt;
  cyclic_ = step && std::abs(*step * static_cast<double>(width) - 360) < 0.01 * *step;
}

GeoPoint GeoGrid::at(std::int64_t row, std::int64_t column) const {
  if (grid_.kind == GridKind::kGeographic) {
    return {grid_.x[static_cast<std::size_t>(column)], grid_.y[static_cast<std::size_t>(row)]};
  }
  const auto cell = static_cast<std::size_t>(row * width_ + column);
  return {grid_.longitude[cell], grid_.latitude[cell]};
}

double GeoGrid::between(std::span<const float> values, double row, double column, bool wraps) const {
  const auto top = static_cast<std::int64_t>(std::clamp(std::floor(row), 0.0, std::max(0.0, height_ - 2.0)));
  const auto left = static_cast<std::int64_t>(std::clamp(std::floor(column), 0.0, std::max(0.0, width_ - 2.0)));
  const std::int64_t down = height_ > 1 ? width_ : 0;
  const std::int64_t right = width_ > 1 ? 1 : 0;
  const auto corner = static_cast<std::size_t>(top * width_ + left);
  const double origin = values[corner];
  const auto difference = [&](std::int64_t cell) {
    const double value = values[corner + static_cast<std::size_t>(cell)] - origin;
    return wraps ? wrap_longitude(value) : value;
  };
  const double y = row - static_cast<double>(top);
  const double x = column - static_cast<double>(left);
  return origin + x * (1 - y) * difference(right) + y * (1 - x) * difference(down) + x * y * difference(down + right);
}

GeoPoint GeoGrid::at(double row, double column) const {
  GeoPoint point;
  if (grid_.kind == GridKind::kGeographic) {
    point = {along(grid_.x, column), along(grid_.y, row)};
  } else {
    point = {between(grid_.longitude, row, column, true), between(grid_.latitude, row, column, false)};
  }
  return {wrap_longitude(point.longitude), std::clamp(point.latitude, -90.0, 90.0)};
}

}  // namespace longtake::fields
