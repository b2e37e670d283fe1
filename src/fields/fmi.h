// Radar composites of the Finnish Meteorological Institute: PGM, often gzipped, with the time and the grid in comments.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

// A reflectivity in dBZ, (v - 64) / 2 of each pixel; 255 is missing. The grid comes from the comments "projection
// radar" (polar stereographic on FMI's sphere of 6371288 m, so that the corners are whole pixels apart),
// "metersperpixel_x" and "bottomleft"; the time from "obstime", or else from a file name that begins with YYYYMMDDHHMM.
// Throws BadData that starts with `where` as parse_pgm() and for comments that are not what they should be.
Field parse_fmi(std::string_view bytes, const std::string& where);
// `path` may end in .gz or not: the contents decide.
Field read_fmi(const Files& files, const Files::Path& path);

// The time that the name of a file begins with; nothing where it does not.
std::optional<std::int64_t> time_of_fmi_name(const Files::Path& path);

}  // namespace longtake::fields
