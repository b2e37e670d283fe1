// Small files that tests of fields make, through the C libraries themselves, and where real ones lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace longtake::fields::test {

// "../shared/data/NAME", or in the folder that LONGTAKE_DATA names.
std::filesystem::path data_path(const std::string& name);

void write_bytes(const std::filesystem::path& path, const std::string& bytes);
std::string read_bytes(const std::filesystem::path& path);

using AttributeValue = std::variant<std::string, double, float, std::vector<double>, std::vector<short>, short, int>;
using Attributes = std::map<std::string, AttributeValue>;

// NetCDF variables of a file, in the order given; a dimension of 0 is the unlimited one. Numbers are stored as `type`:
// 'b' byte, 's' short, 'i' int, 'f' float, 'd' double.
struct MadeVariable {
  std::string name;
  char type = 'f';
  std::vector<std::string> dimensions;
  std::vector<double> values;
  Attributes attributes;
};
struct MadeNetcdf {
  std::vector<std::pair<std::string, std::size_t>> dimensions;
  std::vector<MadeVariable> variables;
  bool netcdf4 = false;
};
void write_netcdf(const std::filesystem::path& path, const MadeNetcdf& file);

// An HDF5 file: attributes of groups by path, made as they are named, and one dataset of 16-bit numbers.
struct MadeHdf5 {
  std::map<std::string, Attributes> groups;
  std::string dataset;  // "/image1/image_data"
  std::vector<unsigned long long> sizes;
  std::vector<std::uint16_t> values;  // fewer than the sizes say leave the dataset without storage
};
void write_hdf5(const std::filesystem::path& path, const MadeHdf5& file);

// A GIF with a gray palette, and a PNG of `channels` channels of 8 bits.
std::string make_gif(int height, int width, const std::vector<std::uint8_t>& pixels, bool interlaced = false);
std::string make_png(int height, int width, const std::vector<std::uint8_t>& pixels, int channels = 1);

std::string gzipped(const std::string& bytes);
std::string deflated(const std::string& bytes);  // a zlib stream

// Calls `read` with `bytes` cut off at 0 and some 60 further lengths; it must throw a longtake::Error each time.
void expect_errors_when_cut(const std::string& bytes, const std::function<void(const std::string&)>& read);

}  // namespace longtake::fields::test
