#include "reports/heat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "longtake/error.h"

namespace longtake::reports {

namespace {

constexpr int kHalf = 128;  // of 255
constexpr double kEvenShares = 4;
constexpr std::array kStops = {Colour{0, 0, 4}, Colour{87, 16, 110}, Colour{188, 55, 84}, Colour{249, 142, 9},
                               Colour{252, 255, 164}};

// Between which two of `count` cells a point lies, and how far from the first; at and beyond the ends only one.
struct Between {
  std::size_t first = 0;
  std::size_t second = 0;
  double share = 0;
};

Between between(double cells, std::int64_t count) {
  const double at = std::clamp(cells - 0.5, 0.0, static_cast<double>(count - 1));
  const auto first = static_cast<std::size_t>(at);
  return {first, std::min(first + 1, static_cast<std::size_t>(count - 1)), at - static_cast<double>(first)};
}

// For each pixel of [begin, end) on a line where [from, to) has `count` cells.
std::vector<Between> along(int begin, int end, double from, double to, std::int64_t count) {
  std::vector<Between> pixels;
  for (int i = begin; i < end; ++i) {
    pixels.push_back(between((i + 0.5 - from) / (to - from) * static_cast<double>(count), count));
  }
  return pixels;
}

double mix(double a, double b, double share) { return a + (b - a) * share; }

}  // namespace

Region seen_region(const InputSpec& spec, std::int64_t width, std::int64_t height) {
  Region region;
  const auto place = [](std::int64_t crop, std::int64_t whole, double& first, double& last) {
    if (crop <= 0 || crop >= whole) return;
    const std::int64_t offset = (whole - crop) / 2;
    first = static_cast<double>(offset) / static_cast<double>(whole);
    last = static_cast<double>(offset + crop) / static_cast<double>(whole);
  };
  place(spec.crop_width, width, region.left, region.right);
  place(spec.crop_height, height, region.top, region.bottom);
  return region;
}

Colour heat_colour(double share) {
  const double at = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) * (kStops.size() - 1) : 0;
  const auto first = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double rest = at - static_cast<double>(first);
  const Colour &a = kStops[first], &b = kStops[first + 1];
  const auto part = [rest](int from, int to) { return static_cast<std::uint8_t>(std::lround(mix(from, to, rest))); };
  return {part(a.red, b.red), part(a.green, b.green), part(a.blue, b.blue)};
}

double heat_scale(std::span<const tasks::FrameScores> frames) {
  double scale = 0;
  for (const tasks::FrameScores& frame : frames) {
    if (!frame.attention.empty()) scale = std::max(scale, kEvenShares / static_cast<double>(frame.attention.size()));
    for (const float weight : frame.attention) scale = std::fmax(scale, std::isfinite(weight) ? weight : 0);
  }
  return std::min(scale, 1.0);
}

void paint_heat(Canvas& canvas, const tasks::AttentionGrid& grid, std::span<const float> weights, double scale,
                const Region& pixels) {
  if (grid.height < 1 || grid.width < 1 || static_cast<std::int64_t>(weights.size()) != grid.height * grid.width) {
    throw InvalidArgument(fmt::format("{} weights for a map of {} x {}", weights.size(), grid.height, grid.width));
  }
  const auto line = [](double at, int most) { return std::clamp(static_cast<int>(std::lround(at)), 0, most); };
  const int left = line(pixels.left, canvas.width()), right = line(pixels.right, canvas.width());
  const int top = line(pixels.top, canvas.height()), bottom = line(pixels.bottom, canvas.height());
  std::array<Colour, 256> colours;
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = heat_colour(static_cast<double>(i) / 255);
  const auto columns = along(left, right, pixels.left, pixels.right, grid.width);
  const auto rows = along(top, bottom, pixels.top, pixels.bottom, grid.height);
  const auto width = static_cast<std::size_t>(grid.width);
  for (int y = top; y < bottom; ++y) {
    const Between& row = rows[y - top];
    const auto upper = weights.subspan(row.first * width, width), lower = weights.subspan(row.second * width, width);
    for (int x = left; x < right; ++x) {
      const Between& column = columns[x - left];
      const double weight = mix(mix(upper[column.first], upper[column.second], column.share),
                                mix(lower[column.first], lower[column.second], column.share), row.share);
      const double share = std::isfinite(weight) && scale > 0 ? std::clamp(weight / scale, 0.0, 1.0) : 0;
      canvas.blend(x, y, colours[std::lround(255 * share)], kHalf);
    }
  }
}

}  // namespace longtake::reports
