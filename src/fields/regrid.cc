// Grid work of regrid.h.
#include "fields/regrid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

// Names, unit and times of `field` with other sizes.
Field like(const Field& field, std::int64_t height, std::int64_t width) {
  Field result = empty_field(height, width, "a grid");
  result.quantity = field.quantity;
  result.unit = field.unit;
  result.time = field.time;
  result.interval_s = field.interval_s;
  result.relation = field.relation;
  result.grid.kind = field.grid.kind;
  result.grid.projection = field.grid.projection;
  result.grid.absolute = field.grid.absolute;
  return result;
}

template <class T>
std::vector<T> part(const std::vector<T>& axis, std::int64_t start, std::int64_t count) {
  if (axis.empty()) return {};
  return {axis.begin() + start, axis.begin() + start + count};
}

std::vector<double> block_means(const std::vector<double>& axis, std::int64_t block, std::int64_t count) {
  std::vector<double> means;
  for (std::int64_t i = 0; i < count && !axis.empty(); ++i) {
    double sum = 0;
    for (std::int64_t k = 0; k < block; ++k) sum += axis[static_cast<std::size_t>(i * block + k)];
    means.push_back(sum / static_cast<double>(block));
  }
  return means;
}

// The place of a new cell among the old: `index` and the next one's weight.
struct Place {
  std::int64_t index = 0;
  double weight = 0;  // of index + 1
};

// `step` old cells a new one; half a cell beyond the outer centres the outermost cell goes on.
Place place_at(std::int64_t i, double step, std::int64_t size) {
  const double at = std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0, static_cast<double>(size - 1));
  const std::int64_t index = std::min(static_cast<std::int64_t>(at), std::max<std::int64_t>(size - 2, 0));
  double weight = at - static_cast<double>(index);
  if (weight < 1e-9) weight = 0;  // exactly on a cell, but for rounding
  if (weight > 1 - 1e-9) weight = 1;
  return {index, weight};
}

double sample(const Field& field, const Place& y, const Place& x, Interpolation interpolation) {
  if (interpolation == Interpolation::kNearest) {
    const std::int64_t row = y.index + (y.weight > 0.5 ? 1 : 0);
    const std::int64_t column = x.index + (x.weight > 0.5 ? 1 : 0);
    return field.values[static_cast<std::size_t>(row * field.width + column)];
  }
  double sum = 0;
  for (const auto& [row, row_weight] : {std::pair(y.index, 1 - y.weight), std::pair(y.index + 1, y.weight)}) {
    if (row_weight == 0) continue;
    for (const auto& [column, weight] : {std::pair(x.index, 1 - x.weight), std::pair(x.index + 1, x.weight)}) {
      // What is missing is NaN, and makes the sum missing.
      if (weight != 0) sum += row_weight * weight * field.values[static_cast<std::size_t>(row * field.width + column)];
    }
  }
  return sum;
}

std::vector<double> new_axis(const std::vector<double>& axis, double step, double spacing, std::int64_t count) {
  const double sign = step < 0 ? -1 : 1;
  const double edge = axis.front() - step / 2;
  std::vector<double> centres;
  for (std::int64_t i = 0; i < count; ++i) centres.push_back(edge + sign * (static_cast<double>(i) + 0.5) * spacing);
  return centres;
}

}  // namespace

Field crop(const Field& field, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  if (top < 0 || left < 0 || height < 1 || width < 1 || height > field.height - top || width > field.width - left) {
    throw InvalidArgument(fmt::format("{} x {} cells (height x width) from ({}, {}) on leave a field of {} x {}",
                                      height, width, top, left, field.height, field.width));
  }
  Field result = like(field, height, width);
  const bool curvilinear = field.grid.kind == GridKind::kCurvilinear;
  for (std::int64_t row = 0; row < height; ++row) {
    const std::int64_t from = (top + row) * field.width + left;
    std::copy_n(field.values.begin() + from, width, result.values.begin() + row * width);
    std::copy_n(field.valid.begin() + from, width, result.valid.begin() + row * width);
    if (!curvilinear) continue;
    const auto longitude = field.grid.longitude.begin() + from;
    const auto latitude = field.grid.latitude.begin() + from;
    result.grid.longitude.insert(result.grid.longitude.end(), longitude, longitude + width);
    result.grid.latitude.insert(result.grid.latitude.end(), latitude, latitude + width);
  }
  result.grid.x = part(field.grid.x, left, width);
  result.grid.y = part(field.grid.y, top, height);
  return result;
}

Field coarsen(const Field& field, std::int64_t rows, std::int64_t columns, double valid_share) {
  if (rows < 1 || columns < 1 || rows > field.height || columns > field.width) {
    throw InvalidArgument(fmt::format("blocks of {} x {} cells (height x width) in a field of {} x {}", rows, columns,
                                      field.height, field.width));
  }
  if (!(valid_share >= 0 && valid_share <= 1)) {
    throw InvalidArgument(fmt::format("a share of {} valid cells; 0 to 1 is wanted", valid_share));
  }
  Field result = like(field, field.height / rows, field.width / columns);
  const double needed = valid_share * static_cast<double>(rows * columns);
  for (std::int64_t i = 0; i < result.height * result.width; ++i) {
    double sum = 0;
    std::int64_t valid = 0;
    for (std::int64_t k = 0; k < rows * columns; ++k) {
      const std::int64_t row = i / result.width * rows + k / columns;
      const auto cell = static_cast<std::size_t>(row * field.width + i % result.width * columns + k % columns);
      if (field.valid[cell] == 0) continue;
      sum += field.values[cell];
      ++valid;
    }
    const bool enough = valid > 0 && static_cast<double>(valid) >= needed;
    if (enough) set_cell(result, static_cast<std::size_t>(i), sum / static_cast<double>(valid));
  }
  result.grid.x = block_means(field.grid.x, columns, result.width);
  result.grid.y = block_means(field.grid.y, rows, result.height);
  // The middle cell of a block stands for it where every cell has a place of its own.
  for (std::int64_t i = 0; i < result.height * result.width && field.grid.kind == GridKind::kCurvilinear; ++i) {
    const std::int64_t row = i / result.width * rows + rows / 2;
    const auto cell = static_cast<std::size_t>(row * field.width + i % result.width * columns + columns / 2);
    result.grid.longitude.push_back(field.grid.longitude[cell]);
    result.grid.latitude.push_back(field.grid.latitude[cell]);
  }
  return result;
}

Field resample(const Field& field, double spacing, Interpolation interpolation) {
  const std::optional<double> step_x = regular_step(field.grid.x);
  const std::optional<double> step_y = regular_step(field.grid.y);
  if (!step_x || !step_y) throw InvalidArgument("only fields on a grid with regular axes are resampled");
  if (!(spacing > 0) || !std::isfinite(spacing)) throw InvalidArgument(fmt::format("a spacing of {}", spacing));
  const double extent_x = std::abs(*step_x) * static_cast<double>(field.width);
  const double extent_y = std::abs(*step_y) * static_cast<double>(field.height);
  const double columns = std::floor(extent_x / spacing + 1e-6);
  const double rows = std::floor(extent_y / spacing + 1e-6);
  if (!(columns >= 1 && rows >= 1 && columns <= kLongestSide && rows <= kLongestSide && columns * rows <= kMostCells)) {
    throw InvalidArgument(fmt::format("a spacing of {} makes {} x {} cells (height x width) of a field {} x {} across",
                                      spacing, rows, columns, extent_y, extent_x));
  }
  Field result = like(field, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns));
  for (std::int64_t row = 0; row < result.height; ++row) {
    const Place y = place_at(row, spacing / std::abs(*step_y), field.height);
    for (std::int64_t column = 0; column < result.width; ++column) {
      const Place x = place_at(column, spacing / std::abs(*step_x), field.width);
      set_cell(result, static_cast<std::size_t>(row * result.width + column), sample(field, y, x, interpolation));
    }
  }
  result.grid.x = new_axis(field.grid.x, *step_x, spacing, result.width);
  result.grid.y = new_axis(field.grid.y, *step_y, spacing, result.height);
  return result;
}

Field turn_longitudes(Field field, double west) {
  if (field.grid.kind != GridKind::kGeographic || field.grid.x.empty()) {
    throw InvalidArgument("only a field on axes of longitude and latitude can be turned around the globe");
  }
  const std::size_t width = field.grid.x.size();
  for (double& longitude : field.grid.x) longitude -= 360 * std::floor((longitude - west) / 360);
  const auto first = std::min_element(field.grid.x.begin(), field.grid.x.end()) - field.grid.x.begin();
  std::rotate(field.grid.x.begin(), field.grid.x.begin() + first, field.grid.x.end());
  if (std::adjacent_find(field.grid.x.begin(), field.grid.x.end(), std::greater_equal<>()) != field.grid.x.end()) {
    throw InvalidArgument(fmt::format("the longitudes do not rise from west to east when they start at {}", west));
  }
  for (std::int64_t row = 0; row < field.height; ++row) {
    const auto values = field.values.begin() + row * field.width;
    const auto valid = field.valid.begin() + row * field.width;
    std::rotate(values, values + first, values + static_cast<std::ptrdiff_t>(width));
    std::rotate(valid, valid + first, valid + static_cast<std::ptrdiff_t>(width));
  }
  return field;
}

}  // namespace longtake::fields
