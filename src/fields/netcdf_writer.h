// Fields as a NetCDF file of the CF conventions 1.8 (https://cfconventions.org) that open_netcdf() reads back with the
// same bits: forecasts, generated sets, and whatever else is handed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

struct NetcdfContents {
  // A variable each, named by its fields' quantity: the fields of one quantity and unit in the order of time. All are
  // of one grid, and the fields at one place of the lists have one time. A single field may have none.
  std::vector<std::vector<Field>> variables;
  // When forecasts were made, rising. Every list then holds the forecast of the first reference time, that of the
  // second, and so on, all with the same lead times. Empty for fields that were measured.
  std::vector<std::int64_t> reference_times;
  // Of the file: "title", "source", "history"; "Conventions" is written anyhow.
  std::map<std::string, std::string> attributes;
};

// The bytes of the file. The same contents give the same bytes.
//
// Dimensions are (time, y, x), (y, x) for a single field without a time, or (forecast_reference_time, forecast_period,
// y, x) with a time for each pair; y and x are latitude and longitude where the grid has them. Values are float32, what
// is missing is _FillValue. The format is NetCDF-4, because its deflate makes rain, which is mostly zeros, some twenty
// times smaller than the classic format would.
//
// A projection is written as its PROJ string (proj4_params) and, where CF has a name for it, in CF's terms. Where all
// fields of a variable have an interval_s it becomes the bounds of time.
//
// Throws InvalidArgument, naming the variable, for fields that differ in grid, quantity or unit, for times that do not
// rise or differ between variables, for lead times that differ between reference times, and for a quantity that is no
// name for a variable; BadData as check_size(); Unsupported where longtake was built without NetCDF.
std::vector<std::byte> encode_netcdf(const NetcdfContents& contents);

// Writes them so that after any failure there is the old file or the whole new one. Throws IoError besides.
void write_netcdf(const Files& files, const Files::Path& path, const NetcdfContents& contents);

}  // namespace longtake::fields
