#include "reports/label_time_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/html.h"

namespace longtake::reports {

namespace {

constexpr double kLineWidth = 1000, kLineLeft = 170, kLineRight = 20;
constexpr double kLabelRowHeight = 34, kTruthTop = 4, kTruthHeight = 7, kAreaTop = 13, kScoreHeight = 17;
constexpr double kTimesHeight = 24;
constexpr std::size_t kScoresDrawn = 1000;

class Drawing {
 public:
  explicit Drawing(const LabelTimeLine& line) : line_(line), span_(std::max(1e-3, line.end_s - line.start_s)) {}

  std::string text() const {
    const double height = kLabelRowHeight * static_cast<double>(line_.rows.size()) + kTimesHeight;
    std::string out = fmt::format("<svg class=\"chart lanes\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
                                  kLineWidth, height, escape_html(description()));
    out += times(height);
    for (std::size_t i = 0; i < line_.rows.size(); ++i) {
      out += row(line_.rows[i], kLabelRowHeight * static_cast<double>(i));
    }
    return out + "</svg>";
  }

 private:
  double x(double time_s) const {
    return kLineLeft + std::clamp((time_s - line_.start_s) / span_, 0.0, 1.0) * (kLineWidth - kLineLeft - kLineRight);
  }

  std::string times(double height) const {
    std::string out = "<g class=\"axes\">";
    for (const double tick : ticks_between(line_.start_s, line_.start_s + span_, 8)) {
      if (tick < line_.start_s || tick > line_.start_s + span_) continue;
      out +=
          fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"{1:.1f}\"/>", x(tick), height - kTimesHeight);
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{} s</text>", x(tick), height - 7,
                         number_for_people(tick));
    }
    return out + "</g>";
  }

  std::string row(const LabelRow& row, double top) const {
    std::string out = fmt::format("<text class=\"name\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                                  kLineLeft - 10, top + 22, escape_html(row.label));
    const double base = top + kAreaTop + kScoreHeight;
    out += fmt::format("<line class=\"base\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLineLeft,
                       kLineWidth - kLineRight, base, base);
    for (const auto& [from, to] : row.truth) {
      out += fmt::format(
          "<rect class=\"truth\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\"><title>{}, true "
          "from "
          "{:.2f} to {:.2f} s</title></rect>",
          x(from), top + kTruthTop, std::max(1.5, x(to) - x(from)), kTruthHeight, escape_html(row.label), from, to);
    }
    return out + fmt::format("<path class=\"score\" d=\"{}\"/>", area(row, base));
  }

  // The area under the scores; where one is no number, it ends and begins anew.
  std::string area(const LabelRow& row, double base) const {
    std::string path;
    bool open = false;
    double last = 0;
    for (const Point& point : thin_out(row.scores, kScoresDrawn)) {
      const bool drawn = std::isfinite(point.value) && std::isfinite(point.step);
      if (open && !drawn) path += fmt::format("L{:.1f} {:.1f}Z", last, base);
      if (drawn) {
        last = x(point.step);
        if (!open) path += fmt::format("M{:.1f} {:.1f}", last, base);
        path += fmt::format("L{:.1f} {:.1f}", last, base - std::clamp(point.value, 0.0, 1.0) * kScoreHeight);
      }
      open = drawn;
    }
    if (open) path += fmt::format("L{:.1f} {:.1f}Z", last, base);
    return path;
  }

  // What the drawing shows, for those who cannot see it.
  std::string description() const {
    std::string out = fmt::format("{}: truth and prediction of {} classes over {:.1f} s", line_.title,
                                  line_.rows.size(), line_.end_s - line_.start_s);
    for (const LabelRow& row : line_.rows) {
      out += fmt::format("; {} is true {} {}", row.label, row.truth.size(), row.truth.size() == 1 ? "time" : "times");
    }
    return out;
  }

  const LabelTimeLine& line_;
  double span_;
};

}  // namespace

std::string label_time_line_html(const LabelTimeLine& line) {
  return fmt::format(
      "<figure><figcaption>{}</figcaption><ul class=\"legend\">"
      "<li><svg class=\"lanes\" width=\"28\" height=\"10\" aria-hidden=\"true\"><rect class=\"truth\" y=\"2\" "
      "width=\"26\" height=\"7\" rx=\"2\"/></svg>truth</li>"
      "<li><svg class=\"lanes\" width=\"28\" height=\"10\" aria-hidden=\"true\"><rect class=\"score\" y=\"0\" "
      "width=\"26\" height=\"10\"/></svg>probability</li></ul>{}</figure>\n",
      escape_html(line.title), Drawing(line).text());
}

}  // namespace longtake::reports
