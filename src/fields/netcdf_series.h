// Fields of a variable in a NetCDF file that follows the CF conventions, chosen by its name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "fields/field.h"
#include "fields/units.h"

namespace longtake::fields {

struct NetcdfOptions {
  std::string variable;   // its name in the file
  std::string unit;       // what the fields are converted to; empty keeps the file's
  std::string file_unit;  // goes before the file's own, for files that state none
  ConversionOptions conversion;
  // The variable with the times; empty finds it by what CF says of time.
  std::string time_variable;
  std::string time_units;  // "hours since 1996-01-05", for files that state none
  std::string calendar;    // the same; empty takes the file's, or else standard
  // The index along each dimension that is neither time nor place and has more than one: {"level", 2}.
  std::map<std::string, std::int64_t, std::less<>> indices;
  // Turns a global grid so that longitudes run from here: -180 or 0. Empty keeps the file's.
  std::optional<double> west;
};

// The series holds no file open and reads one time at a time. Rows and columns are put in the order of field.h,
// whatever the file's; a variable without time has one field. Where rain accumulates, interval_s comes from the bounds
// of time, from a variable start_time, or from cell_methods ("interval: 1 hr").
//
// Throws InvalidArgument that lists the variables where there is none of that name, for a unit that does not convert
// (also where the file states none) and for a dimension without an index; BadData for what breaks the conventions;
// IoError for files that are not there.
std::unique_ptr<FieldSeries> open_netcdf(const Files::Path& path, const NetcdfOptions& options);

// The Bureau of Meteorology's radar accumulations as rain rates in mm/h.
NetcdfOptions bom_options();

}  // namespace longtake::fields
