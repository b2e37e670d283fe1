// The CF and NetCDF conventions on one variable: packing and missing values, what its dimensions are, and its
// projection. Private to fields.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/great_circle.h"
#include "fields/netcdf_file.h"

namespace longtake::fields {

// From stored numbers to values (CF 8.1) and what counts as missing (CF 2.5.1 and the NetCDF users' guide, appendix A):
// _FillValue, missing_value, what lies outside valid_range or valid_min and valid_max, the library's own fill value
// where no _FillValue is stated, NaN and infinity.
class Packing {
 public:
  Packing(const NetcdfFile& file, const NetcdfVariable& variable);

  // NaN for what is missing.
  double unpack(double stored) const;

 private:
  double scale_ = 1;
  double offset_ = 0;
  bool is_float_ = false;
  double wrap_ = 0;  // added to negative numbers of a signed type that stands for an unsigned one
  std::vector<double> missing_;
  double least_ = 0;  // of stored numbers, or of values where range_of_values_
  double greatest_ = 0;
  bool range_of_values_ = false;
};

enum class AxisKind : std::uint8_t { kNone, kTime, kLongitude, kLatitude, kX, kY };

// How longtake's own files say what CF has no words for: that an axis counts from the edge of the grid, and the grid's
// outer corners (of Grid::corners), at the grid mapping.
inline constexpr const char* kAxisOrigin = "origin";
inline constexpr const char* kAxisFromEdge = "edge of the grid";
inline constexpr const char* kCornerLongitudes = "corner_longitudes";
inline constexpr const char* kCornerLatitudes = "corner_latitudes";

// What a variable is a coordinate of, by its units, its standard name, its axis attribute and at last its name. The
// lead times of forecasts (forecast_period) are kTime; forecast_reference_time is kNone, for it is when they were made.
AxisKind axis_kind(const NetcdfFile& file, const NetcdfVariable& variable);
// What a dimension without a variable of its name looks like.
AxisKind axis_kind(std::string_view dimension);

// The PROJ string of the variable's grid_mapping; empty where it has none, or one that is not known here.
std::string projection_of(const NetcdfFile& file, const NetcdfVariable& variable);

// Grid::corners of the same variable, where one of longtake's files states them.
std::optional<std::array<GeoPoint, 4>> corners_of(const NetcdfFile& file, const NetcdfVariable& variable);

// "time: sum (interval: 1 hr)" in seconds; nothing where cell_methods has no such part.
std::optional<double> interval_of_cell_methods(const std::string& cell_methods);

}  // namespace longtake::fields
