// What a model says about a video, independent of how it is written down (reports/ has the writers).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longtake/video_reader.h"

namespace longtake::tasks {

// The scores of one frame.
struct FrameScores {
  std::int64_t frame = 0;     // sample index, from Frame::index
  double time_s = 0;          // the media's own time
  double age_s = -1;          // live sources: how old the frame was when its scores came out; else below 0
  std::vector<float> scores;  // [classes], probabilities of this frame
  std::vector<float> video;   // [classes], the aggregate of all frames so far
  // Where the model looked when it saw this frame, see VideoResult::attention; empty where it does not say.
  std::vector<float> attention;
};

// Something that lasted from start to end.
struct Event {
  std::int64_t label = 0;  // index of the class
  double start_s = 0;
  double end_s = 0;
  float peak = 0;  // the highest smoothed score within

  friend bool operator==(const Event&, const Event&) = default;
};

// What the weights of FrameScores::attention are of: height x width places of a map that covers what the model saw of
// the frame, row by row; or the last `window` samples, the oldest first and the frame itself last; or, all being 0,
// nothing.
struct AttentionGrid {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t window = 0;

  friend bool operator==(const AttentionGrid&, const AttentionGrid&) = default;
};

struct VideoResult {
  std::string source;
  std::vector<std::string> labels;
  std::vector<float> scores;        // [classes] of the video, by the model's protocol or its aggregation
  std::vector<FrameScores> frames;  // in order; empty where only the video was wanted
  std::vector<Event> events;        // by start, then label
  DecodeStats decode;
  std::string protocol;  // how the scores came about, in words for people
  AttentionGrid attention;
  bool multi_label = false;  // every class has a probability by itself, so several may be true of a frame
};

}  // namespace longtake::tasks
