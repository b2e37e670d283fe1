// Videos, or parts of them, decoded whole for training and evaluation.
#pragma once

#include <cstdint>
#include <string>

#include "data/dataset.h"
#include "longtake/input_spec.h"
#include "longtake/tensor.h"
#include "longtake/video_reader.h"

namespace longtake {

// A decoded video, or part of one.
struct Clip {
  Tensor frames;            // uint8 [frames, height, width, channels]
  double first_time_s = 0;  // the media's own time of the first frame
  DecodeStats stats;

  std::int64_t count() const { return frames.size(0); }
};

// The most bytes that one clip may have decoded.
inline constexpr std::int64_t kClipBytes = std::int64_t{1} << 32;

// Decodes all frames of an item. Throws what VideoReader does, BadData when the item's part has no frame, and
// InvalidArgument when it has more than `byte_limit` bytes.
Clip read_clip(const DatasetItem& item, const VideoOptions& options, std::int64_t byte_limit = kClipBytes);

// Why a file that was read is not whole: the first problem in words; empty when it is.
std::string partial_reason(const DecodeStats& stats);

}  // namespace longtake
