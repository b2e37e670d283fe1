// libhdf5 behind Hdf5File.
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "base/text.h"
#include "fields/field.h"
#include "fields/readers/hdf5_lock.h"
#include "fields/readers/readers.h"
#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

constexpr std::size_t kLongestHdf5Attribute = 1 << 16;
constexpr hsize_t kMostLinks = 10000;

// An identifier that is closed by the function of its kind.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;

  hid_t operator*() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// What HDF5 noted about its last failure, the innermost function's words.
std::string last_error() {
  std::string message;
  const auto note = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    if (error->desc != nullptr && *error->desc != '\0') *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, note, &message);
  return message.empty() ? "no reason given" : message;
}

// The attribute, where it is there and not too large to be one.
Id open_attribute(hid_t file, const std::string& path, const std::string& attribute, const std::string& where) {
  if (H5Aexists_by_name(file, path.c_str(), attribute.c_str(), H5P_DEFAULT) <= 0) return {-1, H5Aclose};
  const hid_t id = H5Aopen_by_name(file, path.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  if (id < 0) throw BadData(fmt::format("{}: {}/{} cannot be read ({})", where, path, attribute, last_error()));
  if (H5Aget_storage_size(id) > kLongestHdf5Attribute) {
    H5Aclose(id);
    throw BadData(fmt::format("{}: {}/{} is larger than any attribute should be", where, path, attribute));
  }
  return {id, H5Aclose};
}

std::string without_padding(std::string text) {
  text.resize(std::min(text.find('\0'), text.size()));
  return std::string(trim(text));
}

std::optional<std::string> variable_text(hid_t attribute, hid_t type) {
  char* value = nullptr;
  if (H5Aread(attribute, type, static_cast<void*>(&value)) < 0 || value == nullptr) return std::nullopt;
  std::string text = value;
  H5free_memory(value);
  return without_padding(std::move(text));
}

class Libhdf5File : public Hdf5File {
 public:
  explicit Libhdf5File(const std::filesystem::path& path);
  ~Libhdf5File() override { H5Fclose(id_); }
  Libhdf5File(const Libhdf5File&) = delete;
  Libhdf5File& operator=(const Libhdf5File&) = delete;

  const std::string& where() const override { return where_; }
  bool has(const std::string& path) const override;
  std::vector<std::string> list(const std::string& group) const override;
  std::optional<std::string> text(const std::string& path, const std::string& attribute) const override;
  std::vector<double> numbers(const std::string& path, const std::string& attribute) const override;
  Hdf5Picture read(const std::string& path) const override;

 private:
  Hdf5Lock lock_;
  std::string where_;
  hid_t id_ = -1;
};

Libhdf5File::Libhdf5File(const std::filesystem::path& path) : where_(path.string()) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw IoError(fmt::format("{}: {}", where_, error ? error.message() : "is not a regular file"));
  }
  id_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (id_ < 0) throw BadData(fmt::format("{}: is no HDF5 file that can be read ({})", where_, last_error()));
}

bool Libhdf5File::has(const std::string& path) const {
  // HDF5 only asks for the last name: every group on the way must be there.
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string group = path.substr(0, end);
    if (group != "/" && H5Lexists(id_, group.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return H5Oexists_by_name(id_, path.c_str(), H5P_DEFAULT) > 0;
  }
}

std::vector<std::string> Libhdf5File::list(const std::string& group) const {
  std::vector<std::string> names;
  if (!has(group)) return names;
  const Id id(H5Gopen2(id_, group.c_str(), H5P_DEFAULT), H5Gclose);
  H5G_info_t info{};
  if (!id.ok() || H5Gget_info(*id, &info) < 0) return names;
  for (hsize_t i = 0; i < std::min(info.nlinks, kMostLinks); ++i) {
    std::array<char, 256> name{};
    const ssize_t length =
        H5Lget_name_by_idx(*id, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
    if (length > 0) names.emplace_back(name.data());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> Libhdf5File::text(const std::string& path, const std::string& attribute) const {
  if (!has(path)) return std::nullopt;
  const Id id = open_attribute(id_, path, attribute, where_);
  if (!id.ok()) return std::nullopt;
  const Id type(H5Aget_type(*id), H5Tclose);
  const Id space(H5Aget_space(*id), H5Sclose);
  if (!type.ok() || H5Tget_class(*type) != H5T_STRING || H5Sget_simple_extent_npoints(*space) != 1) return std::nullopt;
  if (H5Tis_variable_str(*type) > 0) return variable_text(*id, *type);
  std::string text(H5Tget_size(*type), '\0');
  if (text.empty() || text.size() > kLongestHdf5Attribute || H5Aread(*id, *type, text.data()) < 0) return std::nullopt;
  return without_padding(std::move(text));
}

std::vector<double> Libhdf5File::numbers(const std::string& path, const std::string& attribute) const {
  if (!has(path)) return {};
  const Id id = open_attribute(id_, path, attribute, where_);
  if (!id.ok()) return {};
  const Id type(H5Aget_type(*id), H5Tclose);
  const Id space(H5Aget_space(*id), H5Sclose);
  const H5T_class_t kind = type.ok() ? H5Tget_class(*type) : H5T_NO_CLASS;
  const hssize_t count = H5Sget_simple_extent_npoints(*space);
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || count < 1) return {};
  if (static_cast<std::size_t>(count) > kLongestHdf5Attribute) {
    throw BadData(fmt::format("{}: {}/{} has {} numbers", where_, path, attribute, count));
  }
  std::vector<double> values(static_cast<std::size_t>(count));
  if (H5Aread(*id, H5T_NATIVE_DOUBLE, values.data()) < 0) return {};
  return values;
}

Hdf5Picture Libhdf5File::read(const std::string& path) const {
  const std::string where = fmt::format("{}: {}", where_, path);
  if (!has(path)) throw BadData(where + ": there is no such dataset");
  const Id dataset(H5Dopen2(id_, path.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.ok()) throw BadData(fmt::format("{}: is no dataset ({})", where, last_error()));
  const Id space(H5Dget_space(*dataset), H5Sclose);
  const Id type(H5Dget_type(*dataset), H5Tclose);
  const H5T_class_t kind = type.ok() ? H5Tget_class(*type) : H5T_NO_CLASS;
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) throw BadData(where + ": holds no numbers");
  std::array<hsize_t, 2> sizes{};
  if (!space.ok() || H5Sget_simple_extent_ndims(*space) != 2 ||
      H5Sget_simple_extent_dims(*space, sizes.data(), nullptr) != 2) {
    throw BadData(where + ": has not two dimensions");
  }
  Hdf5Picture picture;
  picture.height = static_cast<std::int64_t>(std::min<hsize_t>(sizes[0], hsize_t{1} << 62));
  picture.width = static_cast<std::int64_t>(std::min<hsize_t>(sizes[1], hsize_t{1} << 62));
  check_size(picture.height, picture.width, where);
  picture.values.resize(static_cast<std::size_t>(picture.height * picture.width));
  if (H5Dread(*dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, picture.values.data()) < 0) {
    throw BadData(fmt::format("{}: cannot be read ({})", where, last_error()));
  }
  return picture;
}

}  // namespace

std::unique_ptr<const Hdf5File> open_hdf5_file(const std::filesystem::path& path) {
  return std::make_unique<const Libhdf5File>(path);
}

}  // namespace longtake::fields::readers
