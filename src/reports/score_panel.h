// What an overlay shows below the picture: names and numbers of the moment on the left, the scores over the whole video
// on the right. Private to reports.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "reports/canvas.h"
#include "tasks/result.h"

namespace longtake::reports {

constexpr Colour kPanelColour{18, 22, 29}, kLineColour{52, 60, 72}, kQuietColour{150, 161, 176};
constexpr Colour kInkColour{232, 236, 242}, kBarColour{40, 47, 58};
constexpr double kPanelMargin = 12;  // this and the following at scale 1
constexpr double kNamesWidth = 168;  // of the names and numbers

// Letters and gaps grow with the picture.
struct PanelType {
  explicit PanelType(double size) : scale(size), font(8.5 * size, 1.45 * size), small_font(6.5 * size, 1.15 * size) {}

  double scale;
  Font font, small_font;
};

// Where moments of the video lie.
struct TimeAxis {
  double first_s = 0, last_s = 1;
  double left = 0, right = 1;  // pixels

  double x(double time_s) const;
};

class ScorePanel {
 public:
  virtual ~ScorePanel() = default;

  // Pixels from the top of the panel to the end of the events' bars.
  virtual double height() const = 0;
  // Says where it is drawn; before anything is.
  virtual void place(const TimeAxis& axis, double top) = 0;
  // Scores and events of the whole video.
  virtual void draw_time_line(Canvas& canvas, double strength) const = 0;
  // Names and numbers of a frame, and the marks of a moment at x.
  virtual void draw_moment(Canvas& canvas, const tasks::FrameScores& frame, double x) const = 0;
  // In which a class and its events are drawn.
  Colour colour_of(std::int64_t label) const;

 protected:
  // Gives the classes their colours, in that order; there are as many as colours, at most.
  void colour(std::span<const std::int64_t> labels);
  std::span<const std::int64_t> coloured() const { return coloured_; }

 private:
  std::vector<std::int64_t> coloured_;
};

// The most classes that can be told apart by colour.
inline constexpr std::size_t kMostColours = 8;

// For one class at a time the three best of the moment, and the curves of those that ever lead, in one diagram; for
// many at once a lane for each class that is ever probable, always in the same place. `result` and `type` must outlive
// it.
std::unique_ptr<ScorePanel> make_score_panel(const tasks::VideoResult& result, const PanelType& type);

// The two kinds, which make_score_panel() chooses from.
std::unique_ptr<ScorePanel> make_line_panel(const tasks::VideoResult& result, const PanelType& type);
std::unique_ptr<ScorePanel> make_lane_panel(const tasks::VideoResult& result, const PanelType& type);

// Scores as they are drawn: what is no number counts as 0.
double drawn_score(const tasks::FrameScores& frame, std::int64_t label);

}  // namespace longtake::reports
