// Radar composites in HDF5: KNMI's own format and OPERA's ODIM, which most European services write.
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

struct RadarHdf5Options {
  // What to read where a file holds several: ODIM's "DBZH", "RATE", "ACRR". Empty reads the first.
  std::string quantity;
};

// KNMI's format is told by its group /overview, ODIM by /Conventions; any other HDF5 is Unsupported.
//
// KNMI HDF5 data format 3.5: /image1/image_data by the formula "GEO=a*PV+b", missing and out of image. The unit stands
// in brackets in image_geo_parameter ("..._[MM]"); the time is product_datetime_end, the interval of a depth the time
// from product_datetime_start to it.
//
// ODIM_H5 2: the dataset whose what/quantity is asked, gain and offset; nodata is missing, and undetect (looked at, and
// no echo found) is kNoRainDbz for reflectivities and 0 for rain. Attributes of data go before those of the dataset,
// and these before the file's. The time is /what/date and time, the interval of an accumulation that of the dataset's
// start and end. The projection is where/projdef; its axes start at the edges (Grid::absolute is false).
//
// Throws BadData for what breaks the format, InvalidArgument that lists what the file has for a quantity that it lacks.
Field read_radar_hdf5(const Files::Path& path, const RadarHdf5Options& options = {});

// Its time alone; nothing where the file does not say it.
std::optional<std::int64_t> time_of_radar_hdf5(const Files::Path& path);

}  // namespace longtake::fields
