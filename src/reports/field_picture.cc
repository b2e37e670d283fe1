#include "reports/field_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "fields/calendar.h"
#include "fields/tracks.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::reports {

namespace {

constexpr Colour kPage{255, 255, 255};
constexpr Colour kFieldInk{28, 32, 38};
constexpr Colour kSoftInk{98, 105, 115};
constexpr Colour kFrameLine{120, 126, 136};
constexpr Colour kEmptyMap{238, 239, 241};

constexpr int kPageMargin = 18;
constexpr int kPanelGap = 22;
constexpr int kLegendWidth = 92;
constexpr int kBarWidth = 18;

struct FieldFonts {
  Font title{13, 2.2};
  Font panel{10, 1.7};
  Font small{8, 1.2};
};

// "2016-09-28 15:05 UTC"
std::string time_stamp(const fields::Field& field) {
  if (!field.time) return "";
  const std::string text = fields::format_time(*field.time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

// The size of a map and where it lies in a panel.
struct MapLayout {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  int width = 0;
  int height = 0;
  int header = 40;  // above the map: two lines
  int left = 0;     // of the map: room for degrees
  int below = 0;
};

MapLayout layout_of(const fields::Field& field, int map_pixels) {
  MapLayout layout;
  layout.rows = field.height;
  layout.columns = field.width;
  const std::int64_t longest = std::max(field.height, field.width);
  const auto pixels = [&](std::int64_t cells) {
    if (longest <= map_pixels) return static_cast<int>(cells * (map_pixels / longest));
    const double scaled = static_cast<double>(cells) * map_pixels / static_cast<double>(longest);
    return std::max(1, static_cast<int>(std::lround(scaled)));
  };
  layout.width = pixels(field.width);
  layout.height = pixels(field.height);
  if (field.grid.kind == fields::GridKind::kGeographic) {
    layout.left = 34;
    layout.below = 18;
  }
  return layout;
}

// The cells that a pixel covers along one side.
struct CellRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
CellRange cells_of(int pixel, int pixels, std::int64_t cells) {
  const std::int64_t begin = pixel * cells / pixels;
  return {begin, std::max(begin + 1, (pixel + 1) * cells / pixels)};
}

// The mean of the valid cells; nothing where more than half are missing.
std::optional<double> mean_of(const fields::Field& field, const CellRange& rows, const CellRange& columns) {
  double sum = 0;
  std::int64_t valid = 0;
  for (std::int64_t y = rows.begin; y < rows.end; ++y) {
    for (std::int64_t x = columns.begin; x < columns.end; ++x) {
      const auto cell = static_cast<std::size_t>(y * field.width + x);
      if (field.valid[cell] == 0) continue;
      sum += field.values[cell];
      ++valid;
    }
  }
  const std::int64_t all = (rows.end - rows.begin) * (columns.end - columns.begin);
  if (valid == 0 || 2 * valid < all) return std::nullopt;
  return sum / static_cast<double>(valid);
}

void paint_map(Canvas& canvas, const fields::Field& field, const FieldScale& scale, const MapLayout& layout, int left,
               int top) {
  for (int y = 0; y < layout.height; ++y) {
    const CellRange rows = cells_of(y, layout.height, layout.rows);
    for (int x = 0; x < layout.width; ++x) {
      const auto value = mean_of(field, rows, cells_of(x, layout.width, layout.columns));
      canvas.blend(left + x, top + y, value ? scale.colour(*value) : kMissingColour, 255);
    }
  }
}

void frame_map(Canvas& canvas, const MapLayout& layout, int left, int top) {
  const double right = left + layout.width;
  const double bottom = top + layout.height;
  canvas.rectangle(left - 1, top - 1, right + 1, top, kFrameLine);
  canvas.rectangle(left - 1, bottom, right + 1, bottom + 1, kFrameLine);
  canvas.rectangle(left - 1, top, left, bottom, kFrameLine);
  canvas.rectangle(right, top, right + 1, bottom, kFrameLine);
}

// The pixel of a coordinate on a regular axis of `pixels`; beyond the map where the axis does not reach it.
std::optional<double> pixel_at(const std::vector<double>& axis, double coordinate, int pixels) {
  const auto step = fields::regular_step(axis);
  if (!step) return std::nullopt;
  const double at = ((coordinate - axis.front()) / *step + 0.5) * pixels / static_cast<double>(axis.size());
  return at >= 0 && at <= pixels ? std::optional(at) : std::nullopt;
}

// A round number of degrees or metres that divides `extent` into some `parts`.
double round_step(double extent, double parts) {
  const double raw = extent / parts;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::string degrees_text(double degrees, const char* positive, const char* negative) {
  const double shown = std::abs(degrees) < 1e-9 ? 0 : degrees;
  return fmt::format("{:g}{}", std::abs(shown), shown == 0 ? "" : shown > 0 ? positive : negative);
}

// Lines of longitude and latitude with their degrees at the left and below.
void draw_graticule(Canvas& canvas, const fields::Field& field, const MapLayout& layout, const Font& font, int left,
                    int top) {
  const std::vector<double>& x = field.grid.x;
  const std::vector<double>& y = field.grid.y;
  const double step = round_step(std::max(std::abs(x.back() - x.front()), std::abs(y.back() - y.front())), 7);
  const auto first = [step](double a, double b) { return std::ceil((std::min(a, b) - step) / step) * step; };
  for (double at = first(x.front(), x.back()); at <= std::max(x.front(), x.back()) + step; at += step) {
    const auto pixel = pixel_at(x, at, layout.width);
    if (!pixel) continue;
    const double line = left + std::floor(*pixel);
    canvas.rectangle(line, top, line + 1, top + layout.height, kFieldInk, 0.16);
    const std::string text = degrees_text(fields::wrap_longitude(at), " E", " W");
    canvas.text(font, {line - font.width(text) / 2, top + layout.height + font.height() + 6.0}, text, kSoftInk);
  }
  for (double at = first(y.front(), y.back()); at <= std::max(y.front(), y.back()) + step; at += step) {
    const auto pixel = pixel_at(y, at, layout.height);
    if (!pixel) continue;
    const double line = top + std::floor(*pixel);
    canvas.rectangle(left, line, left + layout.width, line + 1, kFieldInk, 0.16);
    const std::string text = degrees_text(at, " N", " S");
    canvas.text(font, {left - font.width(text) - 4, line + font.height() / 2}, text, kSoftInk);
  }
}

// A bar in the lower left corner of a map in metres.
void draw_distance(Canvas& canvas, const fields::Field& field, const MapLayout& layout, const Font& font, int left,
                   int top) {
  const auto step = fields::regular_step(field.grid.x);
  if (!step || layout.width < 120) return;
  const double extent = std::abs(*step) * static_cast<double>(field.width);
  const double metres = round_step(extent, 6);
  const double pixels = metres / extent * layout.width;
  const double base = top + layout.height - 10.0;
  const double start = left + 10.0;
  const std::string text = metres >= 1000 ? fmt::format("{:g} km", metres / 1000) : fmt::format("{:g} m", metres);
  canvas.rounded(start - 6, base - 20, start + std::max(pixels, font.width(text)) + 6, base + 6, 3, kPage, 0.85);
  canvas.rectangle(start, base - 2, start + pixels, base, kFieldInk);
  canvas.rectangle(start, base - 6, start + 1, base, kFieldInk);
  canvas.rectangle(start + pixels - 1, base - 6, start + pixels, base, kFieldInk);
  canvas.text(font, {start + 3, base - 8}, text, kFieldInk);
}

void draw_marks(Canvas& canvas, const FieldPanel& panel, const MapLayout& layout, int left, int top) {
  const fields::Grid& grid = panel.field->grid;
  if (grid.kind != fields::GridKind::kGeographic) return;
  for (const GeoPoint& mark : panel.marks) {
    const double turns = std::floor((mark.longitude - grid.x.front() + 180) / 360);
    const auto x = pixel_at(grid.x, mark.longitude - 360 * turns, layout.width);
    const auto y = pixel_at(grid.y, mark.latitude, layout.height);
    if (!x || !y) continue;
    std::vector<Position> ring;
    for (int i = 0; i <= 32; ++i) {
      const double angle = i * 2 * std::numbers::pi / 32;
      ring.push_back({left + *x + 9 * std::cos(angle), top + *y + 9 * std::sin(angle)});
    }
    const std::vector<std::vector<Position>> lines{ring};
    canvas.paint(stroke_mask(lines, 4), kPage, 0.9);
    canvas.paint(stroke_mask(lines, 2), kFieldInk);
  }
}

// Header and map of a panel whose top left corner is (x, y).
void draw_panel(Canvas& canvas, const FieldPanel& panel, const FieldScale& scale, const MapLayout& layout,
                const FieldFonts& fonts, int x, int y) {
  const int left = x + layout.left;
  const int top = y + layout.header;
  const double note = fonts.panel.width(panel.note);
  canvas.text(fonts.panel, {static_cast<double>(left), y + 12.0}, panel.title, kFieldInk, layout.width - note - 8);
  canvas.text(fonts.panel, {left + layout.width - note, y + 12.0}, panel.note, kFieldInk);
  if (panel.field == nullptr) {
    canvas.rectangle(left, top, left + layout.width, top + layout.height, kEmptyMap);
  } else {
    canvas.text(fonts.small, {static_cast<double>(left), y + 30.0}, time_stamp(*panel.field), kSoftInk, layout.width);
    paint_map(canvas, *panel.field, scale, layout, left, top);
    if (panel.field->grid.kind == fields::GridKind::kGeographic) {
      draw_graticule(canvas, *panel.field, layout, fonts.small, left, top);
    } else if (panel.field->grid.kind == fields::GridKind::kProjected) {
      draw_distance(canvas, *panel.field, layout, fonts.small, left, top);
    }
    draw_marks(canvas, panel, layout, left, top);
  }
  frame_map(canvas, layout, left, top);
}

void draw_bar(Canvas& canvas, const FieldScale& scale, const Font& font, int left, int top, int height) {
  const auto label = [&](double value, double at) {
    canvas.rectangle(left + kBarWidth, at, left + kBarWidth + 4, at + 1, kFrameLine);
    canvas.text(font, {left + kBarWidth + 8.0, at + font.height() / 2}, fmt::format("{:.6g}", value), kFieldInk);
  };
  const std::size_t count = scale.values.size();
  if (scale.stepped) {
    const double block = static_cast<double>(height) / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double bottom = top + height - block * static_cast<double>(i);
      canvas.rectangle(left, bottom - block, left + kBarWidth, bottom, scale.colours[i]);
      label(scale.values[i], std::floor(bottom));
    }
  } else {
    for (int y = 0; y < height; ++y) {
      const double share = 1 - (y + 0.5) / height;
      const double value = scale.values.front() + share * (scale.values.back() - scale.values.front());
      canvas.rectangle(left, top + y, left + kBarWidth, top + y + 1, scale.colour(value));
    }
    const double low = scale.values.front();
    const double extent = scale.values.back() - low;
    const double step = round_step(extent, 6);
    for (double value = std::ceil(low / step) * step; value <= low + extent * (1 + 1e-9); value += step) {
      label(std::abs(value) < step / 1000 ? 0 : value, std::floor(top + height - (value - low) / extent * height));
    }
  }
}

void draw_legend(Canvas& canvas, const FieldScale& scale, const FieldFonts& fonts, int left, int top, int height) {
  const auto swatch = [&](Colour colour, const char* text, double y) {
    canvas.rectangle(left - 1, y - 1, left + kBarWidth + 1, y + 13, kFrameLine);
    canvas.rectangle(left, y, left + kBarWidth, y + 12, colour);
    canvas.text(fonts.small, {left + kBarWidth + 8.0, y + 10}, text, kFieldInk);
  };
  canvas.text(fonts.panel, {static_cast<double>(left), top - 10.0}, scale.unit == "1" ? "" : scale.unit, kFieldInk);
  const int swatches = scale.stepped ? 52 : 28;
  const int bar = std::min(std::max(height - swatches, 60), 420);
  draw_bar(canvas, scale, fonts.small, left, top, bar);
  double y = top + bar + 14;
  if (scale.stepped) {
    swatch(scale.nothing, "less", y);
    y += 22;
  }
  swatch(kMissingColour, "missing", y);
}

// The fields in the scale's unit; the panels then point to them.
std::vector<FieldPanel> in_unit(std::span<const FieldPanel> panels, const FieldScale& scale,
                                std::vector<fields::Field>& converted) {
  std::vector<FieldPanel> result(panels.begin(), panels.end());
  converted.reserve(panels.size());
  for (FieldPanel& panel : result) {
    if (panel.field == nullptr || panel.field->unit == scale.unit) continue;
    converted.push_back(fields::convert(*panel.field, scale.unit));
    panel.field = &converted.back();
  }
  return result;
}

const fields::Field& first_field(std::span<const FieldPanel> panels) {
  const fields::Field* first = nullptr;
  for (const FieldPanel& panel : panels) {
    if (panel.field == nullptr) continue;
    if (first == nullptr) first = panel.field;
    fields::check_same_size(*first, *panel.field);
  }
  if (first == nullptr) throw InvalidArgument("a picture of fields needs at least one field");
  return *first;
}

}  // namespace

Tensor draw_fields(std::span<const FieldPanel> panels, const FieldScale& scale, const FieldPictureOptions& options) {
  const fields::Field& first = first_field(panels);
  if (options.map_pixels < 16 || options.columns < 1) {
    throw InvalidArgument(fmt::format("maps of {} pixels in {} columns; 16 pixels and 1 column are the least",
                                      options.map_pixels, options.columns));
  }
  std::vector<fields::Field> converted;
  const std::vector<FieldPanel> shown = in_unit(panels, scale, converted);
  const FieldFonts fonts;
  const MapLayout layout = layout_of(first, options.map_pixels);
  const auto columns = static_cast<int>(std::min(options.columns, shown.size()));
  const int rows = (static_cast<int>(shown.size()) + columns - 1) / columns;
  const int panel_width = layout.left + layout.width + kPanelGap;
  const int panel_height = layout.header + layout.height + layout.below + kPanelGap;
  const int top = kPageMargin + (options.title.empty() ? 0 : 30);
  const int legend = kPageMargin + columns * panel_width;
  const int least = layout.header + 160;  // so that the legend fits beside a small map
  Canvas canvas(legend + kLegendWidth, top + std::max(rows * panel_height, least), kPage);
  canvas.text(fonts.title, {kPageMargin + static_cast<double>(layout.left), kPageMargin + 13.0}, options.title,
              kFieldInk, canvas.width() - 2.0 * kPageMargin);
  for (int i = 0; i < static_cast<int>(shown.size()); ++i) {
    draw_panel(canvas, shown[static_cast<std::size_t>(i)], scale, layout, fonts,
               kPageMargin + i % columns * panel_width, top + i / columns * panel_height);
  }
  draw_legend(canvas, scale, fonts, legend, top + layout.header,
              rows * panel_height - layout.header - kPanelGap - layout.below);
  return canvas.image();
}

Tensor draw_field(const fields::Field& field, const FieldScale& scale, const FieldPictureOptions& options) {
  std::string title = field.unit == "dBZ" && scale.unit != field.unit ? "rain rate" : field.quantity;
  std::replace(title.begin(), title.end(), '_', ' ');
  const std::vector<FieldPanel> panels{{.title = title, .field = &field}};
  return draw_fields(panels, scale, options);
}

}  // namespace longtake::reports
