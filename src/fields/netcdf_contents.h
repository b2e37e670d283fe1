// What a NetCDF file of fields may hold, checked before it is written, and its times. Private to fields.
#pragma once

#include <vector>

#include "fields/netcdf_writer.h"

namespace longtake::fields {

// Throws InvalidArgument for what encode_netcdf() says, but for times and intervals.
void check_contents(const NetcdfContents& contents);

// The file's dimensions besides place, in seconds.
struct NetcdfInstants {
  bool has_time = false;
  std::vector<double> references;  // since 1970; empty without forecasts
  std::vector<double> leads;       // after the reference time; empty without forecasts
  std::vector<double> times;       // since 1970: [references, leads], or [fields]
};

// Throws InvalidArgument as encode_netcdf() says.
NetcdfInstants instants_of(const NetcdfContents& contents);

// Whether all have an interval.
bool has_intervals(const std::vector<Field>& fields);

// The first variable whose fields have intervals, or null. Throws InvalidArgument where only some of its fields have
// one, where variables differ in them, and for intervals that are not whole seconds above 0.
const std::vector<Field>* accumulating(const NetcdfContents& contents);

// Throws InvalidArgument that names the field's quantity and says why.
[[noreturn]] void refuse_contents(const Field& field, const std::string& why);

}  // namespace longtake::fields
