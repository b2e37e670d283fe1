#include "fields/made_files.h"

#include <gif_lib.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <netcdf.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "longtake/error.h"

namespace longtake::fields::test {
namespace {

void check(int status, const char* what) {
  if (status < 0) throw std::runtime_error(what);
}
void check_nc(int status) {
  if (status != NC_NOERR) throw std::runtime_error(nc_strerror(status));
}

nc_type nc_type_of(char type) {
  switch (type) {
    case 'b':
      return NC_BYTE;
    case 's':
      return NC_SHORT;
    case 'i':
      return NC_INT;
    case 'd':
      return NC_DOUBLE;
    default:
      return NC_FLOAT;
  }
}

void put_nc_attribute(int file, int variable, const std::string& name, const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    check_nc(nc_put_att_text(file, variable, name.c_str(), text->size(), text->c_str()));
  } else if (const auto* number = std::get_if<double>(&value)) {
    check_nc(nc_put_att_double(file, variable, name.c_str(), NC_DOUBLE, 1, number));
  } else if (const auto* single = std::get_if<float>(&value)) {
    check_nc(nc_put_att_float(file, variable, name.c_str(), NC_FLOAT, 1, single));
  } else if (const auto* small = std::get_if<short>(&value)) {
    check_nc(nc_put_att_short(file, variable, name.c_str(), NC_SHORT, 1, small));
  } else if (const auto* whole = std::get_if<int>(&value)) {
    check_nc(nc_put_att_int(file, variable, name.c_str(), NC_INT, 1, whole));
  } else if (const auto* shorts = std::get_if<std::vector<short>>(&value)) {
    check_nc(nc_put_att_short(file, variable, name.c_str(), NC_SHORT, shorts->size(), shorts->data()));
  } else {
    const auto& numbers = std::get<std::vector<double>>(value);
    check_nc(nc_put_att_double(file, variable, name.c_str(), NC_DOUBLE, numbers.size(), numbers.data()));
  }
}

void put_h5_attribute(hid_t object, const std::string& name, const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    check(H5Tset_size(type, text->size() + 1), "size of a text");
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    check(H5Awrite(attribute, type, text->c_str()), "a text");
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    return;
  }
  std::vector<double> numbers;
  if (const auto* all = std::get_if<std::vector<double>>(&value)) numbers = *all;
  if (const auto* number = std::get_if<double>(&value)) numbers = {*number};
  if (const auto* whole = std::get_if<int>(&value)) numbers = {static_cast<double>(*whole)};
  const hsize_t count = numbers.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t attribute = H5Acreate2(object, name.c_str(), H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
  check(H5Awrite(attribute, H5T_NATIVE_DOUBLE, numbers.data()), "numbers");
  H5Aclose(attribute);
  H5Sclose(space);
}

int append_gif(GifFileType* gif, const GifByteType* bytes, int count) {
  static_cast<std::string*>(gif->UserData)
      ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  return count;
}

void append_png(png_structp png, png_bytep bytes, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

std::string deflate_with(const std::string& bytes, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::filesystem::path data_path(const std::string& name) {
  const char* root = std::getenv("LONGTAKE_DATA");
  return std::filesystem::path(root != nullptr ? root : "../shared/data") / name;
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_netcdf(const std::filesystem::path& path, const MadeNetcdf& file) {
  int id = 0;
  check_nc(nc_create(path.c_str(), file.netcdf4 ? NC_NETCDF4 | NC_CLOBBER : NC_CLOBBER, &id));
  std::map<std::string, int> dimensions;
  for (const auto& [name, size] : file.dimensions) check_nc(nc_def_dim(id, name.c_str(), size, &dimensions[name]));
  std::vector<int> variables;
  for (const MadeVariable& made : file.variables) {
    std::vector<int> ids;
    for (const std::string& name : made.dimensions) ids.push_back(dimensions.at(name));
    int variable = 0;
    check_nc(
        nc_def_var(id, made.name.c_str(), nc_type_of(made.type), static_cast<int>(ids.size()), ids.data(), &variable));
    for (const auto& [name, value] : made.attributes) put_nc_attribute(id, variable, name, value);
    variables.push_back(variable);
  }
  check_nc(nc_enddef(id));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const MadeVariable& made = file.variables[i];
    if (made.values.empty()) continue;
    std::vector<std::size_t> count;
    std::size_t inner = 1;
    for (const std::string& name : made.dimensions) {
      const auto found = std::find_if(file.dimensions.begin(), file.dimensions.end(),
                                      [&](const auto& dimension) { return dimension.first == name; });
      count.push_back(found->second);
      if (found->second != 0) inner *= found->second;
    }
    if (!count.empty() && count[0] == 0) count[0] = made.values.size() / inner;
    const std::vector<std::size_t> start(count.size(), 0);
    check_nc(nc_put_vara_double(id, variables[i], start.data(), count.data(), made.values.data()));
  }
  check_nc(nc_close(id));
}

void write_hdf5(const std::filesystem::path& path, const MadeHdf5& made) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  check(static_cast<int>(file), "an HDF5 file");
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  for (const auto& [group, attributes] : made.groups) {
    const hid_t id = group == "/" || H5Lexists(file, group.c_str(), H5P_DEFAULT) > 0
                         ? H5Gopen2(file, group.c_str(), H5P_DEFAULT)
                         : H5Gcreate2(file, group.c_str(), links, H5P_DEFAULT, H5P_DEFAULT);
    for (const auto& [name, value] : attributes) put_h5_attribute(id, name, value);
    H5Gclose(id);
  }
  if (!made.dataset.empty()) {
    std::vector<hsize_t> sizes(made.sizes.begin(), made.sizes.end());
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t options = H5Pcreate(H5P_DATASET_CREATE);
    const bool chunked = made.values.empty();
    if (chunked) H5Pset_chunk(options, static_cast<int>(sizes.size()), std::vector<hsize_t>(sizes.size(), 1).data());
    const hid_t set = H5Dcreate2(file, made.dataset.c_str(), H5T_STD_U16LE, space, links, options, H5P_DEFAULT);
    if (!chunked) H5Dwrite(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, made.values.data());
    H5Dclose(set);
    H5Pclose(options);
    H5Sclose(space);
  }
  H5Pclose(links);
  H5Fclose(file);
}

std::string make_gif(int height, int width, const std::vector<std::uint8_t>& pixels, bool interlaced) {
  std::string bytes;
  GifFileType* gif = EGifOpen(&bytes, append_gif, nullptr);
  std::array<GifColorType, 256> colours{};
  for (int i = 0; i < 256; ++i) {
    const auto gray = static_cast<GifByteType>(i);
    colours[static_cast<std::size_t>(i)] = {gray, gray, gray};
  }
  ColorMapObject* map = GifMakeMapObject(256, colours.data());
  EGifPutScreenDesc(gif, width, height, 8, 0, map);
  EGifPutComment(gif, "made by a test");
  EGifPutImageDesc(gif, 0, 0, width, height, interlaced, nullptr);
  const std::vector<std::pair<int, int>> passes = interlaced
                                                      ? std::vector<std::pair<int, int>>{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
                                                      : std::vector<std::pair<int, int>>{{0, 1}};
  for (const auto& [first, step] : passes) {
    for (int row = first; row < height; row += step) {
      std::vector<std::uint8_t> line(pixels.begin() + row * width, pixels.begin() + (row + 1) * width);
      EGifPutLine(gif, line.data(), width);
    }
  }
  GifFreeMapObject(map);
  EGifCloseFile(gif, nullptr);
  return bytes;
}

std::string make_png(int height, int width, const std::vector<std::uint8_t>& pixels, int channels) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append_png, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 8,
               channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_gAMA(png, info, 1.0);  // which readers must leave alone
  png_write_info(png, info);
  for (int row = 0; row < height; ++row) png_write_row(png, pixels.data() + row * width * channels);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string gzipped(const std::string& bytes) { return deflate_with(bytes, MAX_WBITS + 16); }
std::string deflated(const std::string& bytes) { return deflate_with(bytes, MAX_WBITS); }

void expect_errors_when_cut(const std::string& bytes, const std::function<void(const std::string&)>& read) {
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 60);
  for (std::size_t length = 0; length < bytes.size(); length += step) {
    EXPECT_THROW(read(bytes.substr(0, length)), Error) << length << " of " << bytes.size() << " bytes";
  }
}

}  // namespace longtake::fields::test
