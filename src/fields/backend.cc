// What needs NetCDF, HDF5, giflib or libpng is asked of the library that has them.
#include "fields/backend.h"

#include "base/library.h"

namespace longtake::fields {
namespace {

const Backend& backend() {
  static const auto give = reinterpret_cast<BackendFunction>(
      symbol_of_library(kBackendLibrary, kBackendSymbol,
                        "NetCDF, HDF5, GIF and PNG are not to be had here, they need longtake built with "
                        "LONGTAKE_FIELDS"));
  return *give();
}

}  // namespace

std::unique_ptr<const NetcdfFile> open_netcdf_file(const std::filesystem::path& path) {
  return backend().open_netcdf_file(path);
}

std::unique_ptr<NetcdfOutput> create_netcdf() { return backend().create_netcdf(); }

std::unique_ptr<const Hdf5File> open_hdf5_file(const std::filesystem::path& path) {
  return backend().open_hdf5_file(path);
}

Picture8 decode_gif(std::string_view bytes, const std::string& where) { return backend().decode_gif(bytes, where); }

Picture8 decode_gray_png(std::string_view bytes, const std::string& where) {
  return backend().decode_gray_png(bytes, where);
}

}  // namespace longtake::fields
