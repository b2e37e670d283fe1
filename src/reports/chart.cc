#include "reports/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/html.h"

namespace longtake::reports {
namespace {

constexpr double kWidth = 560, kHeight = 300;
constexpr double kLeft = 74, kRight = 26, kTop = 14, kBottom = 40;
constexpr std::size_t kPointsDrawn = 600;
constexpr std::size_t kPointsMarked = 40;  // up to so many get a dot that says its numbers
constexpr std::size_t kRowsShown = 50;
constexpr std::size_t kColours = 6;  // .s0 to .s5 in the style sheet

// Ranges of the data and where they lie in the drawing.
struct Frame {
  double first = 0, last = 1;  // steps
  double low = 0, high = 1;    // values
  std::vector<double> steps, values;

  double x(double step) const { return kLeft + (step - first) / (last - first) * (kWidth - kLeft - kRight); }
  double y(double value) const { return kHeight - kBottom - (value - low) / (high - low) * (kHeight - kTop - kBottom); }
};

std::string value_text(const Chart& chart, double value) {
  return chart.percent ? percent_for_people(value) : number_for_people(value);
}

std::string step_text(double step) {
  return step == std::floor(step) && std::abs(step) < 1e15 ? fmt::format("{:.0f}", step) : number_for_people(step);
}

Frame frame_of(const Chart& chart) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Frame frame{kInfinity, -kInfinity, kInfinity, -kInfinity, {}, {}};
  for (const Curve& curve : chart.curves) {
    for (const Point& point : curve.points) {
      if (!std::isfinite(point.value) || !std::isfinite(point.step)) continue;
      frame.first = std::min(frame.first, point.step);
      frame.last = std::max(frame.last, point.step);
      frame.low = std::min(frame.low, point.value);
      frame.high = std::max(frame.high, point.value);
    }
  }
  if (frame.first > frame.last) return {0, 1, 0, 1, {0, 1}, {0, 1}};
  if (frame.first == frame.last) frame.last += 1;
  // Shares are judged against all or nothing, and quantities that start near nothing against nothing.
  if (chart.percent || chart.from_nothing || (frame.low > 0 && frame.low < 0.5 * frame.high))
    frame.low = std::min(frame.low, 0.0);
  if (chart.percent) frame.high = std::max(frame.high, 1.0);
  if (frame.low == frame.high) frame.high += frame.low == 0 ? 1 : std::abs(frame.low) / 10;
  frame.values = ticks_between(frame.low, frame.high, 5);
  frame.low = std::min(frame.low, frame.values.front());
  frame.high = std::max(frame.high, frame.values.back());
  frame.steps = ticks_between(frame.first, frame.last, 6);
  return frame;
}

std::string axes(const Chart& chart, const Frame& frame) {
  std::string out = "<g class=\"axes\">";
  for (const double value : frame.values) {
    const double y = frame.y(value);
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, kWidth - kRight, y, y);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 8, y + 4,
                       chart.percent ? fmt::format("{:.0f} %", 100 * value) : number_for_people(value));
  }
  for (const double step : frame.steps) {
    if (step < frame.first || step > frame.last) continue;
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", frame.x(step),
                       kHeight - kBottom + 18, step_text(step));
  }
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text></g>", kWidth - 4, kHeight - 5,
                     escape_html(chart.step_name));
  return out;
}

std::string path_of(const std::vector<Point>& points, const Frame& frame) {
  std::string path;
  bool pen_down = false;
  for (const Point& point : points) {
    const bool drawn = std::isfinite(point.value) && std::isfinite(point.step);
    if (drawn) path += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', frame.x(point.step), frame.y(point.value));
    pen_down = drawn;
  }
  return path;
}

std::string line_of(const Chart& chart, std::size_t index, const Frame& frame) {
  const Curve& curve = chart.curves[index];
  std::string out = fmt::format("<g class=\"s{}\"><path d=\"{}\"/>", index % kColours,
                                path_of(thin_out(curve.points, kPointsDrawn), frame));
  if (curve.points.size() <= kPointsMarked) {
    for (const Point& point : curve.points) {
      if (!std::isfinite(point.value) || !std::isfinite(point.step)) continue;
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}, {} {}: {}</title></circle>",
                         frame.x(point.step), frame.y(point.value), escape_html(curve.name),
                         escape_html(chart.step_name), step_text(point.step), value_text(chart, point.value));
    }
  }
  return out + "</g>";
}

std::string legend(const Chart& chart) {
  std::string out = "<ul class=\"legend\">";
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const Curve& curve = chart.curves[i];
    out += fmt::format(
        "<li><svg class=\"s{}\" width=\"28\" height=\"10\" aria-hidden=\"true\"><path d=\"M1 5L27 5\"/></svg>"
        "{} <span class=\"value\">{}</span></li>",
        i % kColours, escape_html(curve.name),
        curve.points.empty() ? "-" : value_text(chart, curve.points.back().value));
  }
  return out + "</ul>";
}

// What the drawing shows, for those who cannot see it.
std::string description(const Chart& chart) {
  std::string out = chart.title + " by " + chart.step_name;
  for (const Curve& curve : chart.curves) {
    if (curve.points.empty()) continue;
    out += fmt::format("; {} goes from {} to {}", curve.name, value_text(chart, curve.points.front().value),
                       value_text(chart, curve.points.back().value));
  }
  return out;
}

std::string numbers(const Chart& chart) {
  std::string out =
      "<details><summary>Numbers</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
      escape_html("Numbers of " + chart.title) + "\"><table><caption class=\"hidden\">" + escape_html(chart.title) +
      "</caption><thead><tr><th scope=\"col\">curve</th><th scope=\"col\">" + escape_html(chart.step_name) +
      "</th><th scope=\"col\">value</th></tr></thead><tbody>";
  for (const Curve& curve : chart.curves) {
    const std::size_t every = std::max<std::size_t>(1, (curve.points.size() + kRowsShown - 1) / kRowsShown);
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
      if (i % every != 0 && i + 1 != curve.points.size()) continue;
      out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>", escape_html(curve.name),
                         step_text(curve.points[i].step), value_text(chart, curve.points[i].value));
    }
  }
  return out + "</tbody></table></div></details>";
}

}  // namespace

std::vector<double> ticks_between(double low, double high, int count) {
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * 0.999) step = factor * power;
  }
  const double first = std::floor(low / step + 1e-9);
  const auto steps = static_cast<int>(std::ceil(high / step - 1e-9) - first);
  std::vector<double> ticks;
  for (int i = 0; i <= steps; ++i) ticks.push_back((first + i) * step);
  return ticks;
}

std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t limit) {
  if (points.size() <= limit || limit < 2) return points;
  const std::size_t stretches = limit / 2;
  std::vector<Point> out;
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(points.size() * i / stretches);
    const auto end = points.begin() + static_cast<std::ptrdiff_t>(points.size() * (i + 1) / stretches);
    const auto [low, high] =
        std::minmax_element(begin, end, [](const Point& a, const Point& b) { return a.value < b.value; });
    out.push_back(*std::min(low, high));
    if (low != high) out.push_back(*std::max(low, high));
  }
  return out;
}

std::string chart_html(const Chart& chart) {
  const Frame frame = frame_of(chart);
  std::string out = fmt::format("<figure><figcaption>{}</figcaption>{}", escape_html(chart.title), legend(chart));
  out += fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                     escape_html(description(chart)));
  out += axes(chart, frame);
  for (std::size_t i = 0; i < chart.curves.size(); ++i) out += line_of(chart, i, frame);
  return out + "</svg>" + numbers(chart) + "</figure>";
}

}  // namespace longtake::reports
