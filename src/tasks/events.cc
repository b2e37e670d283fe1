#include "tasks/events.h"

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake::tasks {

EventOptions event_options(const Options& options) {
  EventOptions out;
  out.smoothing_s = options.get("smoothing_s", out.smoothing_s);
  out.on = options.get("on", out.on);
  out.off = options.get("off", out.off);
  out.minimum_s = options.get("minimum_s", out.minimum_s);
  if (out.smoothing_s < 0) throw options.error("smoothing_s", "must not be negative");
  if (out.minimum_s < 0) throw options.error("minimum_s", "must not be negative");
  if (!(out.on >= 0 && out.on <= 1)) throw options.error("on", "must be from 0 to 1, like the scores");
  if (!(out.off <= out.on)) throw options.error("off", "must not be above on");
  return out;
}

EventDetector::EventDetector(std::int64_t classes, const EventOptions& options) : options_(options), tracks_(classes) {}

void EventDetector::reset() {
  std::fill(tracks_.begin(), tracks_.end(), Track());
  started_ = resumed_ = false;
}

// A state may go on with another source, whose time begins anew: its first frame then follows the last one at once.
void EventDetector::begin_time_anew(double time_s) {
  if (!resumed_) throw InvalidArgument("the time of a frame went back");
  for (Track& track : tracks_) track.start_s += time_s - last_time_s_;
  last_time_s_ = time_s;
  resumed_ = false;
}

std::span<const EventEdge> EventDetector::add(double time_s, std::span<const float> scores) {
  if (scores.size() != tracks_.size()) throw InvalidArgument("the scores are not one per class");
  if (started_ && time_s < last_time_s_) begin_time_anew(time_s);
  edges_.clear();
  const double passed = started_ ? time_s - last_time_s_ : 0;
  const double keep = !started_ || options_.smoothing_s == 0 ? 0 : std::exp(-passed / options_.smoothing_s);
  started_ = true;
  last_time_s_ = time_s;
  for (std::size_t label = 0; label < tracks_.size(); ++label) {
    Track& track = tracks_[label];
    track.smoothed = keep * track.smoothed + (1 - keep) * scores[label];
    if (!track.on && track.smoothed >= options_.on) {
      track = {track.smoothed, time_s, 0, true, false};
    } else if (track.on && track.smoothed < options_.off) {
      end(static_cast<std::int64_t>(label));
      continue;
    }
    if (!track.on) continue;
    track.peak = std::max(track.peak, static_cast<float>(track.smoothed));
    if (!track.told && time_s - track.start_s >= options_.minimum_s) {
      track.told = true;
      edges_.push_back({true, {static_cast<std::int64_t>(label), track.start_s, time_s, track.peak}});
    }
  }
  return edges_;
}

void EventDetector::end(std::int64_t label) {
  Track& track = tracks_[label];
  const bool long_enough = last_time_s_ - track.start_s >= options_.minimum_s;
  if (!track.told && long_enough) edges_.push_back({true, {label, track.start_s, last_time_s_, track.peak}});
  if (track.told || long_enough) edges_.push_back({false, {label, track.start_s, last_time_s_, track.peak}});
  track.on = track.told = false;
}

std::span<const EventEdge> EventDetector::finish(double time_s) {
  edges_.clear();
  last_time_s_ = std::max(last_time_s_, time_s);
  for (std::size_t label = 0; label < tracks_.size(); ++label) {
    if (tracks_[label].on) end(static_cast<std::int64_t>(label));
  }
  return edges_;
}

void EventDetector::save(State& state) const {
  const auto classes = static_cast<std::int64_t>(tracks_.size());
  Tensor numbers(DType::kFloat64, {1, classes, 3});
  Tensor flags(DType::kUint8, {1, classes, 2});
  for (std::int64_t label = 0; label < classes; ++label) {
    const Track& track = tracks_[label];
    double* row = numbers.data<double>().data() + label * 3;
    row[0] = track.smoothed;
    row[1] = track.start_s;
    row[2] = track.peak;
    flags.data<std::uint8_t>()[label * 2] = track.on;
    flags.data<std::uint8_t>()[label * 2 + 1] = track.told;
  }
  state.set("events.tracks", std::move(numbers));
  state.set("events.flags", std::move(flags));
  state.set("events.time", Tensor::from<double>({1}, {last_time_s_}));
  state.set("events.started", Tensor::from<std::uint8_t>({1}, {started_}));
}

void EventDetector::load(const State& state) {
  const auto classes = static_cast<std::int64_t>(tracks_.size());
  for (const char* single : {"events.time", "events.started"}) {
    if (state.at(single).shape() != Shape{1}) throw InvalidArgument("the state's events are malformed");
  }
  const Tensor& numbers = state.at("events.tracks");
  const Tensor& flags = state.at("events.flags");
  if (numbers.shape() != Shape{1, classes, 3} || flags.shape() != Shape{1, classes, 2}) {
    throw InvalidArgument("the state's events are of another number of classes");
  }
  for (std::int64_t label = 0; label < classes; ++label) {
    const double* row = numbers.data<double>().data() + label * 3;
    const auto flag = flags.data<std::uint8_t>().subspan(label * 2, 2);
    tracks_[label] = {row[0], row[1], static_cast<float>(row[2]), flag[0] != 0, flag[1] != 0};
  }
  last_time_s_ = state.at("events.time").data<double>()[0];
  started_ = state.at("events.started").data<std::uint8_t>()[0] != 0;
  resumed_ = true;
}

double frame_seconds(const InputSpec& input) { return input.fps > 0 ? 1 / input.fps : 0; }

std::vector<Event> find_events(std::span<const FrameScores> frames, std::int64_t classes, const EventOptions& options,
                               double frame_s) {
  EventDetector detector(classes, options);
  std::vector<Event> events;
  const auto keep = [&](std::span<const EventEdge> edges) {
    for (const EventEdge& edge : edges) {
      if (!edge.start) events.push_back(edge.event);
    }
  };
  for (const FrameScores& frame : frames) keep(detector.add(frame.time_s, frame.scores));
  if (!frames.empty()) keep(detector.finish(frames.back().time_s + frame_s));
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.start_s != b.start_s ? a.start_s < b.start_s : a.label < b.label;
  });
  return events;
}

}  // namespace longtake::tasks
