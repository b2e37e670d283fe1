#include "reports/field_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::reports {

namespace {

// Blue for drizzle and rain, violet for downpours; each a step darker than the one before.
const std::vector<Colour> kRainColours{{214, 236, 247}, {178, 219, 241}, {134, 197, 232}, {86, 168, 219},
                                       {51, 133, 199},  {48, 96, 172},   {74, 66, 148},   {104, 42, 126},
                                       {112, 20, 90},   {74, 8, 52}};
const std::vector<Colour> kReflectivityColours{{226, 240, 248}, {202, 229, 244}, {172, 214, 238}, {134, 196, 231},
                                               {96, 173, 221},  {62, 146, 207},  {46, 115, 186},  {54, 84, 162},
                                               {80, 60, 143},   {104, 40, 122},  {108, 20, 88},   {70, 8, 50}};
const std::vector<Colour> kContinuousColours{{255, 254, 247}, {254, 230, 170}, {253, 187, 96}, {240, 118, 62},
                                             {202, 56, 66},   {128, 26, 88},   {42, 14, 58}};

const std::vector<Colour> kDivergingColours{{16, 42, 92},    {45, 105, 172},  {120, 172, 212},
                                            {205, 226, 240}, {252, 252, 252}, {250, 219, 199},
                                            {237, 150, 118}, {197, 58, 66},   {103, 8, 31}};

bool measures(const std::string& unit, const char* like) {
  try {
    fields::Conversion(unit, like);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

// "m s-1" is a rate of rain and a wind: there the name decides.
bool is_rain_rate(const fields::Field& field) {
  const bool named = field.quantity == "rain_rate" || field.quantity == "PRECT" ||
                     field.quantity.find("rain") != std::string::npos ||
                     field.quantity.find("precip") != std::string::npos;
  return field.unit == "mm/h" || (named && field.unit != "dBZ" && measures(field.unit, "mm/h"));
}

}  // namespace

Colour FieldScale::colour(double value) const {
  const auto above = std::upper_bound(values.begin(), values.end(), value);
  if (above == values.begin()) return stepped ? nothing : colours.front();
  const auto at = static_cast<std::size_t>(above - values.begin() - 1);
  if (stepped || at + 1 == values.size()) return colours[at];
  const double share = (value - values[at]) / (values[at + 1] - values[at]);
  const auto mix = [share](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + (b - a) * share));
  };
  const Colour& a = colours[at];
  const Colour& b = colours[at + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

FieldScale rain_scale() {
  return {.unit = "mm/h", .values = {0.1, 0.5, 1, 2, 5, 10, 20, 30, 50, 100}, .colours = kRainColours};
}

FieldScale reflectivity_scale() {
  FieldScale scale{.unit = "dBZ", .colours = kReflectivityColours};
  for (std::size_t i = 1; i <= scale.colours.size(); ++i) scale.values.push_back(5.0 * static_cast<double>(i));
  return scale;
}

FieldScale continuous_scale(double low, double high, std::string unit) {
  if (!(low < high) || !std::isfinite(low) || !std::isfinite(high)) {
    throw InvalidArgument(fmt::format("a colour scale from {} to {}; the first must be below the second", low, high));
  }
  FieldScale scale{.unit = std::move(unit), .stepped = false, .colours = kContinuousColours};
  const double steps = static_cast<double>(scale.colours.size() - 1);
  for (std::size_t i = 0; i < scale.colours.size(); ++i) {
    scale.values.push_back(low + (high - low) * static_cast<double>(i) / steps);
  }
  return scale;
}

FieldScale diverging_scale(double limit, std::string unit) {
  FieldScale scale = continuous_scale(-limit, limit, std::move(unit));
  scale.colours = kDivergingColours;
  scale.values.clear();
  const std::size_t middle = scale.colours.size() / 2;
  const auto half = static_cast<double>(middle);
  for (std::size_t i = 0; i < scale.colours.size(); ++i) {
    scale.values.push_back(limit * (static_cast<double>(i) - half) / half);
  }
  return scale;
}

FieldScale scale_for(std::span<const fields::Field> fields) {
  if (fields.empty()) throw InvalidArgument("a colour scale needs at least one field to suit");
  const fields::Field& first = fields.front();
  if (first.unit == "dBZ") return reflectivity_scale();
  if (is_rain_rate(first)) return rain_scale();
  if (first.quantity == "storm_density") return continuous_scale(0, 1, first.unit);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const fields::Field& field : fields) {
    for (std::size_t i = 0; i < field.count(); ++i) {
      if (field.valid[i] == 0) continue;
      low = std::min<double>(low, field.values[i]);
      high = std::max<double>(high, field.values[i]);
    }
  }
  if (!(low <= high)) return continuous_scale(0, 1, first.unit);  // nothing to show
  if (low < 0 && high > 0) return diverging_scale(std::max(-low, high), first.unit);
  if (low == high) {
    const double around = std::max(std::abs(low) / 1000, 0.5);
    low -= around;
    high += around;
  }
  if (!measures(first.unit, "hPa")) return continuous_scale(low, high, first.unit);
  const fields::Conversion hectopascals(first.unit, "hPa");
  return continuous_scale(hectopascals(low), hectopascals(high), "hPa");
}

}  // namespace longtake::reports
