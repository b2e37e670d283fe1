// Weights over the places of a picture as colours over it: which part of it a model saw, and where in that it looked.
#pragma once

#include <span>
#include <vector>

#include "longtake/input_spec.h"
#include "reports/canvas.h"
#include "tasks/result.h"

namespace longtake::reports {

// A part of a picture, in shares of its width and height.
struct Region {
  double left = 0;
  double top = 0;
  double right = 1;
  double bottom = 1;
  friend bool operator==(const Region&, const Region&) = default;
};

// What an input of that spec sees of pictures that are width x height after it resized them: the centre crop.
Region seen_region(const InputSpec& spec, std::int64_t width, std::int64_t height);

// From nothing (0, nearly black) through violet, red and orange to the most (1, light yellow): readable in gray, too.
Colour heat_colour(double share);

// What is drawn in the lightest colour: the highest weight of all frames, but at least four times an even share, so
// that weights which are nearly even look so.
double heat_scale(std::span<const tasks::FrameScores> frames);

// Lays the weights [height x width] of a map over the pixels [left, right) x [top, bottom) of the canvas, half covering
// what is there: interpolated linearly between the middles of the places, a weight of `scale` in the lightest colour.
// Throws InvalidArgument when there is not one weight per place.
void paint_heat(Canvas& canvas, const tasks::AttentionGrid& grid, std::span<const float> weights, double scale,
                const Region& pixels);

}  // namespace longtake::reports
