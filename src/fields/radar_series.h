// Files of radars as one series, by the endings of their names.
#pragma once

#include <memory>
#include <vector>

#include "base/files.h"
#include "fields/field.h"
#include "fields/hko7.h"
#include "fields/netcdf_series.h"
#include "fields/radar_hdf5.h"

namespace longtake::fields {

struct RadarOptions {
  NetcdfOptions netcdf = bom_options();  // .nc, .cdf
  RadarHdf5Options hdf5;                 // .h5, .hdf, .hdf5
  Hko7Options hko7;                      // .png
};

// Throws InvalidArgument for an empty list, for endings of no radar, for a mixture of formats, and for options of a
// format that the files do not have: a variable or file_unit but for NetCDF, a quantity but for HDF5.
void check_radar(const std::vector<Files::Path>& paths, const RadarOptions& options);

// The fields as the files state them, in the order given: .pgm and .pgm.gz are FMI's, .gif MeteoSwiss's, .png HKO-7's,
// .h5 KNMI's or ODIM, .nc and .cdf NetCDF. convert() brings them to one unit. Throws as check_radar() and
// the readers do.
std::unique_ptr<FieldSeries> open_radar(const Files& files, std::vector<Files::Path> paths,
                                        const RadarOptions& options = {});

}  // namespace longtake::fields
