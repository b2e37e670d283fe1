#include "tasks/climate_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "fields/calendar.h"
#include "fields/netcdf_series.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// The fractional index of `value` on an axis that rises or falls; nothing beyond half a cell off its ends.
std::optional<double> index_on(const std::vector<double>& axis, double value) {
  const std::size_t count = axis.size();
  if (count < 2) return std::nullopt;
  const bool rises = axis[1] > axis[0];
  const auto before = [&](double a, double b) { return rises ? a < b : a > b; };
  const auto above = std::upper_bound(axis.begin(), axis.end(), value, before);
  const auto low = std::clamp<std::ptrdiff_t>(above - axis.begin() - 1, 0, static_cast<std::ptrdiff_t>(count) - 2);
  const double index = static_cast<double>(low) + (value - axis[low]) / (axis[low + 1] - axis[low]);
  if (!(index >= -0.5 && index <= static_cast<double>(count) - 0.5)) return std::nullopt;
  return index;
}

}  // namespace

ClimateFile::ClimateFile(const Files::Path& path, const InputSpec& spec, const std::string& grid_variable)
    : name_(path.string()) {
  const fields::FieldSeries* first = nullptr;
  std::unique_ptr<fields::FieldSeries> grid;
  for (const FieldChannel& channel : spec.fields) {
    series_.push_back(channel.variable == kDensityVariable
                          ? nullptr
                          : fields::open_netcdf(path, {.variable = channel.variable, .unit = channel.unit}));
    if (series_.back() == nullptr) continue;
    if (first == nullptr) first = series_.back().get();
    if (series_.back()->times() != first->times()) {
      throw BadData(fmt::format("{}: '{}' has {} times and '{}' {}, or they differ", name_, spec.fields[0].variable,
                                first->size(), channel.variable, series_.back()->size()));
    }
  }
  if (first == nullptr) {
    grid = fields::open_netcdf(path, {.variable = grid_variable});
    first = grid.get();
  }
  times_ = first->times();
  if (times_.empty()) throw BadData(name_ + ": holds no field");
  like_ = first->read(0);
  if (like_.grid.kind != fields::GridKind::kGeographic || like_.grid.x.size() < 2 || like_.grid.y.size() < 2) {
    throw BadData(name_ + ": storms need a grid of longitudes and latitudes, with an axis for each");
  }
  check_times(spec.step_s);
}

void ClimateFile::check_times(double step_s) {
  if (times_.size() > 1) step_s_ = times_[1] - times_[0];
  const std::int64_t wanted = step_s > 0 ? static_cast<std::int64_t>(step_s) : step_s_;
  for (std::size_t i = 1; i < times_.size(); ++i) {
    if (times_[i] - times_[i - 1] == wanted) continue;
    throw BadData(fmt::format("{}: {} follows {}, but frames are {:g} hours apart", name_,
                              fields::format_time(times_[i]), fields::format_time(times_[i - 1]),
                              static_cast<double>(wanted) / 3600));
  }
}

fields::Field ClimateFile::read(std::size_t channel, std::size_t frame) const {
  const auto& series = series_.at(channel);
  if (series == nullptr) throw InvalidArgument("the density of storms is no variable of a file");
  fields::Field field = series->read(frame);
  if (field.height == like_.height && field.width == like_.width) return field;
  throw BadData(fmt::format("{}: '{}' has a grid of {} x {}, the other variables {} x {}", name_, field.quantity,
                            field.height, field.width, like_.height, like_.width));
}

std::optional<GridPlace> place_on(const fields::Field& like, const GeoPoint& place) {
  if (like.grid.x.size() < 2) return std::nullopt;
  // The turn in which the longitude is at most half a cell west of the first column.
  const double west = like.grid.x.front() - (like.grid.x[1] - like.grid.x[0]) / 2;
  const double longitude = place.longitude - 360 * std::floor((place.longitude - west) / 360);
  const auto row = index_on(like.grid.y, place.latitude), column = index_on(like.grid.x, longitude);
  if (!row || !column) return std::nullopt;
  return GridPlace{*row, *column};
}

}  // namespace longtake::tasks
