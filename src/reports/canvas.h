// Drawing with smooth edges into a picture: shapes, lines and text. Private to reports.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "longtake/tensor.h"

namespace longtake::reports {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  friend bool operator==(const Colour&, const Colour&) = default;
};

// Pixels, from the top left corner; a pixel's middle is at half numbers.
struct Position {
  double x = 0;
  double y = 0;
};

// How much of each pixel of a box is covered, 0 to 255.
struct Mask {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> cover;  // [height, width]
};

// A line of that thickness with round ends along points; several lines are one mask, so crossings do not show.
Mask stroke_mask(std::span<const std::vector<Position>> lines, double thickness);

// A typeface of strokes at one size. Characters it does not have (all but ASCII) are shown as a box.
class Font {
 public:
  // `height` of capitals and `thickness` of strokes in pixels.
  Font(double height, double thickness);

  double height() const { return height_; }
  double width(std::string_view text) const;

 private:
  friend class Canvas;
  struct Glyph {
    Mask mask;  // relative to the left end of the base line
    double advance = 0;
  };
  static constexpr std::size_t kGlyphs = 96;  // ' ' to '~', and the box
  const Glyph& glyph(char32_t point) const;

  double height_;
  std::array<Glyph, kGlyphs> glyphs_;
};

// A picture, uint8 [height, width, 3] RGB, to draw into. What lies outside is cut off.
class Canvas {
 public:
  Canvas(int width, int height, Colour background);

  int width() const { return width_; }
  int height() const { return height_; }
  Tensor& image() { return image_; }
  const Tensor& image() const { return image_; }

  void paint(const Mask& mask, Colour colour, double opacity = 1, Position offset = {});
  void rectangle(double left, double top, double right, double bottom, Colour colour, double opacity = 1);
  // The same with round corners.
  void rounded(double left, double top, double right, double bottom, double radius, Colour colour, double opacity = 1);
  void disc(Position centre, double radius, Colour colour, double opacity = 1);
  // One pixel, which must lie inside, covered by cover / 255.
  void blend(int x, int y, Colour colour, int cover, double opacity = 1);

  // Text on the base line that begins at `at`; one wider than `room` ends in "...". Returns where it ends.
  double text(const Font& font, Position at, std::string_view text, Colour colour, double room = 1e9);

  // Copies the columns [left, right) of the lines from `top` on, from a picture of the same size.
  void copy_columns(const Canvas& other, int left, int right, int top);
  // Copies `picture`, uint8 [height, width, 3], with every pixel as a square of `factor` pixels.
  void picture(const Tensor& picture, int factor, int left, int top);

 private:
  int width_;
  int height_;
  Tensor image_;
};

}  // namespace longtake::reports
