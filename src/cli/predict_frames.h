// The part of `longtake predict` for models that forecast video.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/forecaster.h"

namespace longtake::cli {

struct FramePredictOptions {
  std::vector<std::string> sources;  // videos, and arrays of videos (.npy)
  std::string output;                // a folder; empty for none
  std::string write;                 // of "npy", "png" and "mp4"; empty: all
  // The newest frame to be seen: its number, from 0, or of videos its time such as "2.5s"; empty: the newest there is.
  std::string at;
  std::optional<std::int64_t> item;  // the sequence of arrays; none: all
  bool frames_first = false;         // arrays are [frames, sequences, ...]
  std::string bad_frames = "skip";
  std::int64_t horizon = 0;  // frames; 0: the model's protocol
};

// A forecast from the newest frames of every video and sequence. Returns the exit code.
int predict_frames(const OpenedForecaster& opened, const FramePredictOptions& options);

}  // namespace longtake::cli
