// Sizes and masks of fields.
#include "fields/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "longtake/error.h"

namespace longtake::fields {

std::optional<double> regular_step(std::span<const double> axis) {
  if (axis.size() < 2) return std::nullopt;
  const double step = (axis.back() - axis.front()) / static_cast<double>(axis.size() - 1);
  for (std::size_t i = 1; i < axis.size(); ++i) {
    if (!(std::abs(axis[i] - axis[i - 1] - step) <= 1e-3 * std::abs(step))) return std::nullopt;
  }
  return step == 0 ? std::nullopt : std::optional(step);
}

bool operator==(const Field& a, const Field& b) {
  if (a.height != b.height || a.width != b.width || a.valid != b.valid || a.quantity != b.quantity ||
      a.unit != b.unit || a.time != b.time || a.interval_s != b.interval_s || a.relation != b.relation ||
      a.grid != b.grid || a.values.size() != b.values.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.valid[i] != 0 && a.values[i] != b.values[i]) return false;
  }
  return true;
}

void check_size(std::int64_t height, std::int64_t width, std::string_view where) {
  const bool fits = height >= 1 && width >= 1 && height <= kLongestSide && width <= kLongestSide;
  if (fits && height * width <= kMostCells) return;
  throw BadData(fmt::format("{}: {} x {} cells (height x width); sides of 1 to {} and at most {} cells are read", where,
                            height, width, kLongestSide, kMostCells));
}

Field empty_field(std::int64_t height, std::int64_t width, std::string_view where) {
  check_size(height, width, where);
  Field field;
  field.height = height;
  field.width = width;
  field.values.assign(static_cast<std::size_t>(height * width), std::numeric_limits<float>::quiet_NaN());
  field.valid.assign(field.values.size(), 0);
  return field;
}

Field missing_field(const Field& like, std::int64_t time) {
  Field field = empty_field(like.height, like.width, "a missing frame");
  field.quantity = like.quantity;
  field.unit = like.unit;
  field.interval_s = like.interval_s;
  field.relation = like.relation;
  field.grid = like.grid;
  field.time = time;
  return field;
}

void set_cell(Field& field, std::size_t index, double value) {
  const auto narrow = static_cast<float>(value);
  const bool valid = std::isfinite(value) && std::isfinite(narrow);
  field.values[index] = valid ? narrow : std::numeric_limits<float>::quiet_NaN();
  field.valid[index] = valid ? 1 : 0;
}

std::int64_t valid_count(const Field& field) {
  return std::count_if(field.valid.begin(), field.valid.end(), [](std::uint8_t valid) { return valid != 0; });
}

std::vector<float> filled_values(const Field& field, float replacement) {
  std::vector<float> values = field.values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (field.valid[i] == 0) values[i] = replacement;
  }
  return values;
}

void check_same_size(const Field& a, const Field& b) {
  if (a.height == b.height && a.width == b.width) return;
  throw InvalidArgument(
      fmt::format("a field of {} x {} cells (height x width) where one of {} x {} is wanted; all must be "
                  "on one grid",
                  b.height, b.width, a.height, a.width));
}

void check_index(std::size_t i, std::size_t size) {
  if (i < size) return;
  throw InvalidArgument(fmt::format("field {} of a series of {}; they count from 0", i, size));
}

}  // namespace longtake::fields
