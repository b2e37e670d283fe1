// A NetCDF-4 file that is written in memory: dimensions, variables, attributes and numbers, as libnetcdf takes them.
// Private to fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace longtake::fields {

enum class NetcdfNumber : std::uint8_t { kInt32, kFloat32, kFloat64 };

// In the place of a variable: the attribute is the file's.
inline constexpr int kWholeFile = -1;
// What stands for missing float32 values where nothing else is agreed on.
inline constexpr float kNetcdfFillFloat = 9.9692099683868690e+36F;

// Holds the lock on HDF5 while it lives. Dimensions and variables are known by the numbers that making them gave.
// Everything throws IoError for what libnetcdf refuses.
class NetcdfOutput {
 public:
  NetcdfOutput() = default;
  virtual ~NetcdfOutput() = default;
  NetcdfOutput(const NetcdfOutput&) = delete;
  NetcdfOutput& operator=(const NetcdfOutput&) = delete;

  virtual int dimension(const std::string& name, std::size_t size) = 0;
  virtual int variable(const std::string& name, NetcdfNumber type, const std::vector<int>& dimensions) = 0;
  // A variable of fields in float32, deflated: a chunk is a field, so that one is read without the others. The last two
  // dimensions are `height` and `width`; kNetcdfFillFloat is its _FillValue.
  virtual int fields_variable(const std::string& name, const std::vector<int>& dimensions, std::size_t height,
                              std::size_t width) = 0;

  // Attributes; an empty text is none.
  virtual void text(int variable, const std::string& name, const std::string& value) = 0;
  virtual void numbers(int variable, const std::string& name, std::span<const double> values) = 0;

  virtual void put(int variable, std::span<const double> values) = 0;
  virtual void put(int variable, std::span<const float> values) = 0;
  virtual void put_part(int variable, const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                        std::span<const float> values) = 0;

  // The bytes of the file, to which nothing more can be added.
  virtual std::vector<std::byte> finish() = 0;
};

// Throws Unsupported where longtake was built without NetCDF.
std::unique_ptr<NetcdfOutput> create_netcdf();

}  // namespace longtake::fields
