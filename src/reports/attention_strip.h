// Where a model that looks back over its last frames looks: a bar per frame of the window, along the time line. Private
// to reports.
#pragma once

#include "reports/score_panel.h"

namespace longtake::reports {

class AttentionStrip {
 public:
  // `result`, whose attention has a window, and `type` must outlive the strip.
  AttentionStrip(const tasks::VideoResult& result, const PanelType& type);

  double height() const;
  void place(const TimeAxis& axis, double top);
  // The bars of result.frames[frame]: each at its own moment, the newest at that frame; where moments lie too close
  // to each other to be told apart, the bars stand side by side before the frame. A weight of heat_scale() is as high
  // as the strip. Says beside them how long before the frame the highest weight is.
  void draw(Canvas& canvas, std::size_t frame) const;

 private:
  const tasks::VideoResult& result_;
  const PanelType& type_;
  double scale_;
  TimeAxis axis_;
  double top_ = 0;
};

}  // namespace longtake::reports
