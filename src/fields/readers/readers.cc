// The one symbol that the library shows.
#include "fields/readers/readers.h"

#include "fields/backend.h"

extern "C" __attribute__((visibility("default"))) const longtake::fields::Backend* longtake_fields_backend() {
  namespace readers = longtake::fields::readers;
  static constexpr longtake::fields::Backend kBackend{
      .open_netcdf_file = readers::open_netcdf_file,
      .create_netcdf = readers::create_netcdf,
      .open_hdf5_file = readers::open_hdf5_file,
      .decode_gif = readers::decode_gif,
      .decode_gray_png = readers::decode_gray_png,
  };
  return &kBackend;
}
