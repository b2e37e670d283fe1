// An HDF5 file opened for reading: attributes and two-dimensional datasets by their paths. Private to fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  Hdf5File() = default;
  virtual ~Hdf5File() = default;
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  virtual const std::string& where() const = 0;
  // Whether there is a group or dataset of this path.
  virtual bool has(const std::string& path) const = 0;
  // The names in a group, sorted; empty where there is no such group.
  virtual std::vector<std::string> list(const std::string& group) const = 0;

  // The text or first number of the attribute of a group or dataset; nothing where there is none of that kind.
  virtual std::optional<std::string> text(const std::string& path, const std::string& attribute) const = 0;
  std::optional<double> number(const std::string& path, const std::string& attribute) const {
    const std::vector<double> values = numbers(path, attribute);
    return values.empty() ? std::nullopt : std::optional(values[0]);
  }
  // All its numbers; empty where there are none.
  virtual std::vector<double> numbers(const std::string& path, const std::string& attribute) const = 0;

  // Throws BadData where the dataset is missing, not of two dimensions, of no numbers or too large (check_size()).
  virtual Hdf5Picture read(const std::string& path) const = 0;
};

// Throws IoError where there is no such file, BadData where it is no HDF5, Unsupported where longtake was built without
// it.
std::unique_ptr<const Hdf5File> open_hdf5_file(const std::filesystem::path& path);

}  // namespace longtake::fields
