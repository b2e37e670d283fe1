// MeteoSwiss's way of writing rain, see meteoswiss.h.
#include "fields/meteoswiss.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/picture8.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::uint8_t kMissingMeteoSwiss = 255;
constexpr std::size_t kLargestGif = std::size_t{1} << 26;

double meteoswiss_rate(int v) {
  if (v < 2 || v > 250) return 0;
  return 12 * std::pow(std::pow(10, (v - 71.5) / 20) / 316, 1 / 1.5);
}

// The corner points are the composite's: 255 to 965 km east, 480 to -160 km north in Swiss coordinates.
Grid meteoswiss_grid() {
  Grid grid;
  grid.kind = GridKind::kProjected;
  grid.projection =
      "+proj=somerc +lat_0=46.9524055555556 +lon_0=7.43958333333333 +k_0=1 +x_0=600000 +y_0=200000 +ellps=bessel "
      "+towgs84=674.374,15.056,405.346,0,0,0,0 +units=m +no_defs";
  for (int i = 0; i < 710; ++i) grid.x.push_back(255000 + 1000 * (i + 0.5));
  for (int i = 0; i < 640; ++i) grid.y.push_back(480000 - 1000 * (i + 0.5));
  return grid;
}

}  // namespace

Field parse_meteoswiss(std::string_view bytes, const std::string& where) {
  const Picture8 picture = decode_gif(bytes, where);
  std::array<double, 256> rates{};
  for (int v = 0; v < 256; ++v) rates[static_cast<std::size_t>(v)] = meteoswiss_rate(v);
  Field field = empty_field(picture.height, picture.width, where);
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (picture.pixels[i] != kMissingMeteoSwiss) set_cell(field, i, rates[picture.pixels[i]]);
  }
  field.quantity = "rain_rate";
  field.unit = "mm/h";
  if (field.height == 640 && field.width == 710) field.grid = meteoswiss_grid();
  return field;
}

std::optional<std::int64_t> time_of_meteoswiss_name(const Files::Path& path) {
  const std::string name = path.filename().string();
  const bool fits = name.size() > 12 && std::all_of(name.begin() + 3, name.begin() + 12,
                                                    [](unsigned char letter) { return std::isdigit(letter) != 0; });
  if (!fits) return std::nullopt;
  const std::string where = path.string();
  const auto number = [&](std::size_t at, std::size_t count) { return parse_int64(name.substr(at, count), where); };
  const std::int64_t day = number(5, 3);
  if (day < 1 || day > 366) throw BadData(fmt::format("{}: the name has a day {} of the year", where, day));
  return utc_seconds(2000 + number(3, 2), 1, 1, number(8, 2), number(10, 2), where) + (day - 1) * 86400;
}

Field read_meteoswiss(const Files& files, const Files::Path& path) {
  Field field = parse_meteoswiss(files.read(path, kLargestGif), path.string());
  field.time = time_of_meteoswiss_name(path);
  if (!field.time) {
    throw BadData(fmt::format("{}: the name says no time; AQCyydddHHMM... is wanted", path.string()));
  }
  return field;
}

}  // namespace longtake::fields
