// Pictures of one byte a pixel: the palette's indices of a GIF, the grays of a PNG. Private to fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::fields {

struct Picture8 {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  // [height, width], row 0 on top
};

// Both throw BadData that starts with `where` for damaged bytes and sizes as check_size(), Unsupported where longtake
// was built without the libraries.

// The first picture of a GIF, which must fill the screen; its palette is not looked at.
Picture8 decode_gif(std::string_view bytes, const std::string& where);

// A PNG of 8-bit gray, as stored (whatever gamma it states); other kinds are Unsupported.
Picture8 decode_gray_png(std::string_view bytes, const std::string& where);

}  // namespace longtake::fields
