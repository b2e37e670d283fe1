// What holds for every dense dataset that a reader accepts, whatever the text was.
#pragma once

#include "data/dataset.h"

namespace longtake::fuzz {

inline void check_dense(const Dataset& dataset) {
  if (!dataset.dense) __builtin_trap();
  for (const DatasetItem& item : dataset.items) {
    if (item.label != kNoLabel) __builtin_trap();
    for (std::size_t i = 0; i < item.intervals.size(); ++i) {
      const Interval& interval = item.intervals[i];
      if (interval.label < 0 || static_cast<std::size_t>(interval.label) >= dataset.labels.size()) __builtin_trap();
      if (!(interval.start_s >= 0 && interval.end_s >= interval.start_s)) __builtin_trap();
      if (i > 0 && starts_before(interval, item.intervals[i - 1])) __builtin_trap();
    }
  }
}

}  // namespace longtake::fuzz
