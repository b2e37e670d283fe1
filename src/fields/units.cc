// Products of powers of known units, in the manner of UDUNITS but for what fields need.
#include "fields/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr double kWater = 1000;  // kg/m^3

enum Dimension { kLength, kMass, kTime, kTemperature, kDimensions };
using Powers = std::array<int, kDimensions>;

// value in SI = value * scale + offset
struct Unit {
  double scale = 1;
  double offset = 0;
  Powers powers{};
};

struct NamedUnit {
  std::string_view names;  // separated by spaces
  Unit unit;
};

constexpr std::array kUnits{
    NamedUnit{"m metre meter metres meters", {1, 0, {1, 0, 0, 0}}},
    NamedUnit{"mm millimetre millimeter millimetres millimeters MM", {1e-3, 0, {1, 0, 0, 0}}},
    NamedUnit{"cm centimetre centimeter", {1e-2, 0, {1, 0, 0, 0}}},
    NamedUnit{"km kilometre kilometer kilometres kilometers KM", {1e3, 0, {1, 0, 0, 0}}},
    NamedUnit{"in inch inches", {0.0254, 0, {1, 0, 0, 0}}},
    NamedUnit{"kg", {1, 0, {0, 1, 0, 0}}},
    NamedUnit{"g", {1e-3, 0, {0, 1, 0, 0}}},
    NamedUnit{"s sec second seconds", {1, 0, {0, 0, 1, 0}}},
    NamedUnit{"min minute minutes", {60, 0, {0, 0, 1, 0}}},
    NamedUnit{"h hr hrs hour hours", {3600, 0, {0, 0, 1, 0}}},
    NamedUnit{"d day days", {86400, 0, {0, 0, 1, 0}}},
    NamedUnit{"K kelvin Kelvin degK", {1, 0, {0, 0, 0, 1}}},
    NamedUnit{"degC celsius Celsius degrees_celsius degree_Celsius degrees_Celsius C \u00B0C",
              {1, 273.15, {0, 0, 0, 1}}},
    NamedUnit{"degF fahrenheit Fahrenheit", {5.0 / 9, 459.67 * 5 / 9, {0, 0, 0, 1}}},
    NamedUnit{"Pa pa pascal", {1, 0, {-1, 1, -2, 0}}},
    NamedUnit{"hPa hpa mb mbar millibar millibars hectopascal", {100, 0, {-1, 1, -2, 0}}},
    NamedUnit{"kPa", {1000, 0, {-1, 1, -2, 0}}},
    NamedUnit{"bar", {1e5, 0, {-1, 1, -2, 0}}},
    NamedUnit{"kt kts knot knots kn", {1852.0 / 3600, 0, {1, 0, -1, 0}}},
    NamedUnit{"mps", {1, 0, {1, 0, -1, 0}}},
    NamedUnit{"% percent", {1e-2, 0, {}}},
};

const Unit* find_unit(std::string_view name) {
  for (const NamedUnit& known : kUnits) {
    for (const std::string_view alias : split(known.names, ' ')) {
      if (alias == name) return &known.unit;
    }
  }
  return nullptr;
}

bool is_dbz(std::string_view unit) {
  const std::string_view text = trim(unit);
  return text.size() == 3 && std::tolower(static_cast<unsigned char>(text[0])) == 'd' &&
         std::tolower(static_cast<unsigned char>(text[1])) == 'b' &&
         std::tolower(static_cast<unsigned char>(text[2])) == 'z';
}

bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_number_part(char letter) { return is_digit(letter) || letter == '-' || letter == '+'; }

// Reads products from left to right; each step takes what it knows off the front of rest_.
class UnitParser {
 public:
  explicit UnitParser(std::string_view text) : rest_(trim(text)) {}

  std::optional<Unit> parse() {
    if (rest_.empty()) return std::nullopt;
    Unit product;
    int factors = 0;
    bool divide = false;
    while (!rest_.empty()) {
      if (factors > 0 && take_separator()) divide = true;
      const std::optional<Unit> factor = take_factor();
      if (!factor) return std::nullopt;
      const int sign = divide ? -1 : 1;
      product.scale *= std::pow(factor->scale, sign);
      product.offset += factor->offset;
      for (int i = 0; i < kDimensions; ++i) product.powers[i] += sign * factor->powers[i];
      divide = divide && was_number_;  // "mm / 5 min" divides by both
      ++factors;
    }
    if (factors > 1 && product.offset != 0) product.offset = 0;  // a difference of temperatures: K m-1
    return product;
  }

 private:
  // Takes what stands between two factors; whether it divides.
  bool take_separator() {
    bool divides = false;
    rest_ = trim(rest_);
    if (rest_.starts_with("per ")) {
      rest_.remove_prefix(4);
      divides = true;
    } else if (rest_.starts_with("/")) {
      rest_.remove_prefix(1);
      divides = true;
    } else if (rest_.starts_with("*") || rest_.starts_with(".")) {
      rest_.remove_prefix(1);
    }
    rest_ = trim(rest_);
    return divides;
  }

  std::optional<Unit> take_factor() {
    std::size_t length = 0;
    if (!rest_.empty() && is_digit(rest_.front())) return take_number();
    was_number_ = false;
    while (length < rest_.size() &&
           std::string_view(" */.^+-0123456789").find(rest_[length]) == std::string_view::npos) {
      ++length;
    }
    const Unit* known = find_unit(rest_.substr(0, length));
    if (known == nullptr) return std::nullopt;
    rest_.remove_prefix(length);
    const std::optional<int> power = take_power();
    if (!power || power == 1) return power ? std::optional(*known) : std::nullopt;
    Unit unit{std::pow(known->scale, *power), 0, known->powers};
    for (int& exponent : unit.powers) exponent *= *power;
    return unit;
  }

  std::optional<Unit> take_number() {
    double value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || !(value > 0) || !std::isfinite(value)) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    was_number_ = true;
    return Unit{value, 0, {}};
  }

  // "**-1", "^2", "-1" or nothing
  std::optional<int> take_power() {
    if (rest_.starts_with("**")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with("^")) {
      rest_.remove_prefix(1);
    } else if (rest_.empty() || !is_number_part(rest_.front())) {
      return 1;
    }
    int power = 0;
    const char* begin = rest_.data() + (rest_.starts_with("+") ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, rest_.data() + rest_.size(), power);
    if (error != std::errc() || power == 0 || std::abs(power) > 6) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return power;
  }

  std::string_view rest_;
  bool was_number_ = false;
};

[[noreturn]] void refuse(std::string_view from, std::string_view to, std::string_view why) {
  throw InvalidArgument(fmt::format("\"{:.60}\" does not convert to \"{:.60}\": {}", from, to, why));
}

Unit known_unit(std::string_view text, std::string_view from, std::string_view to) {
  const std::optional<Unit> unit = UnitParser(text).parse();
  const char* hint = trim(text).empty() ? "; it must be given (unit of a series, file_unit of NetcdfOptions)" : "";
  if (!unit) refuse(from, to, fmt::format("\"{:.60}\" is no unit that is known{}", text, hint));
  return *unit;
}

}  // namespace

double rain_rate(double dbz, const ZRelation& relation, double no_rain_dbz) {
  if (dbz <= no_rain_dbz) return 0;
  return std::pow(std::pow(10, dbz / 10) / relation.a, 1 / relation.b);
}

double reflectivity(double mm_per_h, const ZRelation& relation, double no_rain_dbz) {
  if (mm_per_h <= 0) return no_rain_dbz;
  return std::max(no_rain_dbz, 10 * std::log10(relation.a * std::pow(mm_per_h, relation.b)));
}

Conversion::Conversion(std::string_view from, std::string_view to, const ConversionOptions& options)
    : options_(options) {
  if (!(options.relation.a > 0) || !(options.relation.b > 0)) {
    throw InvalidArgument(
        fmt::format("a Z-R relation of a {} and b {}; both must be above 0", options.relation.a, options.relation.b));
  }
  if (trim(from) == trim(to)) return;
  from_dbz_ = is_dbz(from);
  to_dbz_ = is_dbz(to);
  if (from_dbz_ && to_dbz_) {
    from_dbz_ = to_dbz_ = false;
    return;
  }
  const Unit source = known_unit(from_dbz_ ? "mm/h" : from, from, to);
  const Unit target = known_unit(to_dbz_ ? "mm/h" : to, from, to);
  Powers difference{};
  for (int i = 0; i < kDimensions; ++i) difference[i] = source.powers[i] - target.powers[i];
  double factor = 1;
  // A mass of water over an area is a depth.
  const int water = difference[kMass];
  if (std::abs(water) == 1 && difference[kLength] == -3 * water) {
    factor *= std::pow(kWater, -water);
    difference[kMass] = 0;
    difference[kLength] = 0;
  }
  // A depth is a rate times the time it fell in.
  const auto is_depth = [](const Powers& powers) { return powers[kTime] == 0 && (powers[kLength] != 0); };
  const bool accumulates = is_depth(source.powers) != is_depth(target.powers) && std::abs(difference[kTime]) == 1 &&
                           difference[kLength] == 0 && difference[kMass] == 0 && difference[kTemperature] == 0;
  if (accumulates) {
    if (!options.interval_s || !(*options.interval_s > 0)) {
      refuse(from, to,
             "one is a depth and the other a rate; the interval in which it fell must be given (interval_minutes of a "
             "series, interval_s of ConversionOptions)");
    }
    factor *= std::pow(*options.interval_s, -difference[kTime]);
    difference[kTime] = 0;
  }
  if (difference != Powers{}) refuse(from, to, "they measure different things");
  scale_ = source.scale * factor / target.scale;
  offset_ = (source.offset * factor - target.offset) / target.scale;
}

double Conversion::operator()(double value) const {
  if (from_dbz_) value = rain_rate(value, options_.relation, options_.no_rain_dbz);
  value = value * scale_ + offset_;
  return to_dbz_ ? reflectivity(value, options_.relation, options_.no_rain_dbz) : value;
}

Field convert(Field field, std::string_view unit, ConversionOptions options) {
  if (field.interval_s) options.interval_s = field.interval_s;
  const Conversion conversion(field.unit, unit, options);
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (field.valid[i] != 0) set_cell(field, i, conversion(field.values[i]));
  }
  field.unit = trim(unit);
  return field;
}

}  // namespace longtake::fields
