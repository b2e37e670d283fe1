#include "media/sampler.h"

#include <algorithm>
#include <cmath>

namespace longtake::media {

void Sampler::push(const Moment& moment) { pending_ = moment; }

// The grid begins at the later of the wanted start and the first frame.
bool Sampler::anchor() {
  if (anchored_) return true;
  if (!pending_) return false;
  start_s_ = std::max(options_.start_s.value_or(pending_->time_s), pending_->time_s);
  anchored_ = true;
  return true;
}

bool Sampler::adopt_due() const {
  if (!pending_) return false;
  if (options_.fps <= 0.0) return true;
  return pending_->time_s <= sample_time() + options_.tolerance_s;
}

bool Sampler::shows(double from_s, double until_s) const {
  if (!anchored_ || options_.fps <= 0.0) return true;
  // The first sample from from_s on, give or take the rounding of this division.
  const double first = std::max(0.0, std::ceil((from_s - options_.tolerance_s - start_s_) * options_.fps));
  for (const double index : {first - 1.0, first, first + 1.0}) {
    const double time_s = sample_time(index);
    if (index < static_cast<double>(index_) || time_s >= options_.end_s - options_.tolerance_s) continue;
    if (from_s <= time_s + options_.tolerance_s && time_s + options_.tolerance_s < until_s) return true;
  }
  return false;
}

Sampler::Step Sampler::adopt() {
  current_ = pending_;
  pending_.reset();
  if (options_.fps <= 0.0) {
    due_ = !options_.start_s || current_->time_s >= *options_.start_s - options_.tolerance_s;
  }
  if (current_->bad) return Step::kNeedFrame;
  has_picture_ = true;
  picture_since_s_ = current_->time_s;
  return Step::kAdopt;
}

Sampler::Step Sampler::emit(double time_s) {
  due_ = false;
  sample_ = {time_s, picture_since_s_, index_++, current_->bad};
  if (!current_->bad) return Step::kSample;
  if (options_.bad_frames == BadFramePolicy::kStop) return Step::kStopped;
  const bool repeat = options_.bad_frames == BadFramePolicy::kRepeat && has_picture_;
  return repeat ? Step::kSample : Step::kSkipped;
}

Sampler::Step Sampler::next() {
  if (!anchor()) return finished_ ? Step::kEnd : Step::kNeedFrame;
  const double end_s = options_.end_s - options_.tolerance_s;
  if (options_.fps <= 0.0) {
    if (due_) return current_->time_s >= end_s ? Step::kEnd : emit(current_->time_s);
  } else if (sample_time() >= end_s) {
    return Step::kEnd;
  }
  if (adopt_due()) {
    const Step step = adopt();
    return step == Step::kNeedFrame ? next() : step;
  }
  if (!pending_ && !finished_) return Step::kNeedFrame;
  if (options_.fps <= 0.0) return Step::kEnd;
  // The frame on show stays until the pending one comes, or at the end for its own duration. Even the shortest video
  // shows its frame at the instant where it begins.
  const bool last = !pending_;
  const double shown_until_s = last ? current_->time_s + current_->duration_s - options_.tolerance_s : 0.0;
  if (last && sample_time() >= shown_until_s && !(index_ == 0 && current_->time_s >= start_s_)) return Step::kEnd;
  return emit(sample_time());
}

}  // namespace longtake::media
