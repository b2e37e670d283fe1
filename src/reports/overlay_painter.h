// What an overlay shows: the picture with where the model looks in it and what is going on, and below it the scores
// over the whole video with the present marked. Private to reports.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "reports/attention_strip.h"
#include "reports/canvas.h"
#include "reports/heat.h"
#include "reports/score_panel.h"
#include "tasks/result.h"

namespace longtake::reports {

class OverlayPainter {
 public:
  // For pictures of width x height, enlarged by a whole factor until they are `least_width` wide (or 2000 high; then
  // they stand in the middle), of which the model saw the part `seen`. `result` must outlive the painter. Throws
  // InvalidArgument when the result has no frames, scores that are not one per label or attention that does not fit.
  OverlayPainter(const tasks::VideoResult& result, int width, int height, int least_width, const Region& seen = {});
  OverlayPainter(const OverlayPainter&) = delete;
  OverlayPainter& operator=(const OverlayPainter&) = delete;

  int width() const { return canvas_.width(); }
  int height() const { return canvas_.height(); }

  // The picture with all around it, uint8 [height(), width(), 3]; valid until the next call. `image` is uint8
  // [height, width, 3] and shown at time_s.
  const Tensor& paint(const Tensor& image, double time_s);

 private:
  double panel_height() const;
  void draw_time_line(Canvas& canvas, double strength) const;
  void draw_attention(const tasks::FrameScores& frame);
  void draw_heat_legend();
  void draw_active_events(double time_s);
  std::optional<std::size_t> frame_at(double time_s) const;

  const tasks::VideoResult& result_;
  int picture_width_, picture_height_, factor_;
  PanelType type_;
  std::unique_ptr<ScorePanel> scores_;
  std::optional<AttentionStrip> strip_;  // where the model looks back over frames
  Region seen_;
  double heat_scale_ = 0;
  TimeAxis axis_;
  double top_ = 0, bottom_ = 0;  // of the strip and the scores
  Canvas past_, future_, canvas_;
};

}  // namespace longtake::reports
