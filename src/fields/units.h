// Units of fields and how they become one another: rain as a rate, as a depth over an interval and as reflectivity,
// wind, temperature and pressure. Units that do not convert are an error that names both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fields/field.h"
#include "fields/z_relation.h"

namespace longtake::fields {

// Reflectivity that stands for no rain at all, the lowest of FMI's and KNMI's files.
inline constexpr double kNoRainDbz = -32;

struct ConversionOptions {
  ZRelation relation;
  // A reflectivity up to this is a rate of 0, and a rate of 0, or one that gives less, is this.
  double no_rain_dbz = kNoRainDbz;
  // Between a depth and a rate: the seconds that the depth fell in. A field's own interval_s goes before it.
  std::optional<double> interval_s;
};

// One unit into another.
class Conversion {
 public:
  // Reads units as CF writes them ("kg m-2 s-1", "mm/h", "m s**-1", "hPa", "degC", "dBZ"), where water has 1000 kg/m^3.
  // Equal texts convert whatever they say. Throws InvalidArgument that names both units where one is not known, where
  // they measure different things, or where a depth meets a rate without an interval.
  Conversion(std::string_view from, std::string_view to, const ConversionOptions& options = {});

  double operator()(double value) const;

 private:
  ConversionOptions options_;
  bool from_dbz_ = false;
  bool to_dbz_ = false;
  double scale_ = 1;
  double offset_ = 0;
};

// The rain rate in mm/h of a reflectivity in dBZ, and back.
double rain_rate(double dbz, const ZRelation& relation = {}, double no_rain_dbz = kNoRainDbz);
double reflectivity(double mm_per_h, const ZRelation& relation = {}, double no_rain_dbz = kNoRainDbz);

// The field in another unit; what is missing stays missing. Throws InvalidArgument as Conversion does.
Field convert(Field field, std::string_view unit, ConversionOptions options = {});

}  // namespace longtake::fields
