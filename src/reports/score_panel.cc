#include "reports/score_panel.h"

#include <algorithm>
#include <cmath>

namespace longtake::reports {

namespace {

constexpr Colour kOthers{128, 138, 152};
constexpr std::array<Colour, kMostColours> kColours = {
    Colour{92, 176, 250}, Colour{255, 150, 95},  Colour{92, 205, 150}, Colour{196, 155, 246},
    Colour{232, 194, 80}, Colour{246, 134, 178}, Colour{82, 210, 214}, Colour{190, 208, 96}};

}  // namespace

double TimeAxis::x(double time_s) const {
  return left + std::fmax(0, std::fmin(1, (time_s - first_s) / (last_s - first_s))) * (right - left);
}

Colour ScorePanel::colour_of(std::int64_t label) const {
  const auto found = std::find(coloured_.begin(), coloured_.end(), label);
  return found == coloured_.end() ? kOthers : kColours[found - coloured_.begin()];
}

void ScorePanel::colour(std::span<const std::int64_t> labels) {
  coloured_.assign(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(std::min(labels.size(), kMostColours)));
}

double drawn_score(const tasks::FrameScores& frame, std::int64_t label) {
  const float score = frame.scores[label];
  return std::isfinite(score) ? std::clamp<double>(score, 0, 1) : 0;
}

std::unique_ptr<ScorePanel> make_score_panel(const tasks::VideoResult& result, const PanelType& type) {
  return result.multi_label ? make_lane_panel(result, type) : make_line_panel(result, type);
}

}  // namespace longtake::reports
