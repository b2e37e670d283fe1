// HKO-7, the radar of Hong Kong: a gray PNG a frame, and a mask beside it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

struct Hko7Options {
  Files::Path masks;   // the folder that mirrors the frames' with .mask files; empty reads none
  Files::Path frames;  // the folder below which the frames lie; needed with masks only
  // Noise: pixels above 0 and below this are missing. round(0.28 * 255) as in the benchmark; 0 keeps all.
  int noise_below = 71;
  // What is taken off the time of the names: 28800 for names in Hong Kong's time.
  std::int64_t utc_offset_s = 0;
};

// The reflectivity 70 v / 255 - 10 dBZ of an 8-bit gray PNG. `mask` is a .mask file's contents: a zlib stream of one
// byte a pixel, 1 where it is valid; empty takes all as valid. A pixel of 0 is -10 dBZ and means no echo: convert to a
// rain rate with kHko and no_rain_dbz = -10. Throws BadData that starts with `where`, Unsupported for other kinds of
// PNG.
Field parse_hko7(std::string_view png, std::string_view mask, int noise_below, const std::string& where);

// With the time of the name, "RADyymmddHHMM00.png". Throws BadData where it has none.
Field read_hko7(const Files& files, const Files::Path& path, const Hko7Options& options);

std::optional<std::int64_t> time_of_hko7_name(const Files::Path& path, std::int64_t utc_offset_s);

}  // namespace longtake::fields
