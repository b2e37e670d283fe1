// One class at a time: the three best of the moment, and the curves of those that ever lead.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reports/chart.h"
#include "reports/result_text.h"
#include "reports/score_panel.h"

namespace longtake::reports {

namespace {

constexpr double kDiagramHeight = 64;  // this and the following at scale 1
constexpr double kEventsHeight = 8;
constexpr double kRowHeight = 30;
constexpr int kRows = 3;

// The most frequent leaders first.
std::vector<std::int64_t> leaders_of(const tasks::VideoResult& result) {
  std::vector<std::int64_t> leads(result.labels.size(), 0);
  std::vector<std::int64_t> order;
  for (const tasks::FrameScores& frame : result.frames) {
    const std::optional<std::int64_t> leader = leader_of(frame.scores);
    if (leader && leads[*leader]++ == 0) order.push_back(*leader);
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return leads[a] > leads[b]; });
  return order;
}

class LinePanel final : public ScorePanel {
 public:
  LinePanel(const tasks::VideoResult& result, const PanelType& type) : result_(result), type_(type) {
    colour(leaders_of(result));
  }

  double height() const override { return (kPanelMargin + kDiagramHeight + kEventsHeight) * type_.scale; }

  void place(const TimeAxis& axis, double top) override {
    axis_ = axis;
    top_ = top + kPanelMargin * type_.scale;
    bottom_ = top_ + kDiagramHeight * type_.scale;
    curves_.clear();
    for (const std::int64_t label : coloured()) curves_.push_back(curve_of(label));
  }

  void draw_time_line(Canvas& canvas, double strength) const override {
    for (const double level : {0.0, 0.5, 1.0}) {
      const double y = std::round(y_of(level));
      canvas.rectangle(axis_.left, y, axis_.right, y + 1, kLineColour, level == 0.5 ? 0.6 : 1);
    }
    const double scale = type_.scale, y = bottom_ + 4 * scale;
    for (const tasks::Event& event : result_.events) {
      const double start = axis_.x(event.start_s);
      canvas.rounded(start, y, std::max(axis_.x(event.end_s), start + 2 * scale), y + 4 * scale, 2 * scale,
                     colour_of(event.label), strength);
    }
    for (std::size_t i = curves_.size(); i-- > 0;) canvas.paint(curves_[i], colour_of(coloured()[i]), strength);
  }

  void draw_moment(Canvas& canvas, const tasks::FrameScores& frame, double x) const override {
    draw_leaders(canvas, frame);
    for (std::size_t i = curves_.size(); i-- > 0;) {
      const std::int64_t label = coloured()[i];
      if (!std::isfinite(frame.scores[label])) continue;
      const Position middle{x, y_of(frame.scores[label])};
      canvas.disc(middle, 3.6 * type_.scale, kPanelColour);
      canvas.disc(middle, 2.6 * type_.scale, colour_of(label));
    }
  }

 private:
  double y_of(double score) const { return bottom_ - std::clamp(score, 0.0, 1.0) * (bottom_ - top_); }

  Mask curve_of(std::int64_t label) const {
    std::vector<Point> points;
    for (const tasks::FrameScores& frame : result_.frames) points.push_back({frame.time_s, frame.scores[label]});
    std::vector<std::vector<Position>> lines(1);
    for (const Point& point : thin_out(points, static_cast<std::size_t>(2 * (axis_.right - axis_.left)))) {
      if (std::isfinite(point.value)) {
        lines.back().push_back({axis_.x(point.step), y_of(point.value)});
      } else if (!lines.back().empty()) {
        lines.emplace_back();
      }
    }
    return stroke_mask(lines, 1.6 * type_.scale);
  }

  void draw_leaders(Canvas& canvas, const tasks::FrameScores& frame) const {
    std::vector<std::int64_t> order(result_.labels.size());
    std::iota(order.begin(), order.end(), 0);
    const auto rows = std::min<std::size_t>(kRows, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rows), order.end(),
                      [&](auto a, auto b) {
                        const double of_a = drawn_score(frame, a), of_b = drawn_score(frame, b);
                        return of_a != of_b ? of_a > of_b : a < b;
                      });
    for (std::size_t row = 0; row < rows; ++row) draw_leader(canvas, frame, order[row], row);
  }

  void draw_leader(Canvas& canvas, const tasks::FrameScores& frame, std::int64_t label, std::size_t row) const {
    const double scale = type_.scale, score = drawn_score(frame, label);
    const double left = kPanelMargin * scale, right = left + kNamesWidth * scale;
    const double base = top_ + (9 + static_cast<double>(row) * kRowHeight) * scale;
    const std::string percent = fmt::format("{:.0f}%", 100 * score);
    const double number = right - type_.font.width(percent) + 2 * scale;
    const Colour ink = row == 0 ? kInkColour : kQuietColour;
    canvas.text(type_.font, {left, base}, result_.labels[label], ink, number - left - 6 * scale);
    canvas.text(type_.font, {number, base}, percent, ink);
    const double bar = base + 5 * scale, length = score * (right - left);
    canvas.rounded(left, bar, right, bar + 5 * scale, 2.5 * scale, kBarColour);
    if (length >= 1) {
      canvas.rounded(left, bar, left + std::max(length, 5 * scale), bar + 5 * scale, 2.5 * scale, colour_of(label));
    }
  }

  const tasks::VideoResult& result_;
  const PanelType& type_;
  TimeAxis axis_;
  double top_ = 0, bottom_ = 1;  // of the diagram
  std::vector<Mask> curves_;     // like coloured()
};

}  // namespace

std::unique_ptr<ScorePanel> make_line_panel(const tasks::VideoResult& result, const PanelType& type) {
  return std::make_unique<LinePanel>(result, type);
}

}  // namespace longtake::reports
