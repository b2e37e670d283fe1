// Videos, or parts of them, decoded whole for training and evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "longtake/input_spec.h"
#include "longtake/tensor.h"
#include "longtake/video_reader.h"

namespace longtake {

// A decoded video, or part of one.
struct Clip {
  Tensor frames;  // uint8 [frames, height, width, channels]; nothing where the features are there instead
  std::vector<Tensor> features;  // what an encoder makes of them, per level: float32 [frames, ...] (features.h)
  std::int64_t first_frame = 0;  // its index: 1 where the first picture has no flow
  double first_time_s = 0;       // the media's own time of the first frame
  std::vector<double> times_s;   // of each frame
  DecodeStats stats;

  std::int64_t count() const { return features.empty() ? frames.size(0) : features[0].size(0); }
  std::int64_t bytes() const;
};

// The most bytes that one clip may have decoded.
inline constexpr std::int64_t kClipBytes = std::int64_t{1} << 32;

// Decodes all frames of an item. Throws what VideoReader does, BadData when the item's part has no frame, and
// InvalidArgument when it has more than `byte_limit` bytes.
Clip read_clip(const DatasetItem& item, const VideoOptions& options, std::int64_t byte_limit = kClipBytes);

// The same for an input: its pictures, or the flow that is measured between them (flow_input.h). A video too short for
// any flow is BadData.
Clip read_clip_for(const InputSpec& spec, const DatasetItem& item, std::int64_t byte_limit = kClipBytes,
                   BadFramePolicy bad_frames = BadFramePolicy::kSkip);

// Why no frame of an input came of a video that was read: no picture, or too few to measure flow between.
std::string nothing_reason(const DecodeStats& stats);

// Why no frame came of an item's part: where that and the video lie.
std::string no_frame_reason(const DatasetItem& item, const MediaInfo& info);

// Why a file that was read is not whole: the first problem in words; empty when it is.
std::string partial_reason(const DecodeStats& stats);

}  // namespace longtake
