// What an overlay shows: the picture, what is going on in it, the three best classes now, and the scores over the whole
// video with the present marked. Private to reports.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/canvas.h"
#include "tasks/result.h"

namespace longtake::reports {

class OverlayPainter {
 public:
  // For pictures of width x height, enlarged by a whole factor until they are `least_width` wide (or 2000 high; then
  // they stand in the middle). `result` must outlive the painter. Throws InvalidArgument when the result has no frames
  // or scores that are not one per label.
  OverlayPainter(const tasks::VideoResult& result, int width, int height, int least_width);

  int width() const { return canvas_.width(); }
  int height() const { return canvas_.height(); }

  // The picture with all around it, uint8 [height(), width(), 3]; valid until the next call. `image` is uint8
  // [height, width, 3] and shown at time_s.
  const Tensor& paint(const Tensor& image, double time_s);

 private:
  struct Curve {
    std::int64_t label;
    Colour colour;
    Mask mask;
  };

  void choose_curves();
  void draw_curves();
  void draw_time_line(Canvas& canvas, double strength) const;
  void draw_leaders(const tasks::FrameScores* frame);
  void draw_active_events(double time_s);
  void draw_playhead(double time_s, const tasks::FrameScores* frame);
  const tasks::FrameScores* scores_at(double time_s) const;
  Colour colour_of(std::int64_t label) const;
  double x_of(double time_s) const;
  double y_of(double score) const;

  const tasks::VideoResult& result_;
  int picture_width_, picture_height_, factor_;
  double scale_;  // of letters and gaps: 1 at a width of 480 and below
  double first_s_ = 0, last_s_ = 1;
  double left_, right_, top_, bottom_;  // of the curves
  Font font_, small_font_;
  std::vector<Curve> curves_;
  Canvas past_, future_, canvas_;
};

}  // namespace longtake::reports
