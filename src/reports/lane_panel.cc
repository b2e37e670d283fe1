// Many classes at once: a lane for each that is ever probable, always in the same place.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reports/score_panel.h"

namespace longtake::reports {

namespace {

constexpr double kLaneHeight = 21;  // this and the following at scale 1
constexpr double kAreaHeight = 13;
constexpr double kProbable = 0.5;

// Those with the highest score within the video, in the order of the labels; of many that are probable those that are
// so for the longest.
std::vector<std::int64_t> lanes_of(const tasks::VideoResult& result) {
  struct Rank {
    std::int64_t probable = 0;  // frames
    double best = 0;
  };
  std::vector<Rank> ranks(result.labels.size());
  for (const tasks::FrameScores& frame : result.frames) {
    for (std::size_t label = 0; label < ranks.size(); ++label) {
      const double score = drawn_score(frame, static_cast<std::int64_t>(label));
      ranks[label].probable += score >= kProbable ? 1 : 0;
      ranks[label].best = std::max(ranks[label].best, score);
    }
  }
  std::vector<std::int64_t> lanes(result.labels.size());
  std::iota(lanes.begin(), lanes.end(), 0);
  std::stable_sort(lanes.begin(), lanes.end(), [&](auto a, auto b) {
    const Rank &of_a = ranks[a], &of_b = ranks[b];
    return of_a.probable != of_b.probable ? of_a.probable > of_b.probable : of_a.best > of_b.best;
  });
  const auto probable = std::count_if(ranks.begin(), ranks.end(), [](const Rank& rank) { return rank.probable > 0; });
  // With none that is probable, the best three show that it is so.
  const std::size_t shown = probable > 0 ? static_cast<std::size_t>(probable) : 3;
  lanes.resize(std::min({lanes.size(), shown, kMostColours}));
  std::sort(lanes.begin(), lanes.end());
  return lanes;
}

class LanePanel final : public ScorePanel {
 public:
  LanePanel(const tasks::VideoResult& result, const PanelType& type) : result_(result), type_(type) {
    colour(lanes_of(result));
  }

  double height() const override {
    return (kPanelMargin + static_cast<double>(coloured().size()) * kLaneHeight) * type_.scale;
  }

  void place(const TimeAxis& axis, double top) override {
    axis_ = axis;
    top_ = top + kPanelMargin * type_.scale;
  }

  void draw_time_line(Canvas& canvas, double strength) const override {
    const double scale = type_.scale;
    for (std::size_t lane = 0; lane < coloured().size(); ++lane) {
      const std::int64_t label = coloured()[lane];
      const double base = base_of(lane), area = kAreaHeight * scale;
      canvas.rectangle(axis_.left, base - area, axis_.right, base, kBarColour, 0.6);
      const std::vector<double> scores = columns_of(label);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        const double x = std::floor(axis_.left) + static_cast<double>(i);
        canvas.rectangle(x, base - scores[i] * area, x + 1, base, colour_of(label), 0.85 * strength);
      }
      for (const tasks::Event& event : result_.events) {
        if (event.label != label) continue;
        const double start = axis_.x(event.start_s);
        canvas.rounded(start, base + 1.5 * scale, std::max(axis_.x(event.end_s), start + 2 * scale), base + 4.5 * scale,
                       1.5 * scale, colour_of(label), strength);
      }
    }
  }

  void draw_moment(Canvas& canvas, const tasks::FrameScores& frame, double) const override {
    const double scale = type_.scale;
    const double left = kPanelMargin * scale, right = left + kNamesWidth * scale;
    for (std::size_t lane = 0; lane < coloured().size(); ++lane) {
      const std::int64_t label = coloured()[lane];
      const double score = drawn_score(frame, label), base = base_of(lane) - 2 * scale;
      const std::string percent = fmt::format("{:.0f}%", 100 * score);
      const double number = right - type_.font.width(percent) + 2 * scale;
      const Colour ink = score >= kProbable ? kInkColour : kQuietColour;
      canvas.disc({left + 4 * scale, base - 4 * scale}, 3.5 * scale, colour_of(label), score >= kProbable ? 1 : 0.4);
      canvas.text(type_.font, {left + 13 * scale, base}, result_.labels[label], ink, number - left - 19 * scale);
      canvas.text(type_.font, {number, base}, percent, ink);
    }
  }

 private:
  double base_of(std::size_t lane) const {
    return std::round(top_ + (static_cast<double>(lane) * kLaneHeight + kAreaHeight) * type_.scale);
  }

  // Per column of pixels the highest score of the frames that begin in it, or the last before.
  std::vector<double> columns_of(std::int64_t label) const {
    const double first = std::floor(axis_.left);
    std::vector<double> columns(static_cast<std::size_t>(std::max(1.0, std::ceil(axis_.right) - first)), -1);
    for (const tasks::FrameScores& frame : result_.frames) {
      const auto column = std::min(static_cast<std::size_t>(axis_.x(frame.time_s) - first), columns.size() - 1);
      columns[column] = std::max(columns[column], drawn_score(frame, label));
    }
    double last = 0;
    for (double& score : columns) last = score = score < 0 ? last : score;
    return columns;
  }

  const tasks::VideoResult& result_;
  const PanelType& type_;
  TimeAxis axis_;
  double top_ = 0;
};

}  // namespace

std::unique_ptr<ScorePanel> make_lane_panel(const tasks::VideoResult& result, const PanelType& type) {
  return std::make_unique<LanePanel>(result, type);
}

}  // namespace longtake::reports
