// libnetcdf writes into memory, and base/files puts the bytes on the disk: what fails there leaves no half file.
#include "fields/netcdf_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>

#include "fields/cf.h"
#include "fields/grid_mapping.h"
#include "fields/netcdf_contents.h"
#include "fields/netcdf_output.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr const char* kTimeUnits = "seconds since 1970-01-01 00:00:00";

struct QuantityName {
  std::string_view quantity;
  const char* standard_name;
  const char* long_name;
  const char* unit;  // of the standard name; fields in a unit of another kind do not get it
};
constexpr std::array kQuantityNames{
    QuantityName{"reflectivity", "equivalent_reflectivity_factor", "radar reflectivity", "dBZ"},
    QuantityName{"rain_rate", "rainfall_rate", "rain rate", "m s-1"},
    QuantityName{"PSL", "air_pressure_at_mean_sea_level", "sea level pressure", "Pa"},
    QuantityName{"U850", "eastward_wind", "eastward wind at 850 hPa", "m s-1"},
    QuantityName{"V850", "northward_wind", "northward wind at 850 hPa", "m s-1"},
    QuantityName{"PRECT", "lwe_precipitation_rate", "total precipitation rate (liquid water)", "m s-1"},
    QuantityName{"TS", "surface_temperature", "surface temperature", "K"},
    QuantityName{"T500", "air_temperature", "air temperature at 500 hPa", "K"},
    QuantityName{"QREFHT", "specific_humidity", "specific humidity at reference height", "kg kg-1"},
    QuantityName{"storm_density", nullptr, "density of storm centres", "1"},
};

bool converts(const std::string& from, const char* to) {
  try {
    Conversion(from, to);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

void put_quantity_names(NetcdfOutput& out, int variable, const Field& field) {
  for (const QuantityName& name : kQuantityNames) {
    if (name.quantity != field.quantity) continue;
    out.text(variable, "long_name", name.long_name);
    if (name.standard_name != nullptr && converts(field.unit, name.unit)) {
      out.text(variable, "standard_name", name.standard_name);
    }
  }
  out.text(variable, "units", field.unit);
}

// A coordinate with the attributes by which CF knows it.
int put_coordinate(NetcdfOutput& out, const std::string& name, const std::vector<int>& dimensions,
                   const std::map<std::string, std::string>& attributes) {
  const int id = out.variable(name, NetcdfNumber::kFloat64, dimensions);
  for (const auto& [attribute, value] : attributes) out.text(id, attribute, value);
  return id;
}

void put_axes(NetcdfOutput& out, const Grid& grid, int y, int x) {
  int y_axis = 0;
  int x_axis = 0;
  if (grid.kind == GridKind::kGeographic) {
    y_axis = put_coordinate(out, "latitude", {y},
                            {{"standard_name", "latitude"}, {"units", "degrees_north"}, {"axis", "Y"}});
    x_axis = put_coordinate(out, "longitude", {x},
                            {{"standard_name", "longitude"}, {"units", "degrees_east"}, {"axis", "X"}});
  } else if (grid.absolute) {
    y_axis =
        put_coordinate(out, "y", {y}, {{"standard_name", "projection_y_coordinate"}, {"units", "m"}, {"axis", "Y"}});
    x_axis =
        put_coordinate(out, "x", {x}, {{"standard_name", "projection_x_coordinate"}, {"units", "m"}, {"axis", "X"}});
  } else {
    const std::string way = "distance from the edge of the grid, along the projection";
    y_axis = put_coordinate(out, "y", {y},
                            {{"long_name", way}, {"units", "m"}, {"axis", "Y"}, {kAxisOrigin, kAxisFromEdge}});
    x_axis = put_coordinate(out, "x", {x},
                            {{"long_name", way}, {"units", "m"}, {"axis", "X"}, {kAxisOrigin, kAxisFromEdge}});
  }
  out.put(y_axis, grid.y);
  out.put(x_axis, grid.x);
}

void put_places(NetcdfOutput& out, const Grid& grid, int y, int x) {
  const int latitude = out.variable("latitude", NetcdfNumber::kFloat32, {y, x});
  out.text(latitude, "standard_name", "latitude");
  out.text(latitude, "units", "degrees_north");
  const int longitude = out.variable("longitude", NetcdfNumber::kFloat32, {y, x});
  out.text(longitude, "standard_name", "longitude");
  out.text(longitude, "units", "degrees_east");
  out.put(latitude, grid.latitude);
  out.put(longitude, grid.longitude);
}

// Whether there is one.
bool put_projection(NetcdfOutput& out, const Grid& grid) {
  if (grid.projection.empty() && !grid.corners) return false;
  const int id = out.variable("projection", NetcdfNumber::kInt32, {});
  const GridMapping mapping = grid_mapping_of(grid.projection);
  out.text(id, "grid_mapping_name", mapping.name);
  for (const auto& [attribute, values] : mapping.values) out.numbers(id, attribute, values);
  out.text(id, "proj4_params", grid.projection);
  if (grid.corners) {
    std::vector<double> longitudes;
    std::vector<double> latitudes;
    for (const GeoPoint& corner : *grid.corners) {
      longitudes.push_back(corner.longitude);
      latitudes.push_back(corner.latitude);
    }
    out.numbers(id, kCornerLongitudes, longitudes);
    out.numbers(id, kCornerLatitudes, latitudes);
  }
  return true;
}

std::vector<int> put_instants(NetcdfOutput& out, const NetcdfContents& contents, const NetcdfInstants& instants) {
  if (!instants.has_time) return {};
  const bool forecast = !instants.references.empty();
  std::vector<int> dimensions;
  std::map<std::string, std::string> of_time{
      {"standard_name", "time"}, {"units", kTimeUnits}, {"calendar", "proleptic_gregorian"}};
  if (forecast) {
    dimensions = {out.dimension("forecast_reference_time", instants.references.size()),
                  out.dimension("forecast_period", instants.leads.size())};
    std::map<std::string, std::string> of_reference = of_time;
    of_reference["standard_name"] = "forecast_reference_time";
    out.put(put_coordinate(out, "forecast_reference_time", {dimensions[0]}, of_reference), instants.references);
    out.put(put_coordinate(out, "forecast_period", {dimensions[1]},
                           {{"standard_name", "forecast_period"}, {"units", "s"}, {"axis", "T"}}),
            instants.leads);
  } else {
    dimensions = {out.dimension("time", instants.times.size())};
    of_time["axis"] = "T";
  }
  const std::vector<Field>* sums = accumulating(contents);
  if (sums != nullptr) of_time["bounds"] = "time_bounds";
  out.put(put_coordinate(out, "time", dimensions, of_time), instants.times);
  if (sums == nullptr) return dimensions;
  std::vector<int> of_bounds = dimensions;
  of_bounds.push_back(out.dimension("bounds", 2));
  std::vector<double> bounds;
  for (std::size_t i = 0; i < sums->size(); ++i) {
    bounds.push_back(instants.times[i] - *(*sums)[i].interval_s);
    bounds.push_back(instants.times[i]);
  }
  out.put(out.variable("time_bounds", NetcdfNumber::kFloat64, of_bounds), bounds);
  return dimensions;
}

std::vector<float> stored_values(const Field& field) {
  std::vector<float> values(field.count(), kNetcdfFillFloat);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (field.valid[i] == 0) continue;
    if (!std::isfinite(field.values[i]) || field.values[i] == kNetcdfFillFloat) {
      refuse_contents(field, fmt::format("cell {} is valid, but {} stands for what is missing", i, field.values[i]));
    }
    values[i] = field.values[i];
  }
  return values;
}

void put_fields(NetcdfOutput& out, const std::vector<Field>& fields, const std::vector<int>& dimensions,
                const NetcdfInstants& instants, bool has_projection) {
  const Field& first = fields.front();
  const auto height = static_cast<std::size_t>(first.height);
  const auto width = static_cast<std::size_t>(first.width);
  const int id = out.fields_variable(first.quantity, dimensions, height, width);
  put_quantity_names(out, id, first);
  std::string coordinates = instants.references.empty() ? "" : "time";
  if (first.grid.kind == GridKind::kCurvilinear)
    coordinates += coordinates.empty() ? "latitude longitude" : " latitude longitude";
  out.text(id, "coordinates", coordinates);
  if (has_projection) out.text(id, "grid_mapping", "projection");
  if (instants.has_time) {
    const char* accumulated = converts(first.unit, "mm") ? "time: sum" : "time: mean";
    out.text(id, "cell_methods", has_intervals(fields) ? accumulated : "time: point");
  }
  const std::size_t leads = std::max<std::size_t>(instants.leads.size(), 1);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::vector<std::size_t> start(dimensions.size(), 0);
    std::vector<std::size_t> count(dimensions.size(), 1);
    count[count.size() - 2] = height;
    count[count.size() - 1] = width;
    if (dimensions.size() == 4) {
      start[0] = i / leads;
      start[1] = i % leads;
    } else if (dimensions.size() == 3) {
      start[0] = i;
    }
    out.put_part(id, start, count, stored_values(fields[i]));
  }
}

}  // namespace

std::vector<std::byte> encode_netcdf(const NetcdfContents& contents) {
  check_contents(contents);
  const NetcdfInstants instants = instants_of(contents);
  const Field& first = contents.variables.front().front();
  const Grid& grid = first.grid;
  const std::unique_ptr<NetcdfOutput> output = create_netcdf();
  NetcdfOutput& out = *output;
  out.text(kWholeFile, "Conventions", "CF-1.8");
  for (const auto& [name, value] : contents.attributes) out.text(kWholeFile, name, value);
  std::vector<int> dimensions = put_instants(out, contents, instants);
  const bool geographic = grid.kind == GridKind::kGeographic;
  const int y = out.dimension(geographic ? "latitude" : "y", static_cast<std::size_t>(first.height));
  const int x = out.dimension(geographic ? "longitude" : "x", static_cast<std::size_t>(first.width));
  dimensions.push_back(y);
  dimensions.push_back(x);
  if (geographic || grid.kind == GridKind::kProjected) put_axes(out, grid, y, x);
  if (grid.kind == GridKind::kCurvilinear) put_places(out, grid, y, x);
  const bool has_projection = put_projection(out, grid);
  for (const std::vector<Field>& fields : contents.variables) {
    put_fields(out, fields, dimensions, instants, has_projection);
  }
  return out.finish();
}

void write_netcdf(const Files& files, const Files::Path& path, const NetcdfContents& contents) {
  files.write_atomic(path, encode_netcdf(contents));
}

}  // namespace longtake::fields
