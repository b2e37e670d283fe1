#include "reports/utf8.h"

#include <algorithm>
#include <array>

namespace longtake::reports {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks that matter in practice, not all of Unicode's tables.
constexpr std::array kZeroWidth = {Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd},
                                   Range{0x0610, 0x061a}, Range{0x064b, 0x065f}, Range{0x1ab0, 0x1aff},
                                   Range{0x1dc0, 0x1dff}, Range{0x200b, 0x200f}, Range{0x20d0, 0x20ff},
                                   Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f}};
constexpr std::array kWide = {Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0x33ff},
                              Range{0x3400, 0x4dbf},   Range{0x4e00, 0x9fff},   Range{0xa000, 0xa4cf},
                              Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe4f},
                              Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
                              Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

template <std::size_t kCount>
bool within(const std::array<Range, kCount>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return point >= range.first && point <= range.last; });
}

// Bytes of the sequence that starts with `lead`; 0 where none does.
int sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

constexpr char32_t kInvalid = 0xfffd;

char32_t decode(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 1) return lead;
  char32_t point = lead & (0x7f >> bytes.size());
  for (const char byte : bytes.substr(1)) {
    if ((byte & 0xc0) != 0x80) return kInvalid;
    point = point << 6 | (static_cast<unsigned char>(byte) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[bytes.size()] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return kInvalid;
  return point;
}

}  // namespace

CodePoint next_code_point(std::string_view& text) {
  const auto length = static_cast<std::size_t>(sequence_length(static_cast<unsigned char>(text[0])));
  if (length > 0 && length <= text.size()) {
    const CodePoint point{decode(text.substr(0, length)), text.substr(0, length)};
    if (point.value != kInvalid || point.text == kReplacement) {
      text.remove_prefix(length);
      return point;
    }
  }
  text.remove_prefix(1);
  return {kInvalid, kReplacement};
}

int columns_of(char32_t point) {
  if (point == 0 || is_control(point) || within(kZeroWidth, point)) return 0;
  return within(kWide, point) ? 2 : 1;
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) columns += columns_of(next_code_point(text).value);
  return columns;
}

std::string_view fitting_prefix(std::string_view text, int columns) {
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view behind = rest;
    columns -= columns_of(next_code_point(behind).value);
    if (columns < 0) break;
    rest = behind;
  }
  return text.substr(0, text.size() - rest.size());
}

std::string on_one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = next_code_point(text);
    out += is_control(point.value) ? std::string_view(" ") : point.text;
  }
  return out;
}

}  // namespace longtake::reports
