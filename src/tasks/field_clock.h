// Frames of a feed at the steps that a model was made for: a radar that measures every 5 or 6 minutes drives a model
// that wants one every 10.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "longtake/state.h"
#include "tasks/extrapolation.h"
#include "tasks/field_sequence.h"

namespace longtake::tasks {

struct ClockOptions {
  std::int64_t step_s = 600;
  std::int64_t tolerance_s = 30;      // as SequenceOptions
  std::optional<std::int64_t> first;  // the first step; none begins with the first frame
  std::int64_t most_missing = 2;      // steps in a row without a frame that are told as missing frames; more begin anew
  std::int64_t usual_distance_s = 0;  // of the feed's frames; 0 learns it from those that come
};

// A frame at a step.
struct ClockFrame {
  std::int64_t time = 0;
  FieldFrame frame;
  bool missing = false;  // nothing in it was measured
  bool anew = false;     // after a break, or the first of all: what was seen before does not lead to it
};

class FieldClock {
 public:
  // Throws InvalidArgument for options out of range, and as Extrapolator.
  FieldClock(const ClockOptions& options, const ExtrapolationOptions& extrapolation);

  // The next frame of the feed, later than all before; gives the frames of the steps that are settled by it, in order.
  // A frame at a step is taken as it is. A step between two frames gets what lies between them where they are no more
  // than one and a half times the feed's usual distance apart, and else is missing. Throws InvalidArgument for a time
  // that is not later. Steps before the first frame are none.
  std::vector<ClockFrame> push(std::int64_t time, FieldFrame frame);

  // Is this time at a step?
  bool is_step(std::int64_t time) const;
  // The step that is settled next; none before the first frame.
  std::optional<std::int64_t> next_step() const { return next_; }

  // What it remembers, as tensors of `state` whose names begin with `prefix`. load() throws InvalidArgument where they
  // are not there, or not of frames of that size.
  void save(const std::string& prefix, State& state) const;
  void load(const std::string& prefix, const State& state, std::int64_t height, std::int64_t width);

 private:
  static constexpr std::int64_t kDistances = 5;

  std::int64_t usual_distance() const;  // 0: not known yet
  void remember_distance(std::int64_t distance);
  ClockFrame at_step(std::int64_t time, const FieldFrame& newest, std::int64_t newest_time, bool far);

  ClockOptions options_;
  Extrapolator extrapolator_;
  std::optional<std::int64_t> next_;  // the next step
  bool begun_ = false;                // one was told
  std::optional<std::int64_t> last_time_;
  FieldFrame last_;
  std::array<std::int64_t, kDistances> distances_{};  // from frame to frame, the newest last; 0 is none yet
};

}  // namespace longtake::tasks
