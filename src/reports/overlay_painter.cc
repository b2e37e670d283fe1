#include "reports/overlay_painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "reports/progress.h"
#include "reports/result_text.h"

namespace longtake::reports {
namespace {

constexpr int kTallest = 2000;
constexpr double kClockHeight = 20;  // this and the following at scale 1
constexpr double kLegendWidth = 112;
constexpr double kLegendHeight = 34;

int factor_for(int width, int height, int least_width) {
  const int wanted = (least_width + width - 1) / width;
  return std::clamp(wanted, 1, std::max(1, kTallest / height));
}

int even(double size) { return static_cast<int>(std::ceil(size / 2)) * 2; }

// Throws InvalidArgument unless every frame can be drawn.
void check(const tasks::VideoResult& result) {
  if (result.frames.empty()) {
    throw InvalidArgument(result.source + ": an overlay needs the scores of every frame");
  }
  const auto places = static_cast<std::size_t>(result.attention.height * result.attention.width);
  for (const tasks::FrameScores& frame : result.frames) {
    check_scores(result.labels, frame.scores, result.source);
    if (frame.scores.empty()) throw InvalidArgument(result.source + ": a frame without scores");
    if (places > 0 && !frame.attention.empty() && frame.attention.size() != places) {
      throw InvalidArgument(fmt::format("{}: {} weights for a map of {} x {}", result.source, frame.attention.size(),
                                        result.attention.height, result.attention.width));
    }
  }
  for (const tasks::Event& event : result.events) label_at(result.labels, event.label);
}

const tasks::VideoResult& checked(const tasks::VideoResult& result) {
  check(result);
  return result;
}

}  // namespace

OverlayPainter::OverlayPainter(const tasks::VideoResult& result, int width, int height, int least_width,
                               const Region& seen)
    : result_(checked(result)),
      picture_width_(width),
      picture_height_(height),
      factor_(factor_for(width, height, least_width)),
      // Letters grow with the picture, but not as fast: a large screen has room for more time.
      type_(std::pow(std::max(1.0, std::max(width * factor_, least_width) / 480.0), 0.65)),
      scores_(make_score_panel(result, type_)),
      strip_(result.attention.window > 0 ? std::optional<AttentionStrip>(std::in_place, result, type_) : std::nullopt),
      seen_(seen),
      past_(even(std::max(width * factor_, least_width)), even(height * factor_ + panel_height()), kPanelColour),
      future_(past_),
      canvas_(past_) {
  if (result.attention.height > 0) heat_scale_ = heat_scale(result.frames);
  axis_.first_s = result.frames.front().time_s;
  axis_.last_s = std::max(result.frames.back().time_s, axis_.first_s + 1e-3);
  axis_.left = (kNamesWidth + 2 * kPanelMargin) * type_.scale;
  axis_.right = canvas_.width() - kPanelMargin * type_.scale;
  top_ = canvas_.height() - panel_height();
  bottom_ = canvas_.height() - kClockHeight * type_.scale;
  if (strip_) strip_->place(axis_, top_);
  scores_->place(axis_, bottom_ - scores_->height());
  draw_time_line(past_, 1);
  draw_time_line(future_, 0.35);
}

double OverlayPainter::panel_height() const {
  return (strip_ ? strip_->height() : 0) + scores_->height() + kClockHeight * type_.scale;
}

void OverlayPainter::draw_time_line(Canvas& canvas, double strength) const {
  scores_->draw_time_line(canvas, strength);
  const double base = canvas.height() - 8 * type_.scale;
  const std::string last = duration_text(axis_.last_s);
  canvas.text(type_.small_font, {axis_.left, base}, duration_text(axis_.first_s), kQuietColour);
  canvas.text(type_.small_font, {axis_.right - type_.small_font.width(last), base}, last, kQuietColour);
}

std::optional<std::size_t> OverlayPainter::frame_at(double time_s) const {
  // Times that went through different roundings still mean the same frame.
  constexpr double kSlack = 1e-4;
  const auto behind = std::upper_bound(result_.frames.begin(), result_.frames.end(), time_s + kSlack,
                                       [](double t, const tasks::FrameScores& frame) { return t < frame.time_s; });
  if (behind == result_.frames.begin()) return std::nullopt;
  return static_cast<std::size_t>(behind - result_.frames.begin()) - 1;
}

void OverlayPainter::draw_attention(const tasks::FrameScores& frame) {
  if (result_.attention.height == 0 || frame.attention.empty()) return;
  const double width = picture_width_ * factor_, height = picture_height_ * factor_;
  const int left = (canvas_.width() - picture_width_ * factor_) / 2;  // as the picture
  paint_heat(canvas_, result_.attention, frame.attention, heat_scale_,
             {left + seen_.left * width, seen_.top * height, left + seen_.right * width, seen_.bottom * height});
  draw_heat_legend();
}

void OverlayPainter::draw_heat_legend() {
  const double scale = type_.scale;
  const double right = canvas_.width() - 10 * scale, left = right - kLegendWidth * scale;
  const double top = 10 * scale, bottom = top + kLegendHeight * scale;
  if (bottom > picture_height_ * factor_) return;
  canvas_.rounded(left, top, right, bottom, 6 * scale, kPanelColour, 0.78);
  const double inner = left + 8 * scale, length = right - 8 * scale - inner;
  const std::string most = fmt::format("{:.{}f}%", 100 * heat_scale_, heat_scale_ < 0.1 ? 1 : 0);
  canvas_.text(type_.small_font, {inner, top + 14 * scale}, "attention", kInkColour);
  canvas_.text(type_.small_font, {inner + length - type_.small_font.width(most), top + 14 * scale}, most, kInkColour);
  for (int i = 0; i < static_cast<int>(length); ++i) {
    canvas_.rectangle(inner + i, top + 20 * scale, inner + i + 1, top + 27 * scale, heat_colour(i / length));
  }
}

void OverlayPainter::draw_active_events(double time_s) {
  const double scale = type_.scale;
  double bottom = picture_height_ * factor_ - 10 * scale;
  for (const tasks::Event& event : result_.events) {
    if (time_s < event.start_s || time_s > event.end_s) continue;
    const double height = 22 * scale, left = 10 * scale, top = bottom - height;
    if (top < 0) return;
    const std::string& label = result_.labels[event.label];
    const double room = canvas_.width() - 2 * left - 36 * scale;
    const double width = std::min(type_.font.width(label), room) + 34 * scale;
    canvas_.rounded(left, top, left + width, bottom, height / 2, kPanelColour, 0.78);
    canvas_.disc({left + 13 * scale, top + height / 2}, 4.5 * scale, scores_->colour_of(event.label));
    canvas_.text(type_.font, {left + 24 * scale, top + height / 2 + 4.2 * scale}, label, kInkColour, room);
    bottom = top - 6 * scale;
  }
}

const Tensor& OverlayPainter::paint(const Tensor& image, double time_s) {
  const std::optional<std::size_t> frame = frame_at(time_s);
  const int panel = picture_height_ * factor_;
  const double x = axis_.x(time_s), scale = type_.scale;
  const int now = static_cast<int>(std::lround(x));
  canvas_.copy_columns(past_, 0, now, panel);
  canvas_.copy_columns(future_, now, canvas_.width(), panel);
  // What was written beside the picture goes away.
  if (picture_width_ * factor_ < canvas_.width()) canvas_.rectangle(0, 0, canvas_.width(), panel, Colour{});
  canvas_.picture(image, factor_, (canvas_.width() - picture_width_ * factor_) / 2, 0);
  if (frame) draw_attention(result_.frames[*frame]);
  draw_active_events(time_s);
  canvas_.rectangle(x - 0.5 * scale, top_ + 8 * scale, x + 0.5 * scale, bottom_ + 2 * scale, kInkColour, 0.85);
  if (!frame) return canvas_.image();
  if (strip_) strip_->draw(canvas_, *frame);
  scores_->draw_moment(canvas_, result_.frames[*frame], x);
  return canvas_.image();
}

}  // namespace longtake::reports
