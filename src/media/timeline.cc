#include "media/timeline.h"

#include <algorithm>

namespace longtake::media {
namespace {

// A smaller step back is a stamp out of order, not a new beginning.
constexpr double kLeastSpliceBackS = 0.1;

}  // namespace

double Timeline::place(std::optional<double> stamp_s, double duration_s) {
  const double expected_s = last_s_ ? *last_s_ + duration_s_ : 0.0;
  double time_s = stamp_s ? *stamp_s + offset_s_ : expected_s;
  if (last_s_) {
    const double splice_back_s = std::max(kLeastSpliceBackS, 2.0 * frame_s_);
    if (time_s < *last_s_ - splice_back_s || time_s > *last_s_ + longest_gap_s_) {
      offset_s_ += expected_s - time_s;
      time_s = expected_s;
      ++splices_;
    } else if (time_s < *last_s_) {
      time_s = *last_s_;
    }
  }
  last_s_ = time_s;
  duration_s_ = duration_s > 0.0 && duration_s <= longest_gap_s_ ? duration_s : frame_s_;
  return time_s;
}

}  // namespace longtake::media
