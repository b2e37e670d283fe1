#include "data/idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "longtake/error.h"

namespace longtake {

namespace {

constexpr std::size_t kIdxHeader = 16;
constexpr std::uint32_t kPicturesMagic = 0x0803;  // uint8, three dimensions
constexpr std::uint64_t kMostIdxBytes = std::uint64_t{1} << 30;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string unzip(std::string_view bytes, const std::string& name) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzip) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK) {
    constexpr std::size_t kStep = 1 << 20;
    const std::size_t filled = out.size();
    if (filled >= kMostIdxBytes) throw BadData(name + ": unpacked it is larger than 1 GiB");
    out.resize(filled + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    stream.avail_out = kStep;
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(filled + kStep - stream.avail_out);
  }
  if (result != Z_STREAM_END) throw BadData(name + ": its gzip data is damaged or cut short");
  return out;
}

}  // namespace

Tensor parse_idx_pictures(std::string_view bytes, const std::string& name) {
  std::string unpacked;
  if (bytes.starts_with("\x1f\x8b")) bytes = unpacked = unzip(bytes, name);
  if (bytes.size() < kIdxHeader || big_endian(bytes) != kPicturesMagic) {
    throw BadData(name + ": it is no IDX file of pictures (uint8, three dimensions)");
  }
  const std::uint64_t count = big_endian(bytes.substr(4)), height = big_endian(bytes.substr(8)),
                      width = big_endian(bytes.substr(12));
  constexpr std::uint64_t kLargestSide = 1 << 14;
  const bool sensible = count >= 1 && height >= 1 && width >= 1 && height <= kLargestSide && width <= kLargestSide;
  if (!sensible || bytes.size() - kIdxHeader < count * height * width) {
    throw BadData(fmt::format("{}: {} pictures of {} x {} do not fit its {} bytes", name, count, height, width,
                              bytes.size() - kIdxHeader));
  }
  Tensor pictures(DType::kUint8, {static_cast<std::int64_t>(count), static_cast<std::int64_t>(height),
                                  static_cast<std::int64_t>(width)});
  std::copy_n(reinterpret_cast<const std::byte*>(bytes.data() + kIdxHeader), pictures.bytes(), pictures.raw());
  return pictures;
}

Tensor read_idx_pictures(const Files& files, const Files::Path& path) {
  return parse_idx_pictures(files.read(path), path.string());
}

}  // namespace longtake
