#include "data/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint64_t kLongestHeader = 1 << 16;
constexpr std::size_t kMostDimensions = 32;

struct NpyType {
  std::string_view descriptor;
  DType dtype;
};
constexpr std::array kTypes{NpyType{"|u1", DType::kUint8},   NpyType{"|b1", DType::kUint8},
                            NpyType{"<f4", DType::kFloat32}, NpyType{"<f8", DType::kFloat64},
                            NpyType{"<i4", DType::kInt32},   NpyType{"<i8", DType::kInt64}};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (10, 20), }: a Python dictionary of these three, in any
// order.
class NpyDictionary {
 public:
  NpyDictionary(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyHeader read() {
    NpyHeader header;
    bool fortran = true;
    std::array<bool, 3> seen{};
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted_text();
      expect(':');
      const auto index = key == "descr" ? 0u : key == "fortran_order" ? 1u : key == "shape" ? 2u : 3u;
      if (index == 3 || seen[index]) bad(fmt::format("has the key '{}'", key));
      seen[index] = true;
      if (index == 0) header.dtype = type_of(quoted_text());
      if (index == 1) fortran = boolean();
      if (index == 2) header.shape = tuple();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at_ != text_.size()) bad("goes on behind its end");
    if (!(seen[0] && seen[1] && seen[2])) bad("lacks one of 'descr', 'fortran_order' and 'shape'");
    if (fortran && header.shape.size() > 1) {
      throw BadData(name_ + ": the array is in Fortran's order; numpy.ascontiguousarray() puts it into C's");
    }
    return header;
  }

 private:
  [[noreturn]] void bad(const std::string& what) const { throw BadData(fmt::format("{}: its header {}", name_, what)); }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(fmt::format("has no '{}' at byte {}", c, at_));
  }
  std::string_view quoted_text() {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) bad(fmt::format("has no text in quotes at byte {}", at_));
    const std::string_view text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return text;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    bad("says neither True nor False of 'fortran_order'");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::size_t end = at_;
      while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
      if (end == at_ || shape.size() == kMostDimensions) bad("has a shape that is none");
      shape.push_back(parse_int64(std::string(text_.substr(at_, end - at_)), name_ + ": its shape"));
      at_ = end;
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }
  DType type_of(std::string_view descriptor) const {
    for (const NpyType& type : kTypes) {
      if (type.descriptor == descriptor) return type.dtype;
    }
    throw BadData(fmt::format(
        "{}: numbers of the type '{}' cannot be read; uint8, float32 or float64 in little-endian order is wanted",
        name_, descriptor));
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, std::uint64_t size, const std::string& name) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 10) throw BadData(name + ": it is no .npy file");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) throw BadData(fmt::format("{}: version {} of .npy is not known", name, version));
  const std::size_t width = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + width) throw BadData(name + ": it is cut short in its header");
  const std::uint64_t length = little_endian(bytes.substr(8, width));
  if (length > kLongestHeader) throw BadData(fmt::format("{}: a header of {} bytes is none", name, length));
  if (bytes.size() < 8 + width + length) throw BadData(name + ": it is cut short in its header");
  NpyHeader header = NpyDictionary(bytes.substr(8 + width, length), name).read();
  header.data_begin = 8 + width + length;
  std::uint64_t wanted = 0;
  try {
    wanted = static_cast<std::uint64_t>(element_count(header.shape));
  } catch (const InvalidArgument& error) {
    throw BadData(fmt::format("{}: its shape {}: {}", name, to_string(header.shape), error.what()));
  }
  const std::uint64_t there = (size - std::min(size, header.data_begin)) / size_of(header.dtype);
  if (there < wanted) {
    throw BadData(fmt::format("{}: it is cut short: its shape {} needs {} numbers, there are {}", name,
                              to_string(header.shape), wanted, there));
  }
  return header;
}

NpyFile::NpyFile(const Files& files, const Files::Path& path) : file_(files.open(path)), name_(path.string()) {
  std::string bytes(std::min<std::uint64_t>(file_->size(), kLongestHeader + 12), '\0');
  file_->read(0, std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  header_ = parse_npy_header(bytes, file_->size(), name_);
}

Tensor NpyFile::read(std::int64_t first, std::int64_t count) const {
  const std::int64_t total = element_count(header_.shape);
  if (first < 0 || count < 0 || first > total - count) {
    throw InvalidArgument(fmt::format("{} has {} numbers, none at {} to {}", name_, total, first, first + count));
  }
  Tensor out(header_.dtype, {count});
  file_->read(header_.data_begin + static_cast<std::uint64_t>(first) * size_of(header_.dtype),
              {out.raw(), out.bytes()});
  return out;
}

std::string npy_header(DType dtype, const Shape& shape) {
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const NpyType& t) { return t.dtype == dtype; });
  std::string sizes;
  for (std::int64_t size : shape) sizes += fmt::format("{}, ", size);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type->descriptor, sizes);
  const std::size_t bare = kMagic.size() + 4 + text.size() + 1;
  text += std::string((64 - bare % 64) % 64, ' ') + '\n';
  const auto length = static_cast<unsigned>(text.size());
  std::string out(kMagic);
  for (const unsigned byte : {1u, 0u, length & 255u, length >> 8}) out += static_cast<char>(byte);
  return out + text;
}

}  // namespace longtake
