// KNMI HDF5 data format specification 3.5.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/radar_hdf5_formats.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

// "26-AUG-2010;00:05:00.000" of an attribute of /overview.
std::optional<std::int64_t> knmi_time(const Hdf5File& file, const std::string& attribute) {
  constexpr std::string_view kMonths = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  const std::optional<std::string> text = file.text("/overview", attribute);
  if (!text) return std::nullopt;
  const std::string where = fmt::format("{}: /overview/{}", file.where(), attribute);
  const bool fits = text->size() > 12 && (*text)[2] == '-' && (*text)[6] == '-' && (*text)[11] == ';';
  const std::size_t month = fits ? kMonths.find(text->substr(3, 3)) : std::string_view::npos;
  if (month == std::string_view::npos || month % 3 != 0) {
    throw BadData(fmt::format("{}: \"{:.40}\" is no time; 26-AUG-2010;00:05:00.000 is wanted", where, *text));
  }
  return parse_time(fmt::format("{}-{}-{} {}", text->substr(7, 4), month / 3 + 1, text->substr(0, 2), text->substr(12)),
                    where);
}

// The name and the unit of "ACCUMULATED_PRECIPITATION_[MM]".
void read_parameter(const Hdf5File& file, Field& field) {
  std::string name = file.text("/image1", "image_geo_parameter").value_or("");
  const std::size_t open = name.find('[');
  if (open != std::string::npos) {
    const std::string unit = name.substr(open + 1, name.find(']', open) - open - 1);
    field.unit = unit == "MM" ? "mm" : unit == "DBZ" ? "dBZ" : unit == "MM/H" ? "mm/h" : unit;
    name.resize(open);
  }
  while (name.ends_with('_')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  field.quantity = name;
}

void read_knmi_grid(const Hdf5File& file, Field& field) {
  const std::string geographic = "/geographic";
  field.grid.projection = file.text(geographic + "/map_projection", "projection_proj4_params").value_or("");
  const auto step_x = file.number(geographic, "geo_pixel_size_x");
  const auto step_y = file.number(geographic, "geo_pixel_size_y");
  const auto column = file.number(geographic, "geo_column_offset");
  const auto row = file.number(geographic, "geo_row_offset");
  const std::vector<double> corners = file.numbers(geographic, "geo_product_corners");
  if (corners.size() == 8) {  // south-west, north-west, north-east, south-east
    const auto corner = [&](std::size_t i) { return GeoPoint{corners[2 * i], corners[2 * i + 1]}; };
    field.grid.corners = {corner(1), corner(2), corner(3), corner(0)};
  }
  const bool kilometres = file.text(geographic, "geo_dim_pixel").value_or("") == "KM,KM";
  if (!step_x || !step_y || !column || !row || !kilometres || !(*step_x > 0) || !(*step_y < 0)) return;
  field.grid.kind = GridKind::kProjected;
  // Offsets count pixels from the projection's origin to the upper left corner.
  for (std::int64_t i = 0; i < field.width; ++i) {
    field.grid.x.push_back((*column + static_cast<double>(i) + 0.5) * *step_x * 1000);
  }
  for (std::int64_t i = 0; i < field.height; ++i) {
    field.grid.y.push_back((*row + static_cast<double>(i) + 0.5) * *step_y * 1000);
  }
}

}  // namespace

Calibration parse_calibration(std::string_view formula, const std::string& where) {
  std::string text;
  for (const char letter : formula) {
    if (std::isspace(static_cast<unsigned char>(letter)) == 0) text += letter;
  }
  const std::size_t variable = text.find("*PV");
  const auto number = [&](std::string_view part) {
    if (part.starts_with('+')) part.remove_prefix(1);
    return parse_double(part, where);
  };
  if (!text.starts_with("GEO=") || variable == std::string::npos) {
    throw BadData(fmt::format("{}: the calibration \"{:.60}\" is not of the form GEO=a*PV+b", where, formula));
  }
  Calibration calibration;
  calibration.scale = number(std::string_view(text).substr(4, variable - 4));
  const std::string_view rest = std::string_view(text).substr(variable + 3);
  if (!rest.empty()) {
    if (rest.front() != '+' && rest.front() != '-') {
      throw BadData(fmt::format("{}: the calibration \"{:.60}\" is not of the form GEO=a*PV+b", where, formula));
    }
    calibration.offset = number(rest);
  }
  return calibration;
}

std::optional<std::int64_t> time_of_knmi(const Hdf5File& file) { return knmi_time(file, "product_datetime_end"); }

Field read_knmi(const Hdf5File& file) {
  const std::string group = "/image1/calibration";
  const std::string where = file.where() + ": " + group;
  const std::optional<std::string> formula = file.text(group, "calibration_formulas");
  if (!formula) throw BadData(where + "/calibration_formulas: there is none; GEO=a*PV+b is wanted");
  const Calibration calibration = parse_calibration(*formula, where + "/calibration_formulas");
  const std::optional<double> missing = file.number(group, "calibration_missing_data");
  const std::optional<double> outside = file.number(group, "calibration_out_of_image");
  const Hdf5Picture picture = file.read("/image1/image_data");
  Field field = empty_field(picture.height, picture.width, file.where());
  for (std::size_t i = 0; i < field.count(); ++i) {
    const double stored = picture.values[i];
    if (stored != missing && stored != outside) set_cell(field, i, stored * calibration.scale + calibration.offset);
  }
  read_parameter(file, field);
  field.time = time_of_knmi(file);
  const auto start = knmi_time(file, "product_datetime_start");
  if (field.time && start && *field.time > *start) field.interval_s = static_cast<double>(*field.time - *start);
  read_knmi_grid(file, field);
  return field;
}

}  // namespace longtake::fields
