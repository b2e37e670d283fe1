// Windows of frames, and what is made of the slots of a window.
#pragma once

#include <string>

#include "layers/basic.h"

namespace longtake::layers {

struct WindowOptions {
  std::int64_t size = 10;
  std::int64_t stride = 1;
  std::int64_t ahead = 0;  // the window's frame is followed by so many in it; needs partial = true
  bool partial = false;    // also windows that lack frames; else only full ones, and the only one of a short video
};

struct WindowValues {
  ValueId slots;  // [size, ...], oldest first; zero where no frame is
  ValueId valid;  // [size], 1 where a frame is
};

// The last `size` frames of x at every stride-th one. An incomplete last window is dropped, unless it is the only one.
WindowValues window(Builder& b, const std::string& name, ValueId x, const WindowOptions& options);

// Over the slots that are valid: [...].
ValueId max_over_slots(Builder& b, const std::string& name, const WindowValues& window);
ValueId mean_over_slots(Builder& b, const std::string& name, const WindowValues& window);

// x [N, ...] is, at tick i, an answer for each of the N frames i - offset - N + 1 ... i - offset, oldest first; the
// result is the mean of all the answers that a frame gets, and comes N - 1 + offset ticks after it (the outputs of
// MultiLSTM, 1507.05738). `offset` is from 1 - N, all answers made before the frame or with it, to 0, all made with it
// or after.
ValueId overlap_average(Builder& b, const std::string& name, ValueId x, std::int64_t offset = 0);

}  // namespace longtake::layers
