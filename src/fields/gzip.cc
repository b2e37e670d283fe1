// zlib's inflate, with a limit so that a small file cannot fill the memory.
#include "fields/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

class InflateStream {
 public:
  explicit InflateStream(const std::string& where) : where_(where) {
    if (inflateInit2(&stream_, MAX_WBITS + 32) != Z_OK) throw Unsupported(where + ": zlib cannot be started");
  }
  ~InflateStream() { inflateEnd(&stream_); }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  std::string run(std::string_view bytes, std::size_t limit) {
    std::string out;
    std::array<char, 1 << 16> block;
    // zlib does not write to its input, but asks for it as if it did.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
      stream_.next_out = reinterpret_cast<Bytef*>(block.data());
      stream_.avail_out = static_cast<uInt>(block.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END) refuse(result);
      out.append(block.data(), block.size() - stream_.avail_out);
      if (out.size() > limit) {
        throw BadData(fmt::format("{}: inflates to more than the {} bytes that are read", where_, limit));
      }
      if (result != Z_STREAM_END) continue;
      if (stream_.avail_in == 0) return out;
      inflateReset(&stream_);  // another member follows
    }
  }

 private:
  [[noreturn]] void refuse(int result) const {
    if (result == Z_BUF_ERROR) throw BadData(where_ + ": the compressed bytes are cut off");
    throw BadData(fmt::format("{}: the compressed bytes are damaged ({})", where_,
                              stream_.msg != nullptr ? stream_.msg : zError(result)));
  }

  z_stream stream_{};
  const std::string& where_;
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

std::string inflate_bytes(std::string_view bytes, std::size_t limit, const std::string& where) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) {
    throw BadData(fmt::format("{}: {} compressed bytes are too many", where, bytes.size()));
  }
  return InflateStream(where).run(bytes, limit);
}

}  // namespace longtake::fields
