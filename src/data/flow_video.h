// Coded optical flow as a video file: measured once, read by every epoch as an input with `flow = "video"`.
#pragma once

#include <functional>
#include <string>

#include "longtake/input_spec.h"
#include "longtake/video_reader.h"

namespace longtake {

struct FlowVideo {
  std::int64_t frames = 0;
  DecodeStats stats;  // of the video that was read
};

// Measures the flow that `spec` asks for in the video `source` and writes its frames, with the media's own times, to
// `path`: H.264 in MP4, red, green and blue in full. `crf` 0 keeps every byte, so that training from it is the same as
// from the video itself; up to 51 it gets smaller and worse. Crop, mean and scale of the spec play no part. Before
// every picture `go_on` is asked; where it says no, nothing is written. Throws BadData where the video has no flow, and
// what VideoReader, VideoWriter and FlowInput throw.
FlowVideo write_flow_video(const std::string& source, const InputSpec& spec, const std::string& path, int crf,
                           const std::function<bool()>& go_on);

}  // namespace longtake
