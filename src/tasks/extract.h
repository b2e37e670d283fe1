// A model cut at its encoder: what does not learn is computed once per video, and what learns goes on from there.
#pragma once

#include <cstdint>
#include <string>

#include "data/video_input.h"
#include "graph/executor.h"

namespace longtake::tasks {

struct CutModel {
  graph::Model encoder;  // graph "main" from "frame" to the levels "0", "1", ...
  graph::Model head;     // graph "main" from these levels to the model's outputs
};

// Cuts the region "encoder" off graph "main". Throws ConfigError when the model has none, or when its features cannot
// be kept: because it learns (a trainable parameter), or remembers frames, so that they depend on where a clip begins.
CutModel cut_at_encoder(const graph::Model& model);

// What identifies the features of an encoder: its graph, its numbers and the input's spec, as a checksum.
std::string feature_fingerprint(const graph::Model& encoder);

// The features of a decoded clip, times and statistics kept. `executor` runs the encoder; as many frames are computed
// at once as their values fit into `memory_budget` bytes.
Clip extract_features(const graph::Model& encoder, graph::Executor& executor, const Clip& clip,
                      std::int64_t memory_budget = std::int64_t{512} << 20);

}  // namespace longtake::tasks
