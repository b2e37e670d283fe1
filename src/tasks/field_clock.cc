#include "tasks/field_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::tasks {

FieldClock::FieldClock(const ClockOptions& options, const ExtrapolationOptions& extrapolation)
    : options_(options), extrapolator_(extrapolation) {
  if (options.step_s < 1 || options.tolerance_s < 0 || 2 * options.tolerance_s >= options.step_s ||
      options.most_missing < 0) {
    throw InvalidArgument(fmt::format("steps of {} s with a tolerance of {} s; a tolerance below half a step is wanted",
                                      options.step_s, options.tolerance_s));
  }
}

std::vector<ClockFrame> FieldClock::push(std::int64_t time, FieldFrame frame) {
  if (last_time_ && time <= *last_time_) {
    throw InvalidArgument(fmt::format("a frame of {} comes after one of {}", fields::format_time(time),
                                      fields::format_time(*last_time_)));
  }
  const std::int64_t distance = last_time_ ? time - *last_time_ : 0;
  const std::int64_t usual = usual_distance();
  const bool far = usual > 0 && 2 * distance > 3 * usual;
  if (distance > 0) remember_distance(distance);
  if (!next_) next_ = options_.first.value_or(time);
  const bool broken = time >= *next_ + (options_.most_missing + 1) * options_.step_s;
  if (broken) next_ = time;
  std::vector<ClockFrame> out;
  for (; *next_ <= time + options_.tolerance_s; *next_ += options_.step_s) {
    if (!last_time_ && *next_ < time - options_.tolerance_s) continue;
    out.push_back(at_step(*next_, frame, time, far));
    out.back().anew = !begun_ || (broken && out.size() == 1);
    begun_ = true;
  }
  last_ = std::move(frame);
  last_time_ = time;
  return out;
}

// Of the newest distances the middle one, so that neither a gap nor two frames that came too close change it.
std::int64_t FieldClock::usual_distance() const {
  if (options_.usual_distance_s > 0) return options_.usual_distance_s;
  auto known = distances_;
  std::sort(known.begin(), known.end());
  const auto first = std::find_if(known.begin(), known.end(), [](std::int64_t distance) { return distance > 0; });
  return first == known.end() ? 0 : *(first + (known.end() - first - 1) / 2);
}

void FieldClock::remember_distance(std::int64_t distance) {
  std::rotate(distances_.begin(), distances_.begin() + 1, distances_.end());
  distances_.back() = distance;
}

bool FieldClock::is_step(std::int64_t time) const {
  if (!next_ && !options_.first) return true;
  const std::int64_t since = time - next_.value_or(*options_.first);
  const std::int64_t off = ((since % options_.step_s) + options_.step_s) % options_.step_s;
  return std::min(off, options_.step_s - off) <= options_.tolerance_s;
}

void FieldClock::save(const std::string& prefix, State& state) const {
  state.set(prefix + "times", Tensor::from<std::int64_t>({1, 5}, {next_ ? 1 : 0, next_.value_or(0), last_time_ ? 1 : 0,
                                                                  last_time_.value_or(0), begun_ ? 1 : 0}));
  Tensor distances(DType::kInt64, {1, kDistances});
  std::copy(distances_.begin(), distances_.end(), distances.data<std::int64_t>().begin());
  state.set(prefix + "distances", std::move(distances));
  if (last_time_) save_frame(last_, prefix + "last/", state);
}

void FieldClock::load(const std::string& prefix, const State& state, std::int64_t height, std::int64_t width) {
  const Tensor& times = state.at(prefix + "times");
  if (times.dtype() != DType::kInt64 || times.shape() != Shape{1, 5}) {
    throw InvalidArgument(fmt::format("state: {}times is not five times", prefix));
  }
  const Tensor& distances = state.at(prefix + "distances");
  if (distances.dtype() != DType::kInt64 || distances.shape() != Shape{1, kDistances}) {
    throw InvalidArgument(fmt::format("state: {}distances is not {} distances in time", prefix, kDistances));
  }
  const auto numbers = times.data<std::int64_t>();
  next_ = numbers[0] != 0 ? std::optional(numbers[1]) : std::nullopt;
  last_time_ = numbers[2] != 0 ? std::optional(numbers[3]) : std::nullopt;
  begun_ = numbers[4] != 0;
  std::copy_n(distances.data<std::int64_t>().begin(), kDistances, distances_.begin());
  if (last_time_) last_ = load_frame(prefix + "last/", state, height, width);
}

ClockFrame FieldClock::at_step(std::int64_t time, const FieldFrame& newest, std::int64_t newest_time, bool far) {
  if (std::abs(newest_time - time) <= options_.tolerance_s) return {.time = time, .frame = newest};
  if (last_time_ && std::abs(time - *last_time_) <= options_.tolerance_s) return {.time = time, .frame = last_};
  FieldFrame frame{Tensor(DType::kFloat32, newest.values.shape()), Tensor(DType::kUint8, newest.valid.shape())};
  if (far) return {.time = time, .frame = std::move(frame), .missing = true};
  const double share = static_cast<double>(time - *last_time_) / static_cast<double>(newest_time - *last_time_);
  const Tensor mixed = frame_between(extrapolator_, last_.values, last_.valid, newest.values, newest.valid, share);
  const auto numbers = mixed.data<float>();
  const auto count = static_cast<std::size_t>(frame.values.count());
  std::copy_n(numbers.begin(), count, frame.values.data<float>().begin());
  for (std::size_t i = 0; i < static_cast<std::size_t>(frame.valid.count()); ++i) {
    frame.valid.data<std::uint8_t>()[i] = numbers[count + i] > 0;
  }
  return {.time = time, .frame = std::move(frame)};
}

}  // namespace longtake::tasks
