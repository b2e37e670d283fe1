#include "reports/glyphs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace longtake::reports {
namespace {

// Each character is a list of strokes, each stroke a list of points, each point two digits, x and y. A stroke goes
// straight from point to point, one of a single point is a dot; after '~' it is a smooth curve whose control polygon
// the points are, after 'o' a closed one.
// clang-format off
constexpr std::array<std::string_view, 95> kStrokes = {
    "",                                       // space
    "0004 06",                                // !
    "0002 2022",                              // "
    "1016 3036 0242 0444",                    // #
    "~4140000343460605 2027",                 // $
    "o00202202 o24444626 4006",               // %
    "~461210303204063644",                    // &
    "0002",                                   // '
    "~20020527",                              // (
    "~00222507",                              // )
    "2125 0244 0442",                         // *
    "2125 0343",                              // +
    "1607",                                   // ,
    "0333",                                   // -
    "06",                                     // .
    "3007",                                   // /
    "o00404606",                              // 0
    "012026",                                 // 1
    "~0100404206 0646",                       // 2
    "~0100404313 ~1343460605",                // 3
    "36300444",                               // 4
    "400002 ~0242460605",                     // 5
    "~300004 o02424606",                      // 6
    "004016",                                 // 7
    "o00404303 o03434606",                    // 8
    "o00404404 ~424616",                      // 9
    "03 06",                                  // :
    "13 1607",                                // ;
    "310335",                                 // <
    "0242 0444",                              // =
    "013305",                                 // >
    "~0100404224 26",                         // ?
    "~560600606444 o22424424",                // @
    "062046 1434",                            // A
    "0006 ~00404303 ~03434606",               // B
    "~414000064645",                          // C
    "0006 ~00404606",                         // D
    "40000646 0333",                          // E
    "400006 0333",                            // F
    "~414000064643 4323",                     // G
    "0006 4046 0343",                         // H
    "0006",                                   // I
    "3034 ~34360605",                         // J
    "0006 4004 1346",                         // K
    "000636",                                 // L
    "0600244046",                             // M
    "06004640",                               // N
    "o00505606",                              // O
    "0006 ~00404303",                         // P
    "o00505606 3456",                         // Q
    "0006 ~00404303 2346",                    // R
    "~4140000343460605",                      // S
    "0040 2026",                              // T
    "0004 ~04064644 4440",                    // U
    "002640",                                 // V
    "0016315660",                             // W
    "0046 4006",                              // X
    "002340 2326",                            // Y
    "00400646",                               // Z
    "20000727",                               // [
    "0037",                                   // backslash
    "00202707",                               // ]
    "022042",                                 // ^
    "0747",                                   // _
    "0011",                                   // `
    "o02323606 3236",                         // a
    "0006 o02323606",                         // b
    "~333202063635",                          // c
    "o02323606 3036",                         // d
    "0434 ~343202063635",                     // e
    "~201012 1216 0222",                      // f
    "o02323606 3236 ~36380807",               // g
    "0006 ~04023234 3436",                    // h
    "0206 00",                                // i
    "1216 ~161808 10",                        // j
    "0006 3205 1436",                         // k
    "0004 ~040616",                           // l
    "0206 ~04022224 2426 ~24224244 4446",     // m
    "0206 ~04023234 3436",                    // n
    "o02323606",                              // o
    "0208 o02323606",                         // p
    "o02323606 3238",                         // q
    "0206 ~040222",                           // r
    "~3332020434360605",                      // s
    "1014 ~141626 0222",                      // t
    "0204 ~04063634 3236",                    // u
    "022642",                                 // v
    "0216325662",                             // w
    "0236 3206",                              // x
    "0226 4218",                              // y
    "02320636",                               // z
    "~20101303 ~03131727",                    // {
    "0007",                                   // |
    "~00101323 ~23131707",                    // }
    "~04123543",                              // ~
};
// clang-format on
constexpr std::string_view kMissing = "0040460600";
constexpr double kSpaceWidth = 2;
constexpr int kPieces = 6;  // of a curve between two of its control points

Position middle(Position a, Position b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

std::vector<Position> points_of(std::string_view digits) {
  std::vector<Position> points;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    points.push_back({static_cast<double>(digits[i] - '0'), static_cast<double>(digits[i + 1] - '0')});
  }
  return points;
}

// Adds the quadratic Bezier curve from the line's last point to `end`.
void bend(std::vector<Position>& line, Position control, Position end) {
  const Position start = line.back();
  for (int i = 1; i <= kPieces; ++i) {
    const double t = static_cast<double>(i) / kPieces;
    const double a = (1 - t) * (1 - t), b = 2 * t * (1 - t), c = t * t;
    line.push_back({a * start.x + b * control.x + c * end.x, a * start.y + b * control.y + c * end.y});
  }
}

// Quadratic B-splines: the curve touches the control polygon in the middle of its edges.
std::vector<Position> open_curve(const std::vector<Position>& controls) {
  std::vector<Position> line = {controls.front()};
  for (std::size_t i = 1; i + 1 < controls.size(); ++i) {
    const bool last = i + 2 == controls.size();
    bend(line, controls[i], last ? controls[i + 1] : middle(controls[i], controls[i + 1]));
  }
  return line;
}

std::vector<Position> closed_curve(const std::vector<Position>& controls) {
  std::vector<Position> line = {middle(controls.back(), controls.front())};
  for (std::size_t i = 0; i < controls.size(); ++i) {
    bend(line, controls[i], middle(controls[i], controls[(i + 1) % controls.size()]));
  }
  return line;
}

}  // namespace

GlyphLines glyph_lines(std::size_t index) {
  GlyphLines glyph;
  if (index == 0) return {{}, kSpaceWidth};
  for (std::string_view stroke : split(index < kStrokes.size() ? kStrokes[index] : kMissing, ' ')) {
    const char kind = stroke.front();
    if (kind == '~' || kind == 'o') stroke.remove_prefix(1);
    const std::vector<Position> points = points_of(stroke);
    for (const Position& point : points) glyph.width = std::max(glyph.width, point.x);
    glyph.lines.push_back(kind == '~' ? open_curve(points) : kind == 'o' ? closed_curve(points) : points);
  }
  return glyph;
}

}  // namespace longtake::reports
