// Portable gray maps (Netpbm's P5, binary): 8 or 16 bits a pixel, with the comments of their header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::fields {

struct Pgm {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t greatest = 0;          // maxval, 1 to 65535
  std::vector<std::uint16_t> pixels;  // [height, width], row 0 on top
  std::vector<std::string> comments;  // without "#" and the white space around
};

// Reads the first picture of `bytes`; Netpbm allows others behind it, which are ignored. Throws BadData that starts
// with `where` for a header that is none, sizes as check_size(), pixels above maxval and data that end early;
// Unsupported for the other kinds of Netpbm.
Pgm parse_pgm(std::string_view bytes, const std::string& where);

}  // namespace longtake::fields
