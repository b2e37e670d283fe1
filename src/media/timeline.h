// Gives every decoded frame its time, whatever the container says: missing, equal, jumping back or absurd time stamps.
// The times it gives never go down.
#pragma once

#include <cstdint>
#include <optional>

namespace longtake::media {

class Timeline {
 public:
  // Frames without a time stamp follow at `frame_s`; a jump ahead by more than `longest_gap_s` is taken for a splice.
  Timeline(double frame_s, double longest_gap_s) : frame_s_(frame_s), longest_gap_s_(longest_gap_s) {}

  // The time of the next frame. `stamp_s` is its time stamp, `duration_s` how long it says it lasts (0: unknown).
  double place(std::optional<double> stamp_s, double duration_s);
  // How long the frame placed last is on show if none follows.
  double duration_s() const { return duration_s_; }
  // How often the time stamps jumped.
  std::int64_t splices() const { return splices_; }

 private:
  double frame_s_;
  double longest_gap_s_;
  double offset_s_ = 0.0;
  std::optional<double> last_s_;
  double duration_s_ = 0.0;
  std::int64_t splices_ = 0;
};

}  // namespace longtake::media
