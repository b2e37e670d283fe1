// A variable's dimensions, grid and times, found once when the series is opened.
#include "fields/netcdf_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/cf.h"
#include "fields/netcdf_file.h"
#include "fields/regrid.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::int64_t kMostTimes = 10'000'000;
constexpr std::size_t kNoDimension = static_cast<std::size_t>(-1);

// Which dimension of the variable is which.
struct Dimensions {
  std::size_t time = kNoDimension;
  std::size_t y = kNoDimension;
  std::size_t x = kNoDimension;
  std::vector<std::size_t> start;  // along each dimension; that of time, y and x is 0
};

AxisKind kind_of_dimension(const NetcdfFile& file, const std::string& name) {
  const NetcdfVariable* coordinate = file.find(name);
  return coordinate != nullptr && coordinate->dimensions.size() == 1 ? axis_kind(file, *coordinate) : axis_kind(name);
}

std::size_t index_along(const NetcdfDimension& dimension, const NetcdfOptions& options, const std::string& where) {
  const auto given = options.indices.find(dimension.name);
  if (given == options.indices.end()) {
    if (dimension.size == 1) return 0;
    throw InvalidArgument(
        fmt::format("{}: {} has a dimension \"{}\" of {} that is neither time nor place; choose an "
                    "index along it, or name it as the time",
                    where, options.variable, dimension.name, dimension.size));
  }
  if (given->second < 0 || given->second >= dimension.size) {
    throw InvalidArgument(
        fmt::format("{}: index {} along \"{}\", which has {}", where, given->second, dimension.name, dimension.size));
  }
  return static_cast<std::size_t>(given->second);
}

Dimensions find_dimensions(const NetcdfFile& file, const NetcdfVariable& variable, const NetcdfOptions& options) {
  Dimensions found;
  const std::vector<NetcdfDimension>& all = variable.dimensions;
  if (all.size() < 2) {
    throw BadData(fmt::format("{}: {} has {} dimensions; a field has two", file.where(), variable.name, all.size()));
  }
  found.start.assign(all.size(), 0);
  std::string time_dimension = options.time_variable;
  if (!time_dimension.empty() && file.get(time_dimension).dimensions.size() == 1) {
    time_dimension = file.get(time_dimension).dimensions[0].name;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AxisKind kind = kind_of_dimension(file, all[i].name);
    const bool named_time = all[i].name == time_dimension;
    if ((named_time || kind == AxisKind::kTime) && found.time == kNoDimension) {
      found.time = i;
    } else if ((kind == AxisKind::kLongitude || kind == AxisKind::kX) && found.x == kNoDimension) {
      found.x = i;
    } else if ((kind == AxisKind::kLatitude || kind == AxisKind::kY) && found.y == kNoDimension) {
      found.y = i;
    }
  }
  // Places without names are the innermost dimensions, as CF recommends.
  for (std::size_t* place : {&found.x, &found.y}) {
    for (std::size_t i = all.size(); *place == kNoDimension && i-- > 0;) {
      if (i != found.time && i != found.x && i != found.y && options.indices.count(all[i].name) == 0) *place = i;
    }
  }
  if (found.x == kNoDimension || found.y == kNoDimension) {
    throw BadData(fmt::format("{}: {} has no two dimensions of place", file.where(), variable.name));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != found.time && i != found.x && i != found.y) found.start[i] = index_along(all[i], options, file.where());
  }
  return found;
}

// A coordinate in degrees, or in metres.
struct Axis {
  AxisKind kind = AxisKind::kNone;
  std::vector<double> values;  // empty where the file has none
  bool from_edge = false;
};

Axis read_axis(const NetcdfFile& file, const NetcdfDimension& dimension) {
  Axis axis;
  const NetcdfVariable* coordinate = file.find(dimension.name);
  const bool numbers = coordinate != nullptr && coordinate->dimensions == std::vector{dimension} &&
                       (coordinate->type == NetcdfType::kFloat || coordinate->type == NetcdfType::kInteger);
  if (!numbers || dimension.size > kLongestSide) return axis;
  axis.kind = axis_kind(file, *coordinate);
  axis.from_edge = file.text(*coordinate, kAxisOrigin) == kAxisFromEdge;
  const Packing packing(file, *coordinate);
  double scale = 1;
  if (axis.kind == AxisKind::kX || axis.kind == AxisKind::kY) {
    const std::string unit = file.text(*coordinate, "units").value_or("m");
    try {
      scale = Conversion(unit, "m")(1);
    } catch (const InvalidArgument&) {
      return {};  // degrees of a rotated pole, or a plain count
    }
  }
  for (const double stored : file.read(*coordinate)) axis.values.push_back(packing.unpack(stored) * scale);
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    const double before = i == 0 ? axis.values[i] : axis.values[i - 1];
    const bool turns = i > 1 && (axis.values[i] - before) * (before - axis.values[i - 2]) <= 0;
    const bool stands = i > 0 && axis.values[i] == before;
    if (!std::isfinite(axis.values[i]) || turns || stands) {
      throw BadData(fmt::format("{}: the axis {} is not monotonic at {}", file.where(), dimension.name, i));
    }
  }
  return axis;
}

// Two-dimensional coordinates, which CF names in the attribute "coordinates".
bool read_curvilinear(const NetcdfFile& file, const NetcdfVariable& variable, const Dimensions& at, Grid& grid) {
  const std::vector<NetcdfDimension> places{variable.dimensions[at.y], variable.dimensions[at.x]};
  const std::string names = file.text(variable, "coordinates").value_or("");
  for (const std::string_view name : split(names, ' ')) {
    const NetcdfVariable* coordinate = file.find(name);
    if (coordinate == nullptr || coordinate->dimensions != places) continue;
    const AxisKind kind = axis_kind(file, *coordinate);
    if (kind != AxisKind::kLongitude && kind != AxisKind::kLatitude) continue;
    std::vector<float>& target = kind == AxisKind::kLongitude ? grid.longitude : grid.latitude;
    const Packing packing(file, *coordinate);
    target.clear();
    for (const double stored : file.read(*coordinate)) target.push_back(static_cast<float>(packing.unpack(stored)));
  }
  if (grid.longitude.empty() || grid.latitude.empty()) return false;
  grid.kind = GridKind::kCurvilinear;
  return true;
}

// How the file's rows and columns become those of field.h.
struct Layout {
  bool flip_y = false;
  bool flip_x = false;
};

Layout find_grid(const NetcdfFile& file, const NetcdfVariable& variable, const Dimensions& at, Grid& grid) {
  const Axis x = read_axis(file, variable.dimensions[at.x]);
  const Axis y = read_axis(file, variable.dimensions[at.y]);
  grid.projection = projection_of(file, variable);
  grid.corners = corners_of(file, variable);
  if (x.values.empty() || y.values.empty()) {
    if (!read_curvilinear(file, variable, at, grid)) return {};
    // A grid that leans still has its north on one side.
    return {.flip_y = grid.latitude.front() < grid.latitude.back(), .flip_x = false};
  }
  const bool geographic = x.kind == AxisKind::kLongitude && y.kind == AxisKind::kLatitude;
  grid.kind = geographic ? GridKind::kGeographic : GridKind::kProjected;
  grid.absolute = !x.from_edge;
  grid.x = x.values;
  grid.y = y.values;
  const Layout layout{.flip_y = y.values.front() < y.values.back(), .flip_x = x.values.front() > x.values.back()};
  if (layout.flip_x) std::reverse(grid.x.begin(), grid.x.end());
  if (layout.flip_y) std::reverse(grid.y.begin(), grid.y.end());
  return layout;
}

template <class T>
void flip_rows(std::vector<T>& values, std::size_t width) {
  const std::size_t height = values.size() / width;
  for (std::size_t i = 0; i < height / 2; ++i) {
    std::swap_ranges(values.begin() + static_cast<std::ptrdiff_t>(i * width),
                     values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width),
                     values.begin() + static_cast<std::ptrdiff_t>((height - 1 - i) * width));
  }
}

// The variable that tells the times that a forecast is for, along the dimension of its lead times.
const NetcdfVariable* find_valid_time(const NetcdfFile& file, const NetcdfDimension& lead) {
  for (const NetcdfVariable& other : file.variables()) {
    const auto& dimensions = other.dimensions;
    const bool along = std::find(dimensions.begin(), dimensions.end(), lead) != dimensions.end();
    if (along && file.text(other, "standard_name") == "time") return &other;
  }
  return nullptr;
}

// The variable that tells the time: named, that of the dimension, or one without dimensions that CF calls time.
const NetcdfVariable* find_time(const NetcdfFile& file, const NetcdfVariable& variable, const Dimensions& at,
                                const NetcdfOptions& options) {
  if (!options.time_variable.empty()) return &file.get(options.time_variable);
  if (at.time != kNoDimension) {
    const NetcdfVariable* coordinate = file.find(variable.dimensions[at.time].name);
    const bool lead = coordinate != nullptr && file.text(*coordinate, "standard_name") == "forecast_period";
    return lead ? find_valid_time(file, variable.dimensions[at.time]) : coordinate;
  }
  const NetcdfVariable* found = nullptr;
  for (const NetcdfVariable& other : file.variables()) {
    if (other.count() != 1 || axis_kind(file, other) != AxisKind::kTime) continue;
    if (file.text(other, "standard_name") == "time" || other.name == "time") return &other;
    if (other.name == "valid_time" || found == nullptr) found = &other;
  }
  return found;
}

TimeUnits units_of_time(const NetcdfFile& file, const NetcdfVariable& time, const NetcdfOptions& options) {
  const std::string units = options.time_units.empty() ? file.text(time, "units").value_or("") : options.time_units;
  const std::string calendar =
      options.calendar.empty() ? file.text(time, "calendar").value_or("standard") : options.calendar;
  return {units, calendar, fmt::format("{}: {}", file.where(), time.name)};
}

// The numbers of a time variable, or of its bounds, that belong to the fields: all along the dimension of time, and the
// one index along what else the variable has.
std::vector<double> numbers_of_time(const NetcdfFile& file, const NetcdfVariable& time, const NetcdfVariable& variable,
                                    const Dimensions& at) {
  std::vector<std::size_t> start;
  std::vector<std::size_t> count;
  std::int64_t total = 1;
  for (const NetcdfDimension& dimension : time.dimensions) {
    const auto found = std::find(variable.dimensions.begin(), variable.dimensions.end(), dimension);
    const auto i = static_cast<std::size_t>(found - variable.dimensions.begin());
    const bool whole = found == variable.dimensions.end() || i == at.time || i == at.y || i == at.x;
    start.push_back(whole ? 0 : at.start[i]);
    count.push_back(whole ? static_cast<std::size_t>(dimension.size) : 1);
    if (whole && dimension.size > 2 * kMostTimes / std::max<std::int64_t>(total, 1)) {
      throw BadData(fmt::format("{}: {} has more than {} times", file.where(), time.name, kMostTimes));
    }
    if (whole) total *= dimension.size;
  }
  return file.read(time, start, count);
}

class NetcdfSeries : public FieldSeries {
 public:
  NetcdfSeries(const Files::Path& path, NetcdfOptions options) : path_(path), options_(std::move(options)) {
    const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path);
    const NetcdfFile& file = *opened;
    const NetcdfVariable& variable = file.get(options_.variable);
    at_ = find_dimensions(file, variable, options_);
    dimensions_ = variable.dimensions;
    check_size(dimensions_[at_.y].size, dimensions_[at_.x].size, fmt::format("{}: {}", file.where(), variable.name));
    layout_ = find_grid(file, variable, at_, grid_);
    const auto width = static_cast<std::size_t>(dimensions_[at_.x].size);
    if (layout_.flip_y && grid_.kind == GridKind::kCurvilinear) {
      flip_rows(grid_.latitude, width);
      flip_rows(grid_.longitude, width);
    }
    find_times(file, variable);
    find_intervals(file, variable);
    find_unit(file, variable);
  }

  const std::vector<std::int64_t>& times() const override { return times_; }

  Field read(std::size_t i) const override {
    check_index(i, times_.size());
    Field field;
    {
      const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path_);
      const NetcdfFile& file = *opened;
      const NetcdfVariable& variable = file.get(options_.variable);
      if (variable.dimensions != dimensions_) {
        throw BadData(fmt::format("{}: {} has changed since the file was opened", file.where(), variable.name));
      }
      field = read_slice(file, variable, i);
    }
    field.quantity = options_.variable;
    field.unit = unit_;
    if (has_time_) field.time = times_[i];
    if (!intervals_.empty()) field.interval_s = intervals_[intervals_.size() == 1 ? 0 : i];
    field.grid = grid_;
    if (options_.west) field = turn_longitudes(std::move(field), *options_.west);
    return options_.unit.empty() ? field : convert(std::move(field), options_.unit, options_.conversion);
  }

  std::string file(std::size_t i) const override {
    check_index(i, times_.size());
    return path_.string();
  }

 private:
  void find_unit(const NetcdfFile& file, const NetcdfVariable& variable) {
    unit_ = options_.file_unit.empty() ? file.text(variable, "units").value_or("") : options_.file_unit;
    if (options_.unit.empty()) return;
    if (unit_.empty()) {
      throw InvalidArgument(
          fmt::format("{}: {} states no unit, so it cannot be converted to \"{}\"; it must be given (unit of a "
                      "series, file_unit of NetcdfOptions)",
                      file.where(), variable.name, options_.unit));
    }
    ConversionOptions conversion = options_.conversion;
    if (!intervals_.empty()) conversion.interval_s = intervals_[0];
    try {
      Conversion(unit_, options_.unit, conversion);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("{}: {}: {}", file.where(), variable.name, error.what()));
    }
  }

  void find_times(const NetcdfFile& file, const NetcdfVariable& variable) {
    const NetcdfVariable* time = find_time(file, variable, at_, options_);
    const std::int64_t count = at_.time == kNoDimension ? 1 : dimensions_[at_.time].size;
    if (time == nullptr) {
      if (at_.time != kNoDimension) {
        throw BadData(fmt::format("{}: the dimension {} has no variable that says its times", file.where(),
                                  dimensions_[at_.time].name));
      }
      times_.assign(1, 0);
      return;
    }
    const TimeUnits units = units_of_time(file, *time, options_);
    for (const double value : numbers_of_time(file, *time, variable, at_)) times_.push_back(units.to_utc(value));
    if (static_cast<std::int64_t>(times_.size()) != count) {
      throw BadData(fmt::format("{}: {} has {} times where {} has {} fields", file.where(), time->name, times_.size(),
                                variable.name, count));
    }
    has_time_ = true;
  }

  void find_intervals(const NetcdfFile& file, const NetcdfVariable& variable) {
    const NetcdfVariable* time = has_time_ ? find_time(file, variable, at_, options_) : nullptr;
    const std::string cell_methods = file.text(variable, "cell_methods").value_or("");
    if (time == nullptr || cell_methods == "time: point") return;
    const std::optional<std::string> bounds_name = file.text(*time, "bounds");
    const NetcdfVariable* bounds = bounds_name ? file.find(*bounds_name) : nullptr;
    const NetcdfVariable* start = file.find("start_time");
    if (bounds != nullptr && bounds->dimensions.size() == time->dimensions.size() + 1) {
      const TimeUnits units = units_of_time(file, *time, options_);
      const std::vector<double> values = numbers_of_time(file, *bounds, variable, at_);
      for (std::size_t i = 0; i < times_.size() && values.size() == 2 * times_.size(); ++i) {
        intervals_.push_back(static_cast<double>(units.to_utc(values[2 * i + 1]) - units.to_utc(values[2 * i])));
      }
    } else if (start != nullptr && start != time && start->count() == 1 && times_.size() == 1 &&
               axis_kind(file, *start) == AxisKind::kTime) {
      NetcdfOptions own = options_;
      own.time_units.clear();
      const TimeUnits units = units_of_time(file, *start, own);
      intervals_.push_back(static_cast<double>(times_[0] - units.to_utc(file.read(*start)[0])));
    } else if (const auto interval = interval_of_cell_methods(cell_methods)) {
      intervals_.push_back(*interval);
    }
    for (const double interval : intervals_) {
      if (interval > 0) continue;
      intervals_.clear();  // instants, which accumulate nothing
      return;
    }
  }

  Field read_slice(const NetcdfFile& file, const NetcdfVariable& variable, std::size_t time) const {
    std::vector<std::size_t> start = at_.start;
    std::vector<std::size_t> count(start.size(), 1);
    if (at_.time != kNoDimension) start[at_.time] = time;
    const auto height = static_cast<std::size_t>(dimensions_[at_.y].size);
    const auto width = static_cast<std::size_t>(dimensions_[at_.x].size);
    count[at_.y] = height;
    count[at_.x] = width;
    const std::vector<double> stored = file.read(variable, start, count);
    const Packing packing(file, variable);
    Field field = empty_field(dimensions_[at_.y].size, dimensions_[at_.x].size, file.where());
    const bool transposed = at_.x < at_.y;
    for (std::size_t row = 0; row < height; ++row) {
      const std::size_t y = layout_.flip_y ? height - 1 - row : row;
      for (std::size_t column = 0; column < width; ++column) {
        const std::size_t x = layout_.flip_x ? width - 1 - column : column;
        set_cell(field, row * width + column, packing.unpack(stored[transposed ? x * height + y : y * width + x]));
      }
    }
    return field;
  }

  Files::Path path_;
  NetcdfOptions options_;
  Dimensions at_;
  std::vector<NetcdfDimension> dimensions_;
  Layout layout_;
  Grid grid_;
  std::string unit_;
  bool has_time_ = false;
  std::vector<std::int64_t> times_;
  std::vector<double> intervals_;  // of each time, or one of all, or none
};

}  // namespace

std::unique_ptr<FieldSeries> open_netcdf(const Files::Path& path, const NetcdfOptions& options) {
  return std::make_unique<NetcdfSeries>(path, options);
}

NetcdfOptions bom_options() {
  NetcdfOptions options;
  options.variable = "precipitation";
  options.unit = "mm/h";
  return options;
}

}  // namespace longtake::fields
