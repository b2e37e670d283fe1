// What happens when in a video, several classes at once, and what that makes of each frame.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "longtake/tensor.h"

namespace longtake {

// Both ends belong to it. Times are the media's own, in seconds.
struct Interval {
  std::int64_t label = 0;  // index of the class
  double start_s = 0;
  double end_s = 0;  // not before start_s

  friend bool operator==(const Interval&, const Interval&) = default;
};

// By start, then label, then end.
bool starts_before(const Interval& a, const Interval& b);

// The middle of the time for which each frame is shown: half a frame after `times_s` at `fps` frames per second, or,
// where fps is 0, half way to the next frame (the last frame lasts as long as the one before it; a single one no time).
std::vector<double> frame_centres(std::span<const double> times_s, double fps);

// uint8 [frames, classes]: 1 where the middle of the frame lies in an interval of the class, both ends included. Throws
// InvalidArgument for a label that is none of the classes.
Tensor rasterise(std::span<const Interval> intervals, std::span<const double> centres_s, std::int64_t classes);

}  // namespace longtake
