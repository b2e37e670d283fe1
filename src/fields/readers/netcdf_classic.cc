// The header of the NetCDF classic formats:
// https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html
#include "fields/readers/netcdf_classic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "longtake/error.h"

namespace longtake::fields::readers {
namespace {

constexpr std::uint32_t kDimensionTag = 10;
constexpr std::uint32_t kVariableTag = 11;
constexpr std::uint32_t kAttributeTag = 12;

// Big-endian numbers one after the other, through a window on the file.
class ClassicHeader {
 public:
  ClassicHeader(const InputFile& file, const std::string& where) : file_(file), where_(where) {}

  std::uint64_t number(std::size_t bytes) {
    std::array<std::byte, 8> buffer{};
    get(std::span(buffer).first(bytes));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint64_t>(buffer[i]);
    return value;
  }

  // Sizes and counts have 8 bytes in CDF-5.
  std::uint64_t count() { return number(version_ == 5 ? 8 : 4); }
  std::uint64_t offset() { return number(version_ == 1 ? 4 : 8); }

  std::string name() {
    const std::uint64_t length = count();
    if (length > 4096) refuse("a name is too long");
    std::string text(static_cast<std::size_t>(length), '\0');
    get(std::as_writable_bytes(std::span(text)));
    skip((4 - length % 4) % 4);
    return text;
  }

  void skip(std::uint64_t bytes) {
    if (bytes > file_.size() - at_) refuse("is cut off");
    at_ += bytes;
  }

  // The number of elements behind a list's tag, of which each takes 8 bytes or more.
  std::uint64_t list(std::uint32_t tag) {
    const std::uint64_t found = number(4);
    const std::uint64_t elements = count();
    if ((found != tag && (found != 0 || elements != 0)) || elements > file_.size() / 8) refuse("a list is broken");
    return elements;
  }

  void skip_attributes() {
    for (std::uint64_t left = list(kAttributeTag); left > 0; --left) {
      name();
      const std::uint64_t bytes = type_bytes();
      const std::uint64_t elements = count();
      if (elements > file_.size()) refuse("an attribute is too long");
      skip((elements * bytes + 3) / 4 * 4);
    }
  }

  std::uint64_t type_bytes() {
    constexpr std::array<std::uint64_t, 12> kBytes{0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
    const std::uint64_t type = number(4);
    if (type < 1 || type >= kBytes.size()) refuse(fmt::format("a type {} is unknown", type));
    return kBytes[type];
  }

  // Whether the file is of this kind.
  bool begins() {
    if (file_.size() < 4) return false;
    const std::uint64_t magic = number(4);
    version_ = magic & 0xFF;
    return magic >> 8 == 0x434446 && (version_ == 1 || version_ == 2 || version_ == 5);
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw BadData(fmt::format("{}: the header of the NetCDF file is no good: {}", where_, why));
  }

 private:
  void get(std::span<std::byte> out) {
    if (out.size() > file_.size() - at_) refuse("it is cut off");
    const bool held = at_ >= window_begin_ && at_ + out.size() <= window_begin_ + window_.size();
    if (!held) {
      window_begin_ = at_;
      window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(1 << 16, file_.size() - at_)));
      file_.read(at_, window_);
    }
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(at_ - window_begin_), out.size(), out.begin());
    at_ += out.size();
  }

  const InputFile& file_;
  const std::string& where_;
  std::uint64_t version_ = 1;
  std::uint64_t at_ = 0;
  std::uint64_t window_begin_ = 0;
  std::vector<std::byte> window_;
};

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > (std::uint64_t{1} << 62) / a ? std::uint64_t{1} << 62 : a * b;
}

// The bytes of one record, or of all of a variable without records.
struct ClassicShape {
  bool record = false;
  std::uint64_t bytes = 0;
};

ClassicShape read_shape(ClassicHeader& header, const std::vector<std::uint64_t>& dimensions) {
  ClassicShape shape{false, 1};
  const std::uint64_t rank = header.count();
  if (rank > 1024) header.refuse("a variable has too many dimensions");
  for (std::uint64_t i = 0; i < rank; ++i) {
    const std::uint64_t dimension = header.count();
    if (dimension >= dimensions.size()) header.refuse("a variable has a dimension that is not there");
    if (i == 0 && dimensions[dimension] == 0) {
      shape.record = true;
    } else {
      shape.bytes = times(shape.bytes, dimensions[dimension]);
    }
  }
  return shape;
}

}  // namespace

std::map<std::string, ClassicVariable> classic_variables(const InputFile& file, const std::string& where) {
  ClassicHeader header(file, where);
  std::map<std::string, ClassicVariable> variables;
  if (!header.begins()) return variables;
  header.count();  // of records, which libnetcdf knows too
  std::vector<std::uint64_t> dimensions;
  for (std::uint64_t left = header.list(kDimensionTag); left > 0; --left) {
    header.name();
    dimensions.push_back(header.count());
  }
  header.skip_attributes();
  std::vector<std::uint64_t> record_bytes;
  for (std::uint64_t left = header.list(kVariableTag); left > 0; --left) {
    const std::string name = header.name();
    ClassicShape shape = read_shape(header, dimensions);
    header.skip_attributes();
    shape.bytes = times(shape.bytes, header.type_bytes());
    header.count();  // the size as stored, which large variables do not have
    variables[name] = {header.offset(), shape.record, 0};
    if (shape.record) record_bytes.push_back(shape.bytes);
  }
  // Records lie one behind the other, each variable's part filled up to 4 bytes unless it is alone.
  std::uint64_t stride = 0;
  for (const std::uint64_t bytes : record_bytes) stride += record_bytes.size() == 1 ? bytes : (bytes + 3) / 4 * 4;
  for (auto& [name, variable] : variables) variable.record_stride = variable.record ? stride : 0;
  return variables;
}

}  // namespace longtake::fields::readers
