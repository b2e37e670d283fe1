// libnetcdf behind NetcdfFile.
#include <fmt/format.h>
#include <netcdf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <system_error>

#include "base/files.h"
#include "base/text.h"
#include "fields/field.h"
#include "fields/readers/hdf5_lock.h"
#include "fields/readers/netcdf_classic.h"
#include "fields/readers/readers.h"
#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

constexpr std::size_t kLongestAttribute = 1 << 16;

NetcdfType netcdf_type(nc_type type) {
  switch (type) {
    case NC_BYTE:
    case NC_UBYTE:
    case NC_SHORT:
    case NC_USHORT:
    case NC_INT:
    case NC_UINT:
    case NC_INT64:
    case NC_UINT64:
      return NetcdfType::kInteger;
    case NC_FLOAT:
    case NC_DOUBLE:
      return NetcdfType::kFloat;
    case NC_CHAR:
    case NC_STRING:
      return NetcdfType::kText;
    default:
      return NetcdfType::kOther;
  }
}

// What the library writes where nothing was written.
std::optional<double> default_fill(nc_type type) {
  switch (type) {
    case NC_SHORT:
      return NC_FILL_SHORT;
    case NC_USHORT:
      return NC_FILL_USHORT;
    case NC_INT:
      return double{NC_FILL_INT};
    case NC_UINT:
      return double{NC_FILL_UINT};
    case NC_INT64:
      return static_cast<double>(NC_FILL_INT64);
    case NC_UINT64:
      return static_cast<double>(NC_FILL_UINT64);
    case NC_FLOAT:
      return NC_FILL_FLOAT;
    case NC_DOUBLE:
      return NC_FILL_DOUBLE;
    default:
      return std::nullopt;  // every byte may be a value
  }
}

class LibnetcdfFile : public NetcdfFile {
 public:
  explicit LibnetcdfFile(const std::filesystem::path& path);
  ~LibnetcdfFile() override { nc_close(id_); }
  LibnetcdfFile(const LibnetcdfFile&) = delete;
  LibnetcdfFile& operator=(const LibnetcdfFile&) = delete;

  const std::string& where() const override { return where_; }
  const std::vector<NetcdfVariable>& variables() const override { return variables_; }
  std::optional<std::string> text(const NetcdfVariable& variable, const char* attribute) const override;
  std::vector<double> numbers(const NetcdfVariable& variable, const char* attribute) const override;
  bool is_float(const NetcdfVariable& variable, const char* attribute) const override;
  std::vector<double> read(const NetcdfVariable& variable, const std::vector<std::size_t>& start,
                           const std::vector<std::size_t>& count) const override;
  std::vector<std::string> read_texts(const NetcdfVariable& variable) const override;

 private:
  void check(int status, std::string_view doing) const;
  void list_variables();
  void check_not_cut(const NetcdfVariable& variable) const;

  Hdf5Lock lock_;
  std::string where_;
  int id_ = -1;
  std::vector<NetcdfVariable> variables_;
  std::uint64_t size_ = 0;                                 // bytes of the file
  std::map<std::string, ClassicVariable> classic_places_;  // empty for NetCDF-4
};

LibnetcdfFile::LibnetcdfFile(const std::filesystem::path& path) : where_(path.string()) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw IoError(fmt::format("{}: {}", where_, error ? error.message() : "is not a regular file"));
  }
  const std::unique_ptr<InputFile> bytes = real_files().open(path);
  size_ = bytes->size();
  classic_places_ = classic_variables(*bytes, where_);
  // An absolute path is never taken for the address of a server.
  check(nc_open(std::filesystem::absolute(path).c_str(), NC_NOWRITE, &id_), "is no NetCDF file that can be read");
  try {
    list_variables();
  } catch (...) {
    nc_close(id_);
    throw;
  }
}

void LibnetcdfFile::check(int status, std::string_view doing) const {
  if (status != NC_NOERR) throw BadData(fmt::format("{}: {} ({})", where_, doing, nc_strerror(status)));
}

void LibnetcdfFile::list_variables() {
  int count = 0;
  check(nc_inq_nvars(id_, &count), "the variables cannot be listed");
  for (int id = 0; id < count; ++id) {
    std::array<char, NC_MAX_NAME + 1> name{};
    nc_type type = NC_NAT;
    int rank = 0;
    std::array<int, NC_MAX_VAR_DIMS> dimensions{};
    check(nc_inq_varndims(id_, id, &rank), "a variable cannot be read");
    check(nc_inq_var(id_, id, name.data(), &type, &rank, dimensions.data(), nullptr), "a variable cannot be read");
    NetcdfVariable variable{id, name.data(), netcdf_type(type), 0, false, default_fill(type), {}};
    std::size_t bytes = 0;
    if (nc_inq_type(id_, type, nullptr, &bytes) == NC_NOERR) variable.type_bytes = static_cast<std::int64_t>(bytes);
    variable.is_unsigned = type == NC_UBYTE || type == NC_USHORT || type == NC_UINT || type == NC_UINT64;
    for (int i = 0; i < rank; ++i) {
      std::size_t size = 0;
      check(nc_inq_dim(id_, dimensions[static_cast<std::size_t>(i)], name.data(), &size), "a dimension cannot be read");
      variable.dimensions.push_back({name.data(), static_cast<std::int64_t>(std::min<std::size_t>(size, 1ULL << 62))});
    }
    variables_.push_back(std::move(variable));
  }
}

// The last byte of the variable must be in the file.
void LibnetcdfFile::check_not_cut(const NetcdfVariable& variable) const {
  const auto place = classic_places_.find(variable.name);
  if (place == classic_places_.end() || variable.count() == 0) return;
  const ClassicVariable& classic = place->second;
  const std::int64_t records = classic.record ? variable.dimensions[0].size : 1;
  const std::int64_t record = variable.count() / records;
  const double bytes = static_cast<double>(record) * static_cast<double>(variable.type_bytes);
  const double end = static_cast<double>(classic.begin) +
                     static_cast<double>(records - 1) * static_cast<double>(classic.record_stride) + bytes;
  if (end > static_cast<double>(size_)) {
    throw BadData(fmt::format("{}: {} ends at byte {:.0f}, but the file has {} bytes: it is cut off", where_,
                              variable.name, end, size_));
  }
}

std::optional<std::string> LibnetcdfFile::text(const NetcdfVariable& variable, const char* attribute) const {
  nc_type type = NC_NAT;
  std::size_t length = 0;
  if (nc_inq_att(id_, variable.id, attribute, &type, &length) != NC_NOERR) return std::nullopt;
  if (length > kLongestAttribute) {
    throw BadData(fmt::format("{}: {}:{} has {} characters", where_, variable.name, attribute, length));
  }
  std::string text;
  if (type == NC_CHAR) {
    text.resize(length);
    check(nc_get_att_text(id_, variable.id, attribute, text.data()), attribute);
  } else if (type == NC_STRING && length == 1) {
    char* value = nullptr;
    check(nc_get_att_string(id_, variable.id, attribute, &value), attribute);
    if (value != nullptr) text = value;
    nc_free_string(1, &value);
  } else {
    return std::nullopt;
  }
  return std::string(trim(text.substr(0, text.find('\0'))));
}

std::vector<double> LibnetcdfFile::numbers(const NetcdfVariable& variable, const char* attribute) const {
  nc_type type = NC_NAT;
  std::size_t length = 0;
  if (nc_inq_att(id_, variable.id, attribute, &type, &length) != NC_NOERR) return {};
  const NetcdfType kind = netcdf_type(type);
  if (kind != NetcdfType::kInteger && kind != NetcdfType::kFloat) return {};
  if (length > kLongestAttribute) {
    throw BadData(fmt::format("{}: {}:{} has {} numbers", where_, variable.name, attribute, length));
  }
  std::vector<double> values(length);
  check(nc_get_att_double(id_, variable.id, attribute, values.data()), attribute);
  return values;
}

bool LibnetcdfFile::is_float(const NetcdfVariable& variable, const char* attribute) const {
  nc_type type = NC_NAT;
  return nc_inq_att(id_, variable.id, attribute, &type, nullptr) == NC_NOERR && netcdf_type(type) == NetcdfType::kFloat;
}

std::vector<double> LibnetcdfFile::read(const NetcdfVariable& variable, const std::vector<std::size_t>& start,
                                        const std::vector<std::size_t>& count) const {
  if (variable.type != NetcdfType::kInteger && variable.type != NetcdfType::kFloat) {
    throw BadData(fmt::format("{}: {} holds no numbers", where_, variable.name));
  }
  std::int64_t total = 1;
  for (const std::size_t size : count) {
    if (size > static_cast<std::size_t>(kMostCells) || (total *= static_cast<std::int64_t>(size)) > kMostCells) {
      throw BadData(
          fmt::format("{}: {} has more than the {} numbers that are read at once", where_, variable.name, kMostCells));
    }
  }
  check_not_cut(variable);
  std::vector<double> values(static_cast<std::size_t>(total));
  if (values.empty()) return values;
  check(nc_get_vara_double(id_, variable.id, start.data(), count.data(), values.data()),
        fmt::format("{} cannot be read", variable.name));
  return values;
}

std::vector<std::string> LibnetcdfFile::read_texts(const NetcdfVariable& variable) const {
  if (variable.type != NetcdfType::kText || variable.dimensions.empty() || variable.count() > kMostCells) {
    throw BadData(fmt::format("{}: {} holds no texts, or too many", where_, variable.name));
  }
  check_not_cut(variable);
  std::vector<std::string> texts;
  if (variable.type_bytes == 1) {
    const auto length = static_cast<std::size_t>(variable.dimensions.back().size);
    std::string all(static_cast<std::size_t>(variable.count()), '\0');
    if (all.empty()) return texts;
    check(nc_get_var_text(id_, variable.id, all.data()), variable.name);
    for (std::size_t at = 0; at < all.size(); at += length) {
      const std::string text = all.substr(at, length);
      texts.emplace_back(trim(text.substr(0, text.find('\0'))));
    }
    return texts;
  }
  std::vector<char*> pointers(static_cast<std::size_t>(variable.count()), nullptr);
  if (pointers.empty()) return texts;
  check(nc_get_var_string(id_, variable.id, pointers.data()), variable.name);
  for (const char* text : pointers) texts.emplace_back(text != nullptr ? trim(text) : "");
  nc_free_string(pointers.size(), pointers.data());
  return texts;
}

}  // namespace

std::unique_ptr<const NetcdfFile> open_netcdf_file(const std::filesystem::path& path) {
  return std::make_unique<const LibnetcdfFile>(path);
}

}  // namespace longtake::fields::readers
