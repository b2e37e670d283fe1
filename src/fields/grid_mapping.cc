// The names of PROJ's parameters in CF; projection_of() of cf.cc is the way back.
#include "fields/grid_mapping.h"

#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using ProjParameters = std::map<std::string, std::string, std::less<>>;

ProjParameters proj_parameters(std::string_view projection) {
  ProjParameters parameters;
  for (const std::string_view word : split(projection, ' ')) {
    if (!word.starts_with('+')) continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    parameters.emplace(word.substr(1, equals - 1), word.substr(equals + 1));
  }
  return parameters;
}

std::string proj_text(const ProjParameters& parameters, std::string_view key) {
  const auto found = parameters.find(key);
  return found == parameters.end() ? "" : found->second;
}

std::optional<double> proj_number(const ProjParameters& parameters, std::string_view key) {
  try {
    return parse_double(proj_text(parameters, key), "");
  } catch (const BadData&) {
    return std::nullopt;  // not there, or no plain number: proj4_params has it as it is
  }
}

struct ProjName {
  std::string_view proj;
  std::string_view cf;
  std::string_view meridian;  // what CF calls lon_0
};
constexpr std::array kProjNames{
    ProjName{"aea", "albers_conical_equal_area", "longitude_of_central_meridian"},
    ProjName{"aeqd", "azimuthal_equidistant", "longitude_of_projection_origin"},
    ProjName{"laea", "lambert_azimuthal_equal_area", "longitude_of_projection_origin"},
    ProjName{"latlong", "latitude_longitude", ""},
    ProjName{"lcc", "lambert_conformal_conic", "longitude_of_central_meridian"},
    ProjName{"longlat", "latitude_longitude", ""},
    ProjName{"merc", "mercator", "longitude_of_projection_origin"},
    ProjName{"tmerc", "transverse_mercator", "longitude_of_central_meridian"},
    ProjName{"polar", "polar_stereographic", "straight_vertical_longitude_from_pole"},
    ProjName{"stere", "stereographic", "longitude_of_projection_origin"},
};

void add_parameters(const ProjParameters& parameters, std::string_view meridian, GridMapping& mapping) {
  const auto add = [&](std::string_view attribute, std::string_view key) {
    if (const auto value = proj_number(parameters, key)) mapping.values.push_back({std::string(attribute), {*value}});
  };
  std::vector<double> parallels;
  for (const char* key : {"lat_1", "lat_2", "lat_ts"}) {
    if (const auto value = proj_number(parameters, key)) parallels.push_back(*value);
  }
  if (!parallels.empty()) mapping.values.emplace_back("standard_parallel", parallels);
  add("latitude_of_projection_origin", "lat_0");
  add(meridian, "lon_0");
  const bool polar = mapping.name == "polar_stereographic" || mapping.name == "stereographic";
  const std::string_view scale = polar ? "scale_factor_at_projection_origin" : "scale_factor_at_central_meridian";
  add(scale, parameters.contains("k_0") ? "k_0" : "k");
  add("false_easting", "x_0");
  add("false_northing", "y_0");
}

void add_ellipsoid(const ProjParameters& parameters, GridMapping& mapping) {
  const std::string name = proj_text(parameters, "ellps") + proj_text(parameters, "datum");
  if (name == "WGS84" || name == "WGS84WGS84" || name == "GRS80") {
    mapping.values.push_back({"semi_major_axis", {6378137}});
    mapping.values.push_back({"inverse_flattening", {name == "GRS80" ? 298.257222101 : 298.257223563}});
    return;
  }
  const auto add = [&](const char* attribute, std::string_view key) {
    if (const auto value = proj_number(parameters, key)) mapping.values.push_back({attribute, {*value}});
  };
  add("earth_radius", "R");
  add("semi_major_axis", "a");
  add("semi_minor_axis", "b");
  add("inverse_flattening", "rf");
}

}  // namespace

GridMapping grid_mapping_of(const std::string& projection) {
  const ProjParameters parameters = proj_parameters(projection);
  std::string name = proj_text(parameters, "proj");
  if (name == "stere" && std::abs(proj_number(parameters, "lat_0").value_or(0)) == 90) name = "polar";
  GridMapping mapping;
  for (const ProjName& known : kProjNames) {
    if (known.proj != name) continue;
    mapping.name = known.cf;
    if (mapping.name != "latitude_longitude") add_parameters(parameters, known.meridian, mapping);
    add_ellipsoid(parameters, mapping);
  }
  return mapping;
}

}  // namespace longtake::fields
