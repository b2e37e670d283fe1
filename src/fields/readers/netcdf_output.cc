// libnetcdf behind NetcdfOutput.
#include <fmt/format.h>
#include <netcdf.h>
#include <netcdf_mem.h>

#include <cstdlib>
#include <utility>

#include "fields/readers/hdf5_lock.h"
#include "fields/readers/readers.h"
#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

static_assert(kWholeFile == NC_GLOBAL);
static_assert(kNetcdfFillFloat == NC_FILL_FLOAT);

constexpr int kDeflateLevel = 4;

nc_type type_of(NetcdfNumber number) {
  switch (number) {
    case NetcdfNumber::kInt32:
      return NC_INT;
    case NetcdfNumber::kFloat32:
      return NC_FLOAT;
    case NetcdfNumber::kFloat64:
      break;
  }
  return NC_DOUBLE;
}

class LibnetcdfOutput : public NetcdfOutput {
 public:
  LibnetcdfOutput() { check(nc_create_mem("fields.nc", NC_NETCDF4, 1 << 16, &id_)); }
  ~LibnetcdfOutput() override {
    if (id_ >= 0) nc_abort(id_);
  }
  LibnetcdfOutput(const LibnetcdfOutput&) = delete;
  LibnetcdfOutput& operator=(const LibnetcdfOutput&) = delete;

  int dimension(const std::string& name, std::size_t size) override {
    int id = -1;
    check(nc_def_dim(id_, name.c_str(), size, &id));
    return id;
  }

  int variable(const std::string& name, NetcdfNumber number, const std::vector<int>& dimensions) override {
    int id = -1;
    check(nc_def_var(id_, name.c_str(), type_of(number), static_cast<int>(dimensions.size()), dimensions.data(), &id));
    return id;
  }

  int fields_variable(const std::string& name, const std::vector<int>& dimensions, std::size_t height,
                      std::size_t width) override {
    const int id = variable(name, NetcdfNumber::kFloat32, dimensions);
    std::vector<std::size_t> chunk(dimensions.size(), 1);
    chunk[chunk.size() - 2] = height;
    chunk[chunk.size() - 1] = width;
    check(nc_def_var_chunking(id_, id, NC_CHUNKED, chunk.data()));
    check(nc_def_var_deflate(id_, id, 1, 1, kDeflateLevel));
    const float fill = NC_FILL_FLOAT;
    check(nc_def_var_fill(id_, id, NC_FILL, &fill));
    return id;
  }

  void text(int variable, const std::string& name, const std::string& value) override {
    if (!value.empty()) check(nc_put_att_text(id_, variable, name.c_str(), value.size(), value.data()));
  }
  void numbers(int variable, const std::string& name, std::span<const double> values) override {
    check(nc_put_att_double(id_, variable, name.c_str(), NC_DOUBLE, values.size(), values.data()));
  }

  void put(int variable, std::span<const double> values) override {
    check(nc_put_var_double(id_, variable, values.data()));
  }
  void put(int variable, std::span<const float> values) override {
    check(nc_put_var_float(id_, variable, values.data()));
  }
  void put_part(int variable, const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                std::span<const float> values) override {
    check(nc_put_vara_float(id_, variable, start.data(), count.data(), values.data()));
  }

  std::vector<std::byte> finish() override {
    NC_memio memory{};
    const int id = std::exchange(id_, -1);
    check(nc_close_memio(id, &memory));
    const auto* begin = static_cast<const std::byte*>(memory.memory);
    std::vector<std::byte> bytes(begin, begin + memory.size);
    std::free(memory.memory);
    return bytes;
  }

 private:
  static void check(int status) {
    if (status != NC_NOERR) throw IoError(fmt::format("NetCDF cannot be written: {}", nc_strerror(status)));
  }

  Hdf5Lock lock_;
  int id_ = -1;
};

}  // namespace

std::unique_ptr<NetcdfOutput> create_netcdf() { return std::make_unique<LibnetcdfOutput>(); }

}  // namespace longtake::fields::readers
