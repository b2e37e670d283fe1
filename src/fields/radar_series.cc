// The choice of a reader.
#include "fields/radar_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fields/file_series.h"
#include "fields/fmi.h"
#include "fields/meteoswiss.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

enum class RadarFormat : std::uint8_t { kFmi, kMeteoSwiss, kHko7, kHdf5, kNetcdf };

RadarFormat format_of(const Files::Path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".pgm") || name.ends_with(".pgm.gz")) return RadarFormat::kFmi;
  if (name.ends_with(".gif")) return RadarFormat::kMeteoSwiss;
  if (name.ends_with(".png")) return RadarFormat::kHko7;
  if (name.ends_with(".h5") || name.ends_with(".hdf") || name.ends_with(".hdf5")) return RadarFormat::kHdf5;
  if (name.ends_with(".nc") || name.ends_with(".cdf")) return RadarFormat::kNetcdf;
  throw InvalidArgument(fmt::format(
      "{}: is no radar file by its name; .pgm, .pgm.gz, .gif, .png, .h5, .hdf, .hdf5, .nc and .cdf are read",
      path.string()));
}

// What is said of other formats than the files' would be passed over in silence.
void check_options(RadarFormat format, const std::string& name, const RadarOptions& options) {
  const std::string& variable = options.netcdf.variable;
  if (format != RadarFormat::kNetcdf && (variable != bom_options().variable || !options.netcdf.file_unit.empty())) {
    throw InvalidArgument(fmt::format("{}: a variable and its unit can be said of NetCDF (.nc, .cdf) only", name));
  }
  if (format != RadarFormat::kHdf5 && !options.hdf5.quantity.empty()) {
    throw InvalidArgument(fmt::format("{}: a quantity (\"{}\") can be chosen in HDF5 (.h5, .hdf, .hdf5) only", name,
                                      options.hdf5.quantity));
  }
}

std::unique_ptr<FieldSeries> open_netcdf_files(const std::vector<Files::Path>& paths, const NetcdfOptions& options) {
  std::vector<std::unique_ptr<FieldSeries>> parts;
  for (const Files::Path& path : paths) parts.push_back(open_netcdf(path, options));
  return concatenate(std::move(parts));
}

}  // namespace

void check_radar(const std::vector<Files::Path>& paths, const RadarOptions& options) {
  if (paths.empty()) throw InvalidArgument("a series of no files");
  const RadarFormat format = format_of(paths[0]);
  for (const Files::Path& path : paths) {
    if (format_of(path) == format) continue;
    throw InvalidArgument(
        fmt::format("{} and {} are of different formats; one series has one", paths[0].string(), path.string()));
  }
  check_options(format, paths[0].string(), options);
}

std::unique_ptr<FieldSeries> open_radar(const Files& files, std::vector<Files::Path> paths,
                                        const RadarOptions& options) {
  check_radar(paths, options);
  const auto read_file = [&files](Field (*read)(const Files&, const Files::Path&)) {
    return [&files, read](const Files::Path& path) { return read(files, path); };
  };
  switch (format_of(paths[0])) {
    case RadarFormat::kFmi:
      return file_series(std::move(paths), read_file(read_fmi), time_of_fmi_name);
    case RadarFormat::kMeteoSwiss:
      return file_series(std::move(paths), read_file(read_meteoswiss), time_of_meteoswiss_name);
    case RadarFormat::kHko7:
      return file_series(
          std::move(paths),
          [&files, hko7 = options.hko7](const Files::Path& path) { return read_hko7(files, path, hko7); },
          [hko7 = options.hko7](const Files::Path& path) { return time_of_hko7_name(path, hko7.utc_offset_s); });
    case RadarFormat::kHdf5:
      return file_series(
          std::move(paths), [hdf5 = options.hdf5](const Files::Path& path) { return read_radar_hdf5(path, hdf5); },
          time_of_radar_hdf5);
    case RadarFormat::kNetcdf:
      break;
  }
  return open_netcdf_files(paths, options.netcdf);
}

}  // namespace longtake::fields
