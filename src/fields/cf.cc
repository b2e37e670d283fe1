// The conventions of cf.h: https://cfconventions.org
#include "fields/cf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

double single_number(const NetcdfFile& file, const NetcdfVariable& variable, const char* attribute, double otherwise) {
  const std::vector<double> values = file.numbers(variable, attribute);
  if (values.empty()) return otherwise;
  if (values.size() != 1 || !std::isfinite(values[0])) {
    throw BadData(fmt::format("{}: {}:{} must be one finite number", file.where(), variable.name, attribute));
  }
  return values[0];
}

bool any_of(const std::string& text, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

// "+name=value" where the grid mapping has the attribute.
std::string parameter(const NetcdfFile& file, const NetcdfVariable& mapping, const char* name, const char* attribute) {
  const std::vector<double> values = file.numbers(mapping, attribute);
  return values.empty() ? "" : fmt::format(" +{}={:.12g}", name, values[0]);
}

std::string parallels(const NetcdfFile& file, const NetcdfVariable& mapping) {
  const std::vector<double> values = file.numbers(mapping, "standard_parallel");
  if (values.empty()) return "";
  return values.size() == 1 ? fmt::format(" +lat_1={:.12g}", values[0])
                            : fmt::format(" +lat_1={:.12g} +lat_2={:.12g}", values[0], values[1]);
}

std::string ellipsoid(const NetcdfFile& file, const NetcdfVariable& mapping) {
  std::string text;
  const std::vector<double> radius = file.numbers(mapping, "earth_radius");
  if (!radius.empty()) return fmt::format(" +a={0:.12g} +b={0:.12g}", radius[0]);
  text += parameter(file, mapping, "a", "semi_major_axis");
  const std::string minor = parameter(file, mapping, "b", "semi_minor_axis");
  const std::vector<double> flattening = file.numbers(mapping, "inverse_flattening");
  if (!minor.empty()) return text + minor;
  if (!flattening.empty() && flattening[0] != 0) return text + fmt::format(" +rf={:.12g}", flattening[0]);
  return text;
}

// CF appendix F.
std::string projection_name(const NetcdfFile& file, const NetcdfVariable& mapping, const std::string& name) {
  const auto with = [&](const char* key, const char* attribute) { return parameter(file, mapping, key, attribute); };
  const std::string origin = with("lat_0", "latitude_of_projection_origin");
  const std::string meridian = with("lon_0", "longitude_of_central_meridian");
  if (name == "albers_conical_equal_area") return "+proj=aea" + parallels(file, mapping) + origin + meridian;
  if (name == "lambert_conformal_conic") return "+proj=lcc" + parallels(file, mapping) + origin + meridian;
  if (name == "lambert_azimuthal_equal_area") {
    return "+proj=laea" + origin + with("lon_0", "longitude_of_projection_origin");
  }
  if (name == "transverse_mercator") {
    return "+proj=tmerc" + origin + meridian + with("k_0", "scale_factor_at_central_meridian");
  }
  if (name == "mercator") {
    return "+proj=merc" + with("lon_0", "longitude_of_projection_origin") + with("lat_ts", "standard_parallel");
  }
  if (name == "polar_stereographic") {
    return "+proj=stere" + origin + with("lon_0", "straight_vertical_longitude_from_pole") +
           with("lat_ts", "standard_parallel") + with("k_0", "scale_factor_at_projection_origin");
  }
  if (name == "stereographic") {
    return "+proj=stere" + origin + with("lon_0", "longitude_of_projection_origin") +
           with("k_0", "scale_factor_at_projection_origin");
  }
  if (name == "latitude_longitude") return "+proj=longlat";
  return "";
}

const NetcdfVariable* grid_mapping_variable(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::optional<std::string> name = file.text(variable, "grid_mapping");
  return name ? file.find(*name) : nullptr;
}

}  // namespace

Packing::Packing(const NetcdfFile& file, const NetcdfVariable& variable)
    : scale_(single_number(file, variable, "scale_factor", 1)),
      offset_(single_number(file, variable, "add_offset", 0)),
      is_float_(variable.type == NetcdfType::kFloat),
      least_(-kInfinity),
      greatest_(kInfinity) {
  const std::optional<std::string> sign = file.text(variable, "_Unsigned");
  if (sign && lower(*sign) == "true" && !variable.is_unsigned && variable.type == NetcdfType::kInteger) {
    wrap_ = std::ldexp(1.0, static_cast<int>(8 * variable.type_bytes));
  }
  const auto add = [&](double value) { missing_.push_back(value < 0 ? value + wrap_ : value); };
  const std::vector<double> fill = file.numbers(variable, "_FillValue");
  for (const double value : fill) add(value);
  for (const double value : file.numbers(variable, "missing_value")) add(value);
  if (fill.empty() && wrap_ == 0) {
    if (variable.default_fill) missing_.push_back(*variable.default_fill);
  }
  const std::vector<double> range = file.numbers(variable, "valid_range");
  const auto bound = [&](double value) { return value < 0 && !range_of_values_ ? value + wrap_ : value; };
  const char* attribute = !range.empty() ? "valid_range" : "valid_min";
  // Bounds of another type than the packed numbers are of the values.
  range_of_values_ = variable.type == NetcdfType::kInteger &&
                     (file.is_float(variable, attribute) || (range.empty() && file.is_float(variable, "valid_max")));
  if (range.size() == 2) {
    least_ = bound(range[0]);
    greatest_ = bound(range[1]);
  } else {
    const std::vector<double> least = file.numbers(variable, "valid_min");
    const std::vector<double> greatest = file.numbers(variable, "valid_max");
    if (!least.empty()) least_ = bound(least[0]);
    if (!greatest.empty()) greatest_ = bound(greatest[0]);
  }
}

double Packing::unpack(double stored) const {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  if (stored < 0) stored += wrap_;
  if (!std::isfinite(stored)) return kMissing;
  // A float's fill value may be written as a double: equal as floats is equal.
  for (const double missing : missing_) {
    if (stored == missing) return kMissing;
    if (is_float_ && static_cast<float>(stored) == static_cast<float>(missing)) return kMissing;
  }
  const double value = stored * scale_ + offset_;
  const double tested = range_of_values_ ? value : stored;
  return tested < least_ || tested > greatest_ ? kMissing : value;
}

AxisKind axis_kind(std::string_view dimension) {
  const std::string name = lower(dimension);
  if (any_of(name, {"time", "times", "valid_time"})) return AxisKind::kTime;
  if (any_of(name, {"lon", "longitude", "lons", "nlon", "nav_lon"})) return AxisKind::kLongitude;
  if (any_of(name, {"lat", "latitude", "lats", "nlat", "nav_lat"})) return AxisKind::kLatitude;
  if (any_of(name, {"x", "xc", "easting", "rlon", "west_east", "nx"})) return AxisKind::kX;
  if (any_of(name, {"y", "yc", "northing", "rlat", "south_north", "ny"})) return AxisKind::kY;
  return AxisKind::kNone;
}

AxisKind axis_kind(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::string units = lower(file.text(variable, "units").value_or(""));
  const std::string standard = lower(file.text(variable, "standard_name").value_or(""));
  const std::string axis = lower(file.text(variable, "axis").value_or(""));
  if (standard == "forecast_reference_time") return AxisKind::kNone;
  if (standard == "forecast_period") return AxisKind::kTime;
  if (units.find(" since ") != std::string::npos || standard == "time" || axis == "t") return AxisKind::kTime;
  if (any_of(units, {"degrees_east", "degree_east", "degrees_e", "degree_e", "degreee"}) || standard == "longitude") {
    return AxisKind::kLongitude;
  }
  if (any_of(units, {"degrees_north", "degree_north", "degrees_n", "degree_n", "degreen"}) || standard == "latitude") {
    return AxisKind::kLatitude;
  }
  if (standard == "projection_x_coordinate" || standard == "grid_longitude" || axis == "x") return AxisKind::kX;
  if (standard == "projection_y_coordinate" || standard == "grid_latitude" || axis == "y") return AxisKind::kY;
  return axis_kind(variable.name);
}

std::string projection_of(const NetcdfFile& file, const NetcdfVariable& variable) {
  const NetcdfVariable* mapping = grid_mapping_variable(file, variable);
  if (mapping == nullptr) return "";
  for (const char* attribute : {"proj4_params", "proj4", "proj4text"}) {
    if (const auto text = file.text(*mapping, attribute)) return *text;
  }
  const std::string name = file.text(*mapping, "grid_mapping_name").value_or("");
  const std::string projection = projection_name(file, *mapping, name);
  if (projection.empty()) return "";
  const bool metric = name != "latitude_longitude";
  return projection + (metric ? parameter(file, *mapping, "x_0", "false_easting") : "") +
         (metric ? parameter(file, *mapping, "y_0", "false_northing") : "") + ellipsoid(file, *mapping) +
         (metric ? " +units=m" : "") + " +no_defs";
}

std::optional<std::array<GeoPoint, 4>> corners_of(const NetcdfFile& file, const NetcdfVariable& variable) {
  const NetcdfVariable* mapping = grid_mapping_variable(file, variable);
  if (mapping == nullptr) return std::nullopt;
  const std::vector<double> longitudes = file.numbers(*mapping, kCornerLongitudes);
  const std::vector<double> latitudes = file.numbers(*mapping, kCornerLatitudes);
  std::array<GeoPoint, 4> corners;
  if (longitudes.size() != corners.size() || latitudes.size() != corners.size()) return std::nullopt;
  for (std::size_t i = 0; i < corners.size(); ++i) corners[i] = {longitudes[i], latitudes[i]};
  return corners;
}

std::optional<double> interval_of_cell_methods(const std::string& cell_methods) {
  constexpr std::string_view kStart = "interval:";
  const std::size_t start = cell_methods.find(kStart);
  if (start == std::string::npos || cell_methods.find("sum") == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(cell_methods).substr(start + kStart.size());
  const std::string_view text = trim(rest.substr(0, rest.find_first_of("),")));
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  try {
    const double seconds =
        Conversion(trim(text.substr(space)), "s")(parse_double(text.substr(0, space), "cell_methods"));
    return seconds > 0 ? std::optional(seconds) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // free text that says no interval
  }
}

}  // namespace longtake::fields
