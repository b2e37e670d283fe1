// Walking over text in UTF-8 that may be damaged. Private to reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace longtake::reports {

inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

struct CodePoint {
  char32_t value = 0;
  std::string_view text;  // its bytes, or kReplacement in place of a byte that is no UTF-8
};

// Takes the first code point off `text`, which must not be empty. A byte that starts no valid sequence (overlong,
// surrogate, cut short) counts as one U+FFFD.
CodePoint next_code_point(std::string_view& text);

// C0 and C1 controls and DEL, none of which belongs into a line of text.
constexpr bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

// Columns of a terminal that a code point takes: 0 for combining marks, 2 for East Asian wide characters and emoji.
int columns_of(char32_t point);
int columns_of(std::string_view text);

// The longest beginning of `text` that takes at most `columns`.
std::string_view fitting_prefix(std::string_view text, int columns);

// The text with a blank in place of every control, so that it stays on its line.
std::string on_one_line(std::string_view text);

}  // namespace longtake::reports
