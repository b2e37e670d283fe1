// An HDF5 file opened for reading: attributes and two-dimensional datasets by their paths. Private to fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fields/hdf5_lock.h"

namespace longtake::fields {

// Numbers of a dataset of [height, width].
struct Hdf5Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<double> values;
};

// Holds the lock on HDF5 while it lives. Paths begin with "/".
class Hdf5File {
 public:
  // Throws IoError where there is no such file, BadData where it is no HDF5.
  explicit Hdf5File(const std::filesystem::path& path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  // Whether there is a group or dataset of this path.
  bool has(const std::string& path) const;
  // The names in a group, sorted; empty where there is no such group.
  std::vector<std::string> list(const std::string& group) const;

  // The text or first number of the attribute of a group or dataset; nothing where there is none of that kind.
  std::optional<std::string> text(const std::string& path, const std::string& attribute) const;
  std::optional<double> number(const std::string& path, const std::string& attribute) const;
  // All its numbers; empty where there are none.
  std::vector<double> numbers(const std::string& path, const std::string& attribute) const;

  // Throws BadData where the dataset is missing, not of two dimensions, of no numbers or too large (check_size()).
  Hdf5Picture read(const std::string& path) const;

  const std::string& where() const { return where_; }

 private:
  Hdf5Lock lock_;
  std::string where_;
  std::int64_t id_ = -1;
};

}  // namespace longtake::fields
