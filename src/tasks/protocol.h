// How a video becomes scores: the protocol that travels in a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"
#include "graph/model.h"
#include "longtake/frame_transform.h"
#include "longtake/input_spec.h"

namespace longtake::tasks {

// How a video becomes scores. LRCN's (1411.4389, specs 2.5): clips of 16 frames every 8, the state reset at each; ten
// crops, each a stream; probabilities averaged over crops, then over the frames of all clips. With clip = 0 the whole
// video is one clip, and the model's own aggregate ("video") is the answer.
struct Protocol {
  std::int64_t clip = 0;
  std::int64_t stride = 8;
  std::int64_t clips = 0;        // so many clips at equal distances, in place of one every `stride`; 0: by the stride
  std::int64_t crops = 1;        // 1: the centre; 5: and the corners; 10: and their mirrors
  bool model_aggregate = false;  // a clip's answer is the model's own after its last frame, not the mean of its frames
  std::int64_t last_frames = 0;  // a clip's answer is the mean of its last so many frames; 0: of all
  bool votes = false;            // a video's scores are the shares of its clips that say so, not the mean of theirs

  // "16-frame clips every 8, 10 crops, state reset at each clip"
  std::string describe() const;
};

// Overrides the keys clip, stride, clips, crops, answer ("frames" or "video"), last_frames and fusion ("mean" or
// "vote") of the model's protocol by those of a recipe's [evaluate].
void read_protocol(const Options& evaluate, graph::Model& model);

// The model's own protocol. Throws BadData when the model file holds one that makes no sense.
Protocol protocol_of(const graph::Model& model);

// Where the clips of a video start: 0, stride, 2 stride, ... below `frames`; a clip that would run over the end is the
// last `clip` frames instead, so the last may come more than once: 40 frames give 0, 8, 16, 24, 24 (specs 14.14). A
// video shorter than a clip is one clip.
std::vector<std::int64_t> clip_starts(std::int64_t frames, std::int64_t clip, std::int64_t stride);

// Where `count` clips at equal distances start, from the beginning of the video to its end; a video shorter than a clip
// is one clip.
std::vector<std::int64_t> even_clip_starts(std::int64_t frames, std::int64_t clip, std::int64_t count);

// The crops of a protocol for frames of the spec: transforms for prepare_frame.
std::vector<FrameTransform> crops_of(const Protocol& protocol, const InputSpec& spec);

}  // namespace longtake::tasks
