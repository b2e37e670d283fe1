// A typeface drawn for longtake, as strokes. Private to reports.
#pragma once

#include <vector>

#include "reports/canvas.h"

namespace longtake::reports {

// The lines of a character, curves already as short pieces. Units: capitals are from 0 (top) to 6 (base line), small
// letters begin at 2, descenders end at 8.
struct GlyphLines {
  std::vector<std::vector<Position>> lines;
  double width = 0;
};

// `index` 0 is the space, 94 the tilde, anything else the box for characters that are missing.
GlyphLines glyph_lines(std::size_t index);

}  // namespace longtake::reports
