// Augmentation of LRCN (Donahue et al., https://arxiv.org/abs/1411.4389): one random crop and one mirror for a whole
// clip, and 16 consecutive frames from a uniformly random start; besides, what helps small sets. All numbers are a pure
// function of (seed, epoch, item), so that neither threads nor resuming change them. Carried out on pixels by
// prepare_frame().
#pragma once

#include <cstdint>
#include <vector>

#include "longtake/frame_transform.h"

namespace longtake {

struct AugmentationOptions {
  bool crop = true;    // a random place for the crop, else its centre
  bool mirror = true;  // every other clip left to right
  // Ranges around "unchanged"; 0 turns them off. A ratio r draws from [1 / (1 + r), 1 + r], evenly in the logarithm.
  double zoom = 0;              // ratio
  double speed = 0;             // ratio: how much faster or slower the clip goes
  double brightness = 0;        // byte values: from [-b, b]
  double contrast = 0;          // ratio
  double rotation_degrees = 0;  // from [-r, r]
  bool frame_phase = false;     // which moment within a frame's time a sample falls on; matters with speed
};

// What one clip of one epoch gets.
struct ClipAugmentation {
  FrameTransform frame;      // the same for all its frames
  double speed = 1.0;        // above 1 it has fewer frames
  double frame_phase = 0.5;  // in [0, 1)
  double start = 0.0;        // where a shorter clip is cut from: 0 the first possible start, towards 1 the last

  friend bool operator==(const ClipAugmentation&, const ClipAugmentation&) = default;
};

// Each option draws from a sequence of its own, so turning one on does not change the others. Throws InvalidArgument on
// negative ranges.
ClipAugmentation augment_clip(const AugmentationOptions& options, std::uint64_t seed, std::uint64_t epoch,
                              std::uint64_t item);

// Which of a video's `frames` frames the clip shows, in order: all of them at its speed, max(1, round(frames / speed)),
// and of these `clip_frames` consecutive ones, or all where there are fewer or `clip_frames` is 0. The default
// augmentation gives 0, 1, 2, ... All possible starts are equally likely. Throws InvalidArgument without frames.
std::vector<std::int64_t> clip_frame_indices(const ClipAugmentation& augmentation, std::int64_t frames,
                                             std::int64_t clip_frames);

}  // namespace longtake
