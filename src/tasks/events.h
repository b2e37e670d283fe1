// From scores per frame to things that start and end: smoothing, hysteresis, and a minimum duration, so that one
// flicker is no event. Works frame by frame; what it remembers is part of a stream's state.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "longtake/input_spec.h"
#include "longtake/state.h"
#include "tasks/result.h"

namespace longtake::tasks {

struct EventOptions {
  double smoothing_s = 0.2;  // time constant of the exponential mean over scores; 0 takes them as they are
  double on = 0.6;           // an event starts when the smoothed score rises to this
  double off = 0.4;          // and ends when it falls below this
  double minimum_s = 0.2;    // shorter ones are dropped
};

// Reads the table [events] of a recipe. Throws ConfigError for values that make no sense, such as on < off.
EventOptions event_options(const Options& options);

// A start or an end as it happens. A start is told once the event has lasted for the minimum, so it may lie in the
// past.
struct EventEdge {
  bool start = true;
  Event event;  // for a start, `end_s` is the time of the frame that confirmed it
};

class EventDetector {
 public:
  EventDetector(std::int64_t classes, const EventOptions& options);

  // The scores [classes] at time_s, which must not go back but once after load(). Returns what started or ended; valid
  // until the next call.
  std::span<const EventEdge> add(double time_s, std::span<const float> scores);
  // Ends what is still going on at time_s.
  std::span<const EventEdge> finish(double time_s);
  // Forgets everything, as for a new video.
  void reset();

  // What it remembers, as tensors of a State of one stream named "events.*"; and back.
  void save(State& state) const;
  void load(const State& state);

 private:
  struct Track {
    double smoothed = 0;
    double start_s = 0;
    float peak = 0;
    bool on = false;
    bool told = false;
  };
  void end(std::int64_t label);
  void begin_time_anew(double time_s);

  EventOptions options_;
  std::vector<Track> tracks_;
  double last_time_s_ = 0;
  bool started_ = false;
  bool resumed_ = false;  // from a state, and no frame has gone back since
  std::vector<EventEdge> edges_;
};

// How long a frame of the input is seen, in seconds: what still goes on at the last one ends behind it. 0 where the
// input takes videos' own frames.
double frame_seconds(const InputSpec& input);

// All events of a whole video, by start, then label. `frame_s` is how long its last frame is seen.
std::vector<Event> find_events(std::span<const FrameScores> frames, std::int64_t classes, const EventOptions& options,
                               double frame_s);

}  // namespace longtake::tasks
