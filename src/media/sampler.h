// Which frame is on show at which instant: turns decoded frames at whatever times into samples at a steady rate.
// Knows nothing of FFmpeg or pixels, so that its rules can be tested with numbers alone.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "longtake/video_reader.h"

namespace longtake::media {

// A frame's place in time. It is shown from time_s until the next frame comes, the last one for duration_s.
struct Moment {
  double time_s = 0.0;
  double duration_s = 0.0;
  bool bad = false;  // damaged or lost: there is no picture to show
};

struct SamplerOptions {
  double fps = 0.0;  // 0: every frame once
  std::optional<double> start_s;
  double end_s = std::numeric_limits<double>::infinity();
  BadFramePolicy bad_frames = BadFramePolicy::kSkip;
  double tolerance_s = 0.0;  // times that differ by no more count as equal: the rounding of the container's clock
};

// Use: push() each moment in order of time, and after each call next() until it gives kNeedFrame; finish() at the end
// of the video and next() until kEnd. The caller keeps two pictures: the one last adopted and the one last pushed.
class Sampler {
 public:
  enum class Step : std::uint8_t {
    kNeedFrame,  // push() the next frame or finish()
    kAdopt,      // the picture pushed last is now the one on show
    kSample,     // hand out the picture on show as sample()
    kSkipped,    // a sample is left out because its frame is bad
    kEnd,        // no more samples
    kStopped,    // a bad frame came and the policy is kStop
  };
  struct Sample {
    double time_s = 0.0;
    double shown_since_s = 0.0;
    std::int64_t index = 0;
    bool repeated = false;
  };

  explicit Sampler(const SamplerOptions& options) : options_(options) {}

  void push(const Moment& moment);
  void finish() { finished_ = true; }
  Step next();
  const Sample& sample() const { return sample_; }
  // Whether a sample that was not handed out yet shows a frame that is on show in [from_s, until_s); of every span
  // while it is not known when the samples begin.
  bool shows(double from_s, double until_s) const;

 private:
  bool anchor();
  bool adopt_due() const;
  Step adopt();
  Step emit(double time_s);
  double sample_time() const { return sample_time(static_cast<double>(index_)); }
  double sample_time(double index) const { return start_s_ + index / options_.fps; }

  SamplerOptions options_;
  std::optional<Moment> current_;  // on show
  std::optional<Moment> pending_;  // pushed, not yet on show
  bool has_picture_ = false;       // a good frame has been on show
  bool due_ = false;               // with fps 0: the current frame has not been handed out
  bool anchored_ = false;
  bool finished_ = false;
  double start_s_ = 0.0;
  double picture_since_s_ = 0.0;
  std::int64_t index_ = 0;
  Sample sample_;
};

}  // namespace longtake::media
