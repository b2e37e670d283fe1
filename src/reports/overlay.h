// A copy of a video that shows what the model said about it: MP4 that plays anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "longtake/input_spec.h"
#include "longtake/video_reader.h"
#include "tasks/result.h"

namespace longtake::reports {

struct OverlayOptions {
  // Smaller pictures are enlarged by a whole factor, so that one can read what is written.
  int least_width = 480;
  // Quality as in media::VideoWriterOptions.
  int crf = 20;
  // How the video is read: its part, its policy on bad frames, threads. Rate, size and colours are the video's own.
  VideoOptions video;
  // How the model saw the video: where its attention is laid over the picture.
  InputSpec input;
  // Called after every frame with how many were written.
  std::function<void(std::int64_t frames)> written;
};

// Reads `source` again at its own rate and writes it to `path` with, below the picture, the scores of the moment and
// over time (of one class at a time as curves, of many at once as a lane per class) and the weights of a window of
// frames, and in the picture a map of attention and the events that go on. Returns how the reading went. Throws
// InvalidArgument for live sources and results without scores per frame, and what VideoReader and media::VideoWriter
// throw; then `path` is as it was.
DecodeStats write_overlay(const std::string& source, const tasks::VideoResult& result, const std::string& path,
                          const OverlayOptions& options = {});

}  // namespace longtake::reports
