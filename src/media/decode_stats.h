// Helpers for the counters of decoding.
#pragma once

#include <string>

#include "longtake/video_reader.h"

namespace longtake::media {

// Adds to stats.problems, of which only the first 16 are kept.
void add_problem(DecodeStats& stats, std::string problem);
// Adds the counters of `more` to those of `sum`.
void add(DecodeStats& sum, const DecodeStats& more);

}  // namespace longtake::media
