// Any bytes are either no classic NetCDF file, one whose variables are found, or BadData.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fields/readers/netcdf_classic.h"
#include "longtake/error.h"

namespace {

class MemoryFile : public longtake::InputFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) __builtin_trap();
    const auto part = std::as_bytes(bytes_.subspan(static_cast<std::size_t>(offset), out.size()));
    std::copy(part.begin(), part.end(), out.begin());
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    longtake::fields::readers::classic_variables(MemoryFile({data, size}), "fuzz");
  } catch (const longtake::BadData&) {
  }
  return 0;
}
