// What liblongtake_fields_readers.so is made of: a function for each line of Backend, in the file of the library that
// it wraps.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "fields/hdf5_file.h"
#include "fields/netcdf_file.h"
#include "fields/netcdf_output.h"
#include "fields/picture8.h"

namespace longtake::fields::readers {

std::unique_ptr<const NetcdfFile> open_netcdf_file(const std::filesystem::path& path);
std::unique_ptr<NetcdfOutput> create_netcdf();
std::unique_ptr<const Hdf5File> open_hdf5_file(const std::filesystem::path& path);
Picture8 decode_gif(std::string_view bytes, const std::string& where);
Picture8 decode_gray_png(std::string_view bytes, const std::string& where);

}  // namespace longtake::fields::readers
