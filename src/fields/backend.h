// Between fields and the library liblongtake_fields_readers.so, which is opened when a file is first read or written
// that needs it: NetCDF and HDF5 bring some fifteen other libraries, and every start of a program would wait for them.
//
// C++, other than the backend of flow: what crosses are classes of files and the exceptions of longtake/error.h, which
// the same build compiles for both sides. The standard library of C++ tells the type of an exception by its name, so
// that a BadData thrown over there is caught as one here. Private to fields.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "fields/hdf5_file.h"
#include "fields/netcdf_file.h"
#include "fields/netcdf_output.h"
#include "fields/picture8.h"

namespace longtake::fields {

inline constexpr const char* kBackendLibrary = "liblongtake_fields_readers.so";
// The only symbol that is looked up: a function without arguments that gives the Backend.
inline constexpr const char* kBackendSymbol = "longtake_fields_backend";

// What the functions of the same names promise in the headers above.
struct Backend {
  std::unique_ptr<const NetcdfFile> (*open_netcdf_file)(const std::filesystem::path& path);
  std::unique_ptr<NetcdfOutput> (*create_netcdf)();
  std::unique_ptr<const Hdf5File> (*open_hdf5_file)(const std::filesystem::path& path);
  Picture8 (*decode_gif)(std::string_view bytes, const std::string& where);
  Picture8 (*decode_gray_png)(std::string_view bytes, const std::string& where);
};

using BackendFunction = const Backend* (*)();

}  // namespace longtake::fields
