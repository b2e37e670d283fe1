// When the classes of a video were true and when a model found them probable, as inline SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/chart.h"

namespace longtake::reports {

// One class of the video.
struct LabelRow {
  std::string label;
  std::vector<std::pair<double, double>> truth;  // from, to; seconds
  std::vector<Point> scores;                     // probabilities by time; NaN and infinities leave a gap
};

struct LabelTimeLine {
  std::string title;  // which video
  double start_s = 0;
  double end_s = 1;
  std::vector<LabelRow> rows;
};

// A <figure>: per class a bar where it was true above the area of its probability, and the time below.
std::string label_time_line_html(const LabelTimeLine& line);

}  // namespace longtake::reports
