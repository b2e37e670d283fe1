// OPERA Data Information Model for HDF5, version 2.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/radar_hdf5.h"
#include "fields/radar_hdf5_formats.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

// One data group with the groups whose attributes it inherits.
struct OdimData {
  std::string dataset;  // "/dataset1"
  std::string data;     // "/dataset1/data1"
  std::string quantity;
};

std::array<std::string, 3> lookups(const OdimData& at, const std::string& group) {
  return {at.data + group, at.dataset + group, group};
}

std::optional<double> inherited_number(const Hdf5File& file, const OdimData& at, const std::string& group,
                                       const std::string& attribute) {
  for (const std::string& path : lookups(at, group)) {
    if (const auto value = file.number(path, attribute)) return value;
  }
  return std::nullopt;
}

std::optional<std::string> inherited_text(const Hdf5File& file, const OdimData& at, const std::string& group,
                                          const std::string& attribute) {
  for (const std::string& path : lookups(at, group)) {
    if (auto value = file.text(path, attribute)) return value;
  }
  return std::nullopt;
}

// "dataset1", "dataset2", ... in the order of their numbers.
std::vector<std::string> numbered(const Hdf5File& file, const std::string& group, const std::string& name) {
  std::vector<std::string> paths;
  const std::string prefix = group == "/" ? "/" : group + "/";
  for (std::int64_t i = 1; file.has(fmt::format("{}{}{}", prefix, name, i)); ++i) {
    paths.push_back(fmt::format("{}{}{}", prefix, name, i));
  }
  return paths;
}

OdimData find_data(const Hdf5File& file, const std::string& quantity) {
  std::vector<std::string> there;
  for (const std::string& dataset : numbered(file, "/", "dataset")) {
    for (const std::string& data : numbered(file, dataset, "data")) {
      OdimData found{dataset, data, ""};
      found.quantity = inherited_text(file, found, "/what", "quantity").value_or("");
      if (quantity.empty() || found.quantity == quantity) return found;
      there.push_back(found.quantity);
    }
  }
  if (there.empty()) throw BadData(file.where() + ": has no /dataset1/data1");
  throw InvalidArgument(
      fmt::format("{}: no quantity \"{:.40}\"; the file has {}", file.where(), quantity, join(there, ", ")));
}

bool is_reflectivity(const std::string& quantity) {
  return quantity.starts_with("DBZ") || quantity == "TH" || quantity == "TV" || quantity == "T";
}

std::string unit_of(const std::string& quantity) {
  if (is_reflectivity(quantity)) return "dBZ";
  if (quantity == "RATE") return "mm/h";
  if (quantity == "ACRR") return "mm";
  if (quantity.starts_with("VRAD")) return "m/s";
  if (quantity == "HGHT") return "km";
  return "";
}

std::optional<std::int64_t> odim_time(const Hdf5File& file, const std::string& path, const std::string& date,
                                      const std::string& time) {
  const auto day = file.text(path, date);
  const auto clock = file.text(path, time);
  if (!day || !clock) return std::nullopt;
  const std::string where = fmt::format("{}: {}/{} and {}", file.where(), path, date, time);
  if (day->size() != 8) throw BadData(fmt::format("{}: \"{:.20}\" is no day; YYYYMMDD is wanted", where, *day));
  return parse_time(*day + *clock, where);
}

GeoPoint corner_of(const Hdf5File& file, const OdimData& at, const std::string& name) {
  const auto longitude = inherited_number(file, at, "/where", name + "_lon");
  const auto latitude = inherited_number(file, at, "/where", name + "_lat");
  return {longitude.value_or(1e9), latitude.value_or(1e9)};
}

void read_odim_grid(const Hdf5File& file, const OdimData& at, Field& field) {
  field.grid.projection = inherited_text(file, at, "/where", "projdef").value_or("");
  const std::array<GeoPoint, 4> corners{corner_of(file, at, "UL"), corner_of(file, at, "UR"), corner_of(file, at, "LR"),
                                        corner_of(file, at, "LL")};
  const bool stated = std::all_of(corners.begin(), corners.end(),
                                  [](const GeoPoint& point) { return point.longitude < 1e6 && point.latitude < 1e6; });
  if (stated) field.grid.corners = corners;
  const auto step_x = inherited_number(file, at, "/where", "xscale");
  const auto step_y = inherited_number(file, at, "/where", "yscale");
  if (!step_x || !step_y || !(*step_x > 0) || !(*step_y > 0)) return;
  field.grid.kind = GridKind::kProjected;
  field.grid.absolute = false;
  for (std::int64_t i = 0; i < field.width; ++i) field.grid.x.push_back((static_cast<double>(i) + 0.5) * *step_x);
  for (std::int64_t i = 0; i < field.height; ++i) field.grid.y.push_back(-(static_cast<double>(i) + 0.5) * *step_y);
}

}  // namespace

std::optional<std::int64_t> time_of_odim(const Hdf5File& file) { return odim_time(file, "/what", "date", "time"); }

Field read_odim(const Hdf5File& file, const std::string& quantity) {
  const std::string object = file.text("/what", "object").value_or("");
  if (object != "COMP" && object != "IMAGE" && object != "CVOL") {
    throw Unsupported(
        fmt::format("{}: holds an ODIM object \"{:.20}\"; composites and images (COMP, IMAGE, CVOL) are read",
                    file.where(), object));
  }
  const OdimData at = find_data(file, quantity);
  const double gain = inherited_number(file, at, "/what", "gain").value_or(1);
  const double offset = inherited_number(file, at, "/what", "offset").value_or(0);
  const std::optional<double> missing = inherited_number(file, at, "/what", "nodata");
  const std::optional<double> nothing = inherited_number(file, at, "/what", "undetect");
  const Hdf5Picture picture = file.read(at.data + "/data");
  Field field = empty_field(picture.height, picture.width, file.where());
  field.quantity = at.quantity;
  field.unit = unit_of(at.quantity);
  const double no_echo = is_reflectivity(at.quantity) ? kNoRainDbz : 0;
  for (std::size_t i = 0; i < field.count(); ++i) {
    const double stored = picture.values[i];
    if (stored != missing) set_cell(field, i, stored == nothing ? no_echo : stored * gain + offset);
  }
  field.time = time_of_odim(file);
  const auto start = odim_time(file, at.dataset + "/what", "startdate", "starttime");
  const auto end = odim_time(file, at.dataset + "/what", "enddate", "endtime");
  if (start && end && *end > *start) field.interval_s = static_cast<double>(*end - *start);
  read_odim_grid(file, at, field);
  return field;
}

namespace {

enum class Hdf5Kind : std::uint8_t { kKnmi, kOdim };

Hdf5Kind kind_of(const Hdf5File& file) {
  if (file.text("/", "Conventions").value_or("").starts_with("ODIM_H5")) return Hdf5Kind::kOdim;
  if (file.has("/overview")) return Hdf5Kind::kKnmi;
  throw Unsupported(
      fmt::format("{}: is HDF5 of an unknown kind; KNMI's with /overview and ODIM_H5 are read", file.where()));
}

}  // namespace

std::optional<std::int64_t> time_of_radar_hdf5(const Files::Path& path) {
  const std::unique_ptr<const Hdf5File> opened = open_hdf5_file(path);
  const Hdf5File& file = *opened;
  return kind_of(file) == Hdf5Kind::kOdim ? time_of_odim(file) : time_of_knmi(file);
}

Field read_radar_hdf5(const Files::Path& path, const RadarHdf5Options& options) {
  const std::unique_ptr<const Hdf5File> opened = open_hdf5_file(path);
  const Hdf5File& file = *opened;
  if (kind_of(file) == Hdf5Kind::kOdim) return read_odim(file, options.quantity);
  Field field = read_knmi(file);
  if (!options.quantity.empty() && options.quantity != field.quantity) {
    throw InvalidArgument(
        fmt::format("{}: no quantity \"{:.40}\"; the file has {}", file.where(), options.quantity, field.quantity));
  }
  return field;
}

}  // namespace longtake::fields
