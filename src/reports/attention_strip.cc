#include "reports/attention_strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "reports/heat.h"

namespace longtake::reports {

namespace {

constexpr double kStripHeight = 36;  // this and the following at scale 1
constexpr double kBarsHeight = 22;
constexpr double kLeastPitch = 4;
constexpr double kWidestBar = 12;

}  // namespace

AttentionStrip::AttentionStrip(const tasks::VideoResult& result, const PanelType& type)
    : result_(result), type_(type), scale_(heat_scale(result.frames)) {
  for (const tasks::FrameScores& frame : result.frames) {
    if (frame.attention.empty() || static_cast<std::int64_t>(frame.attention.size()) == result.attention.window) {
      continue;
    }
    throw InvalidArgument(fmt::format("{}: {} weights for a window of {}", result.source, frame.attention.size(),
                                      result.attention.window));
  }
}

double AttentionStrip::height() const { return kStripHeight * type_.scale; }

void AttentionStrip::place(const TimeAxis& axis, double top) {
  axis_ = axis;
  top_ = top;
}

void AttentionStrip::draw(Canvas& canvas, std::size_t frame) const {
  const std::vector<float>& weights = result_.frames[frame].attention;
  if (weights.empty()) return;
  const double scale = type_.scale, base = std::round(top_ + (kPanelMargin + kBarsHeight) * scale);
  const std::size_t frames = std::min(weights.size(), frame + 1);
  const double spacing =
      (axis_.right - axis_.left) / static_cast<double>(std::max<std::size_t>(1, result_.frames.size() - 1));
  const double pitch = std::max(kLeastPitch * scale, spacing), width = std::min(0.8 * pitch, kWidestBar * scale);
  // Bars that stand wider apart than their moments would begin before the time line does.
  double now = axis_.x(result_.frames[frame].time_s);
  if (spacing < pitch) now = std::max(now, axis_.left + static_cast<double>(frames - 1) * pitch);
  const auto place_of = [&](std::size_t back) {
    return spacing < pitch ? now - static_cast<double>(back) * pitch : axis_.x(result_.frames[frame - back].time_s);
  };
  const auto bar = [&](std::size_t back, double top, double bottom, Colour colour) {
    canvas.rectangle(place_of(back) - width / 2, top, place_of(back) + width / 2, bottom, colour);
  };
  for (std::size_t back = 0; back < frames; ++back) {
    const double weight = weights[weights.size() - 1 - back];
    const double share = std::isfinite(weight) && scale_ > 0 ? std::clamp(weight / scale_, 0.0, 1.0) : 0;
    bar(back, base - share * kBarsHeight * scale, base, heat_colour(0.3 + 0.7 * share));
    bar(back, base, base + 1, kLineColour);
  }
  const auto best = std::max_element(weights.end() - static_cast<std::ptrdiff_t>(frames), weights.end());
  const auto back = static_cast<std::size_t>(weights.end() - best) - 1;
  const double seconds = result_.frames[frame].time_s - result_.frames[frame - back].time_s;
  const double left = kPanelMargin * scale;
  canvas.text(type_.font, {left, base - 12 * scale}, fmt::format("looks back {} frames", weights.size()), kQuietColour,
              kNamesWidth * scale);
  canvas.text(
      type_.small_font, {left, base - 1 * scale},
      fmt::format("most {}, {:.0f}%", back == 0 ? "at this frame" : fmt::format("{:.2f} s ago", seconds), 100 * *best),
      kQuietColour, kNamesWidth * scale);
}

}  // namespace longtake::reports
