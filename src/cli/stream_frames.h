// The part of `longtake stream` for models that forecast video.
#pragma once

#include <cstdint>
#include <string>

#include "cli/forecaster.h"
#include "longtake/video_reader.h"
#include "media/live_reader.h"

namespace longtake::cli {

struct FrameStreamOptions {
  std::string source;
  std::string output;                  // a folder; empty for none
  std::string write;                   // of "npy", "png" and "mp4"; empty: npy
  std::string load_state, save_state;  // files; empty for none
  std::int64_t horizon = 0;            // frames; 0: the model's protocol
  std::int64_t most_frames = 0;        // stop after so many; 0 never
  bool live = false;                   // frames that come too fast are dropped, and a lost source is tried again
  media::LivePolicy policy = media::LivePolicy::kDropOldest;
  bool reconnect = true;
  VideoOptions video;  // bad frames, patience, and what stops a wait; the rest is the model's
};

// A forecast with every frame, once enough were seen. Returns the exit code.
int stream_frames(const OpenedForecaster& opened, const FrameStreamOptions& options);

}  // namespace longtake::cli
