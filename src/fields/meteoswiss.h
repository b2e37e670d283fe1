// Radar rain rates of MeteoSwiss in GIF (product AQC).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

// The rain rate in mm/h of each of the palette's indices v: 12 (10^((v - 71.5) / 20) / 316)^(1 / 1.5); 0 for v < 2 and
// for 251 to 254; 255 is missing. A picture of 640 x 710 (height x width) lies on the Swiss grid CH1903/LV03 at 1 km.
// Throws BadData that starts with `where`.
Field parse_meteoswiss(std::string_view bytes, const std::string& where);

// With the time of the file's name. Throws BadData where it has none.
Field read_meteoswiss(const Files& files, const Files::Path& path);

// "AQC161932325V_00005.801.gif" is the year 16, its day 193, 23:25 UTC. Nothing for other names.
std::optional<std::int64_t> time_of_meteoswiss_name(const Files::Path& path);

}  // namespace longtake::fields
