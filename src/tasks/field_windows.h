// Windows of series of radar fields: where and when a window is cut is random for training; for tests every series is
// one wide picture, at every step.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tasks/field_sequence.h"
#include "tasks/windows.h"

namespace longtake::tasks {

struct FieldWindowOptions {
  std::int64_t step_s = 600;
  std::int64_t height = 128, width = 128;  // of windows for training
  bool validity = false;                   // the last channel of a window's frames
  fields::GapPolicy gaps = fields::GapPolicy::kFill;
  std::int64_t most_missing = 2;  // frames in a row that a window may miss with kFill; with the others none
  bool training = false;          // which windows size() counts
  bool turn = true;               // training windows are mirrored and transposed at random
  std::int64_t repeats = 1;       // how often an epoch comes by each start
  // Windows for training are looked for until this share of the newest frame that is seen has at least `rain` (a number
  // of the model's, 0 to 1); after some tries any will do.
  double rain_share = 0.02;
  double rain = 0.3;
  // Windows lie within this part of the time that each sequence spans.
  double part_begin = 0, part_end = 1;
  std::int64_t test_stride = 1;  // starts of windows for tests are so many native frames apart
};

// Of these sequences, which it shares. Throws BadData where none of them is long enough for a window.
std::unique_ptr<WindowSource> field_windows(std::vector<std::shared_ptr<FieldSequence>> sequences,
                                            const FieldWindowOptions& options, const WindowShape& shape);

// The window of a sequence whose first frame is at `start`, whole; without advected frames.
Window window_at(FieldSequence& sequence, std::int64_t start, std::int64_t step_s, bool validity,
                 const WindowShape& shape, Extrapolator& extrapolator);

}  // namespace longtake::tasks
