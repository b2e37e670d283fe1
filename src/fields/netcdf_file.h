// A NetCDF file (classic or NetCDF-4) opened for reading: variables, attributes and blocks of numbers. Private to
// fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fields/hdf5_lock.h"
#include "fields/netcdf_classic.h"

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
  std::vector<NetcdfDimension> dimensions;  // outermost first

  std::int64_t count() const;  // 1 for a scalar
};

// Holds the lock on HDF5 while it lives.
class NetcdfFile {
 public:
  // Throws IoError where there is no such file, BadData where it is no NetCDF.
  explicit NetcdfFile(const std::filesystem::path& path);
  ~NetcdfFile();
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  // Those of the root group.
  const std::vector<NetcdfVariable>& variables() const { return variables_; }
  const NetcdfVariable* find(std::string_view name) const;
  // Throws InvalidArgument that lists what the file has.
  const NetcdfVariable& get(std::string_view name) const;

  // Text of an attribute; nothing where it is not there or no text.
  std::optional<std::string> text(const NetcdfVariable& variable, const char* attribute) const;
  // Numbers of an attribute; empty where it is not there or holds no numbers.
  std::vector<double> numbers(const NetcdfVariable& variable, const char* attribute) const;
  // Whether an attribute holds floating point numbers.
  bool is_float(const NetcdfVariable& variable, const char* attribute) const;

  // The block from `start` on with `count` along each dimension, row-major. Throws BadData as check_size() for more
  // than kMostCells numbers.
  std::vector<double> read(const NetcdfVariable& variable, const std::vector<std::size_t>& start,
                           const std::vector<std::size_t>& count) const;
  // All of a variable.
  std::vector<double> read(const NetcdfVariable& variable) const;

  // The texts of a variable of strings, or of characters whose last dimension is the length; white space and zeros at
  // their ends are left out. Throws BadData for others, and for more than kMostCells characters.
  std::vector<std::string> read_texts(const NetcdfVariable& variable) const;

  const std::string& where() const { return where_; }

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

}  // namespace longtake::fields
