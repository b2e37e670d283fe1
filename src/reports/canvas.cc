#include "reports/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "reports/glyphs.h"
#include "reports/utf8.h"

namespace longtake::reports {
namespace {

constexpr double kCapitalUnits = 6;     // height of capitals in the units of glyphs.h
constexpr double kLetterSpacing = 2.2;  // between letters, in the same units
constexpr std::string_view kEllipsis = "...";

double distance_to_segment(Position p, Position a, Position b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t = length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// The share of a pixel within `inside` pixels of an edge (negative outside).
std::uint8_t cover_of(double inside) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(inside + 0.5, 0.0, 1.0)));
}

void cover_segment(Mask& mask, Position a, Position b, double radius) {
  const double reach = radius + 1;
  const int left = std::max(0, static_cast<int>(std::floor(std::min(a.x, b.x) - reach)) - mask.x);
  const int right = std::min(mask.width, static_cast<int>(std::ceil(std::max(a.x, b.x) + reach)) - mask.x);
  const int top = std::max(0, static_cast<int>(std::floor(std::min(a.y, b.y) - reach)) - mask.y);
  const int bottom = std::min(mask.height, static_cast<int>(std::ceil(std::max(a.y, b.y) + reach)) - mask.y);
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      std::uint8_t& cover = mask.cover[static_cast<std::size_t>(y) * mask.width + x];
      const Position pixel{mask.x + x + 0.5, mask.y + y + 0.5};
      cover = std::max(cover, cover_of(radius - distance_to_segment(pixel, a, b)));
    }
  }
}

}  // namespace

Mask stroke_mask(std::span<const std::vector<Position>> lines, double thickness) {
  double left = 0, right = 0, top = 0, bottom = 0;
  bool any = false;
  for (const std::vector<Position>& line : lines) {
    for (const Position& point : line) {
      left = any ? std::min(left, point.x) : point.x;
      right = any ? std::max(right, point.x) : point.x;
      top = any ? std::min(top, point.y) : point.y;
      bottom = any ? std::max(bottom, point.y) : point.y;
      any = true;
    }
  }
  Mask mask;
  if (!any) return mask;
  const double reach = thickness / 2 + 1;
  mask.x = static_cast<int>(std::floor(left - reach));
  mask.y = static_cast<int>(std::floor(top - reach));
  mask.width = static_cast<int>(std::ceil(right + reach)) - mask.x;
  mask.height = static_cast<int>(std::ceil(bottom + reach)) - mask.y;
  mask.cover.assign(static_cast<std::size_t>(mask.width) * mask.height, 0);
  for (const std::vector<Position>& line : lines) {
    if (line.size() == 1)
      cover_segment(mask, line[0], line[0], thickness / 2 * 1.2);  // dots look smaller than they are
    for (std::size_t i = 1; i < line.size(); ++i) cover_segment(mask, line[i - 1], line[i], thickness / 2);
  }
  return mask;
}

Font::Font(double height, double thickness) : height_(height) {
  const double unit = height / kCapitalUnits;
  for (std::size_t i = 0; i < kGlyphs; ++i) {
    GlyphLines glyph = glyph_lines(i);
    for (std::vector<Position>& line : glyph.lines) {
      for (Position& point : line) point = {point.x * unit, (point.y - kCapitalUnits) * unit};
    }
    glyphs_[i] = {stroke_mask(glyph.lines, thickness), (glyph.width + kLetterSpacing) * unit};
  }
}

const Font::Glyph& Font::glyph(char32_t point) const {
  return glyphs_[point >= ' ' && point <= '~' ? point - ' ' : kGlyphs - 1];
}

double Font::width(std::string_view text) const {
  double width = 0;
  while (!text.empty()) width += glyph(next_code_point(text).value).advance;
  return width;
}

Canvas::Canvas(int width, int height, Colour background)
    : width_(width), height_(height), image_(DType::kUint8, {height, width, 3}) {
  rectangle(0, 0, width, height, background);
}

void Canvas::blend(int x, int y, Colour colour, int cover, double opacity) {
  std::uint8_t* pixel = image_.data<std::uint8_t>().data() + (static_cast<std::size_t>(y) * width_ + x) * 3;
  const int weight = static_cast<int>(std::lround(cover * opacity));
  const auto mix = [weight](std::uint8_t& under, int over) {
    under = static_cast<std::uint8_t>((under * (255 - weight) + over * weight + 127) / 255);
  };
  mix(pixel[0], colour.red);
  mix(pixel[1], colour.green);
  mix(pixel[2], colour.blue);
}

void Canvas::paint(const Mask& mask, Colour colour, double opacity, Position offset) {
  const int left = mask.x + static_cast<int>(std::lround(offset.x));
  const int top = mask.y + static_cast<int>(std::lround(offset.y));
  for (int y = std::max(0, -top); y < std::min(mask.height, height_ - top); ++y) {
    for (int x = std::max(0, -left); x < std::min(mask.width, width_ - left); ++x) {
      const int cover = mask.cover[static_cast<std::size_t>(y) * mask.width + x];
      if (cover > 0) blend(left + x, top + y, colour, cover, opacity);
    }
  }
}

void Canvas::rounded(double left, double top, double right, double bottom, double radius, Colour colour,
                     double opacity) {
  radius = std::max(0.0, std::min({radius, (right - left) / 2, (bottom - top) / 2}));
  for (int y = std::max(0, static_cast<int>(top)); y < std::min<double>(height_, bottom); ++y) {
    for (int x = std::max(0, static_cast<int>(left)); x < std::min<double>(width_, right); ++x) {
      // The distance to the box shrunk by the radius.
      const double dx = std::max({left + radius - (x + 0.5), x + 0.5 - (right - radius), 0.0});
      const double dy = std::max({top + radius - (y + 0.5), y + 0.5 - (bottom - radius), 0.0});
      blend(x, y, colour, cover_of(radius - std::hypot(dx, dy)), opacity);
    }
  }
}

void Canvas::rectangle(double left, double top, double right, double bottom, Colour colour, double opacity) {
  // How much of the pixel that begins at `pixel` lies between two edges.
  const auto overlap = [](int pixel, double from, double to) {
    return std::clamp(std::min(pixel + 1.0, to) - std::max<double>(pixel, from), 0.0, 1.0);
  };
  for (int y = std::max(0, static_cast<int>(top)); y < std::min<double>(height_, bottom); ++y) {
    const double rows = 255 * overlap(y, top, bottom);
    for (int x = std::max(0, static_cast<int>(left)); x < std::min<double>(width_, right); ++x) {
      blend(x, y, colour, static_cast<int>(std::lround(rows * overlap(x, left, right))), opacity);
    }
  }
}

void Canvas::disc(Position centre, double radius, Colour colour, double opacity) {
  rounded(centre.x - radius, centre.y - radius, centre.x + radius, centre.y + radius, radius, colour, opacity);
}

double Canvas::text(const Font& font, Position at, std::string_view text, Colour colour, double room) {
  const bool cut = font.width(text) > room;
  if (cut) room -= font.width(kEllipsis);
  const double start = at.x;
  const auto put = [&](char32_t point) {
    const Font::Glyph& glyph = font.glyph(point);
    if (cut && at.x + glyph.advance - start > room) return false;
    paint(glyph.mask, colour, 1, at);
    at.x += glyph.advance;
    return true;
  };
  while (!text.empty() && put(next_code_point(text).value)) {
  }
  if (cut) return this->text(font, at, kEllipsis, colour);
  return at.x;
}

void Canvas::copy_columns(const Canvas& other, int left, int right, int top) {
  left = std::clamp(left, 0, width_);
  right = std::clamp(right, left, width_);
  for (int y = std::max(0, top); y < height_; ++y) {
    const std::size_t offset = (static_cast<std::size_t>(y) * width_ + left) * 3;
    std::memcpy(image_.raw() + offset, other.image_.raw() + offset, static_cast<std::size_t>(right - left) * 3);
  }
}

void Canvas::picture(const Tensor& picture, int factor, int left, int top) {
  const int width = static_cast<int>(picture.size(1));
  const std::uint8_t* source = picture.data<std::uint8_t>().data();
  std::uint8_t* target = image_.data<std::uint8_t>().data();
  for (int y = 0; y < picture.size(0) * factor && top + y < height_; ++y) {
    const std::uint8_t* row = source + static_cast<std::size_t>(y / factor) * width * 3;
    std::uint8_t* out = target + (static_cast<std::size_t>(top + y) * width_ + left) * 3;
    for (int x = 0; x < width * factor && left + x < width_; ++x) std::memcpy(out + x * 3, row + x / factor * 3, 3);
  }
}

}  // namespace longtake::reports
