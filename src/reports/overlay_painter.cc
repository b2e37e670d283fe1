#include "reports/overlay_painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "longtake/error.h"
#include "reports/chart.h"
#include "reports/progress.h"
#include "reports/result_text.h"

namespace longtake::reports {
namespace {

constexpr int kTallest = 2000;
constexpr double kPanelHeight = 104;  // this and the following at scale 1
constexpr double kMargin = 12;
constexpr double kLeadersWidth = 168;
constexpr double kRowHeight = 30;
constexpr int kRows = 3;

constexpr Colour kPanel{18, 22, 29}, kLine{52, 60, 72}, kQuiet{150, 161, 176}, kInk{232, 236, 242}, kBar{40, 47, 58};
constexpr Colour kOthers{128, 138, 152};
constexpr std::array kColours = {Colour{92, 176, 250},  Colour{255, 150, 95}, Colour{92, 205, 150},
                                 Colour{196, 155, 246}, Colour{232, 194, 80}, Colour{246, 134, 178},
                                 Colour{82, 210, 214},  Colour{190, 208, 96}};

int factor_for(int width, int height, int least_width) {
  const int wanted = (least_width + width - 1) / width;
  return std::clamp(wanted, 1, std::max(1, kTallest / height));
}

int even(double size) { return static_cast<int>(std::ceil(size / 2)) * 2; }

}  // namespace

OverlayPainter::OverlayPainter(const tasks::VideoResult& result, int width, int height, int least_width)
    : result_(result),
      picture_width_(width),
      picture_height_(height),
      factor_(factor_for(width, height, least_width)),
      // Letters grow with the picture, but not as fast: a large screen has room for more time.
      scale_(std::pow(std::max(1.0, std::max(width * factor_, least_width) / 480.0), 0.65)),
      font_(8.5 * scale_, 1.45 * scale_),
      small_font_(6.5 * scale_, 1.15 * scale_),
      past_(even(std::max(width * factor_, least_width)), even(height * factor_ + kPanelHeight * scale_), kPanel),
      future_(past_),
      canvas_(past_) {
  if (result.frames.empty()) {
    throw InvalidArgument(result.source + ": an overlay needs the scores of every frame");
  }
  for (const tasks::FrameScores& frame : result.frames) {
    check_scores(result.labels, frame.scores, result.source);
    if (frame.scores.empty()) throw InvalidArgument(result.source + ": a frame without scores");
  }
  for (const tasks::Event& event : result.events) label_at(result.labels, event.label);
  first_s_ = result.frames.front().time_s;
  last_s_ = std::max(result.frames.back().time_s, first_s_ + 1e-3);
  const double panel = canvas_.height() - kPanelHeight * scale_;
  left_ = (kLeadersWidth + 2 * kMargin) * scale_;
  right_ = canvas_.width() - kMargin * scale_;
  top_ = panel + kMargin * scale_;
  bottom_ = canvas_.height() - 28 * scale_;
  choose_curves();
  draw_curves();
  draw_time_line(past_, 1);
  draw_time_line(future_, 0.35);
}

// Those classes get a colour and a curve that ever lead, the most frequent leaders where they are too many.
void OverlayPainter::choose_curves() {
  std::vector<std::int64_t> leads(result_.labels.size(), 0);
  std::vector<std::int64_t> order;
  for (const tasks::FrameScores& frame : result_.frames) {
    const std::optional<std::int64_t> leader = leader_of(frame.scores);
    if (leader && leads[*leader]++ == 0) order.push_back(*leader);
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return leads[a] > leads[b]; });
  if (order.size() > kColours.size()) order.resize(kColours.size());
  for (std::size_t i = 0; i < order.size(); ++i) curves_.push_back({order[i], kColours[i], {}});
}

void OverlayPainter::draw_curves() {
  for (Curve& curve : curves_) {
    std::vector<Point> points;
    for (const tasks::FrameScores& frame : result_.frames) points.push_back({frame.time_s, frame.scores[curve.label]});
    std::vector<std::vector<Position>> lines(1);
    for (const Point& point : thin_out(points, static_cast<std::size_t>(2 * (right_ - left_)))) {
      if (std::isfinite(point.value)) {
        lines.back().push_back({x_of(point.step), y_of(point.value)});
      } else if (!lines.back().empty()) {
        lines.emplace_back();
      }
    }
    curve.mask = stroke_mask(lines, 1.6 * scale_);
  }
}

Colour OverlayPainter::colour_of(std::int64_t label) const {
  const auto curve = std::find_if(curves_.begin(), curves_.end(), [&](const Curve& c) { return c.label == label; });
  return curve == curves_.end() ? kOthers : curve->colour;
}

double OverlayPainter::x_of(double time_s) const {
  return left_ + std::fmax(0, std::fmin(1, (time_s - first_s_) / (last_s_ - first_s_))) * (right_ - left_);
}

double OverlayPainter::y_of(double score) const { return bottom_ - std::clamp(score, 0.0, 1.0) * (bottom_ - top_); }

void OverlayPainter::draw_time_line(Canvas& canvas, double strength) const {
  for (const double level : {0.0, 0.5, 1.0}) {
    const double y = std::round(y_of(level));
    canvas.rectangle(left_, y, right_, y + 1, kLine, level == 0.5 ? 0.6 : 1);
  }
  for (const tasks::Event& event : result_.events) {
    const double y = bottom_ + 4 * scale_;
    canvas.rounded(x_of(event.start_s), y, std::max(x_of(event.end_s), x_of(event.start_s) + 2 * scale_),
                   y + 4 * scale_, 2 * scale_, colour_of(event.label), strength);
  }
  for (auto curve = curves_.rbegin(); curve != curves_.rend(); ++curve)
    canvas.paint(curve->mask, curve->colour, strength);
  const double base = canvas.height() - 8 * scale_;
  const std::string last = duration_text(last_s_);
  canvas.text(small_font_, {left_, base}, duration_text(first_s_), kQuiet);
  canvas.text(small_font_, {right_ - small_font_.width(last), base}, last, kQuiet);
}

const tasks::FrameScores* OverlayPainter::scores_at(double time_s) const {
  // Times that went through different roundings still mean the same frame.
  constexpr double kSlack = 1e-4;
  const auto behind = std::upper_bound(result_.frames.begin(), result_.frames.end(), time_s + kSlack,
                                       [](double t, const tasks::FrameScores& frame) { return t < frame.time_s; });
  return behind == result_.frames.begin() ? nullptr : &*(behind - 1);
}

void OverlayPainter::draw_leaders(const tasks::FrameScores* frame) {
  if (frame == nullptr) return;
  std::vector<std::int64_t> order(result_.labels.size());
  std::iota(order.begin(), order.end(), 0);
  const auto value = [&](std::int64_t label) {
    const float score = frame->scores[label];
    return std::isfinite(score) ? score : 0.0f;
  };
  const auto rows = std::min<std::size_t>(kRows, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rows), order.end(),
                    [&](auto a, auto b) { return value(a) != value(b) ? value(a) > value(b) : a < b; });
  const double left = kMargin * scale_, right = left + kLeadersWidth * scale_;
  for (std::size_t row = 0; row < rows; ++row) {
    const double top = top_ - 2 * scale_ + static_cast<double>(row) * kRowHeight * scale_;
    const double base = top + 11 * scale_;
    const std::string percent = fmt::format("{:.0f}%", 100 * value(order[row]));
    const double number = right - font_.width(percent) + 2 * scale_;
    canvas_.text(font_, {left, base}, result_.labels[order[row]], row == 0 ? kInk : kQuiet, number - left - 6 * scale_);
    canvas_.text(font_, {number, base}, percent, row == 0 ? kInk : kQuiet);
    const double bar = base + 5 * scale_;
    const double length = std::clamp<double>(value(order[row]), 0, 1) * (right - left);
    canvas_.rounded(left, bar, right, bar + 5 * scale_, 2.5 * scale_, kBar);
    if (length >= 1) {
      canvas_.rounded(left, bar, left + std::max(length, 5 * scale_), bar + 5 * scale_, 2.5 * scale_,
                      colour_of(order[row]));
    }
  }
}

void OverlayPainter::draw_active_events(double time_s) {
  double bottom = picture_height_ * factor_ - 10 * scale_;
  for (const tasks::Event& event : result_.events) {
    if (time_s < event.start_s || time_s > event.end_s) continue;
    const double height = 22 * scale_, left = 10 * scale_, top = bottom - height;
    if (top < 0) return;
    const std::string& label = result_.labels[event.label];
    const double room = canvas_.width() - 2 * left - 36 * scale_;
    const double width = std::min(font_.width(label), room) + 34 * scale_;
    canvas_.rounded(left, top, left + width, bottom, height / 2, kPanel, 0.78);
    canvas_.disc({left + 13 * scale_, top + height / 2}, 4.5 * scale_, colour_of(event.label));
    canvas_.text(font_, {left + 24 * scale_, top + height / 2 + 4.2 * scale_}, label, kInk, room);
    bottom = top - 6 * scale_;
  }
}

void OverlayPainter::draw_playhead(double time_s, const tasks::FrameScores* frame) {
  const double x = x_of(time_s);
  canvas_.rectangle(x - 0.5 * scale_, top_ - 4 * scale_, x + 0.5 * scale_, bottom_ + 10 * scale_, kInk, 0.85);
  if (frame == nullptr) return;
  for (auto curve = curves_.rbegin(); curve != curves_.rend(); ++curve) {
    const float score = frame->scores[curve->label];
    if (!std::isfinite(score)) continue;
    canvas_.disc({x, y_of(score)}, 3.6 * scale_, kPanel);
    canvas_.disc({x, y_of(score)}, 2.6 * scale_, curve->colour);
  }
}

const Tensor& OverlayPainter::paint(const Tensor& image, double time_s) {
  const tasks::FrameScores* frame = scores_at(time_s);
  const int panel = picture_height_ * factor_;
  const int now = static_cast<int>(std::lround(x_of(time_s)));
  canvas_.copy_columns(past_, 0, now, panel);
  canvas_.copy_columns(future_, now, canvas_.width(), panel);
  // What was written beside the picture goes away.
  if (picture_width_ * factor_ < canvas_.width()) canvas_.rectangle(0, 0, canvas_.width(), panel, Colour{});
  canvas_.picture(image, factor_, (canvas_.width() - picture_width_ * factor_) / 2, 0);
  draw_active_events(time_s);
  draw_leaders(frame);
  draw_playhead(time_s, frame);
  return canvas_.image();
}

}  // namespace longtake::reports
