// A NetCDF file (classic or NetCDF-4) opened for reading: variables, attributes and blocks of numbers. Private to
// fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::fields {

struct NetcdfDimension {
  std::string name;
  std::int64_t size = 0;
  friend bool operator==(const NetcdfDimension&, const NetcdfDimension&) = default;
};

enum class NetcdfType : std::uint8_t { kInteger, kFloat, kText, kOther };

struct NetcdfVariable {
  int id = 0;
  std::string name;
  NetcdfType type = NetcdfType::kOther;
  std::int64_t type_bytes = 0;  // of one number
  bool is_unsigned = false;
  std::optional<double> default_fill;  // what libnetcdf writes where nothing was written, unless that may be a value
  std::vector<NetcdfDimension> dimensions;  // outermost first

  // 1 for a scalar, at most 2^62.
  std::int64_t count() const {
    std::int64_t product = 1;
    for (const NetcdfDimension& dimension : dimensions) {
      if (dimension.size > 0 && product > kMostNumbers / dimension.size) return kMostNumbers;
      product *= dimension.size;
    }
    return product;
  }
  static constexpr std::int64_t kMostNumbers = std::int64_t{1} << 62;
};

// Holds the lock on HDF5 while it lives.
class NetcdfFile {
 public:
  NetcdfFile() = default;
  virtual ~NetcdfFile() = default;
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  virtual const std::string& where() const = 0;
  // Those of the root group.
  virtual const std::vector<NetcdfVariable>& variables() const = 0;
  const NetcdfVariable* find(std::string_view name) const;
  // Throws InvalidArgument that lists what the file has.
  const NetcdfVariable& get(std::string_view name) const;

  // Text of an attribute; nothing where it is not there or no text.
  virtual std::optional<std::string> text(const NetcdfVariable& variable, const char* attribute) const = 0;
  // Numbers of an attribute; empty where it is not there or holds no numbers.
  virtual std::vector<double> numbers(const NetcdfVariable& variable, const char* attribute) const = 0;
  // Whether an attribute holds floating point numbers.
  virtual bool is_float(const NetcdfVariable& variable, const char* attribute) const = 0;

  // The block from `start` on with `count` along each dimension, row-major. Throws BadData as check_size() for more
  // than kMostCells numbers.
  virtual std::vector<double> read(const NetcdfVariable& variable, const std::vector<std::size_t>& start,
                                   const std::vector<std::size_t>& count) const = 0;
  // All of a variable.
  std::vector<double> read(const NetcdfVariable& variable) const;

  // The texts of a variable of strings, or of characters whose last dimension is the length; white space and zeros at
  // their ends are left out. Throws BadData for others, and for more than kMostCells characters.
  virtual std::vector<std::string> read_texts(const NetcdfVariable& variable) const = 0;
};

// Throws IoError where there is no such file, BadData where it is no NetCDF, Unsupported where longtake was built
// without it.
std::unique_ptr<const NetcdfFile> open_netcdf_file(const std::filesystem::path& path);

}  // namespace longtake::fields
