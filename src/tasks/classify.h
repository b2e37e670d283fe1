// Classifying videos: the papers' test protocol and the plain one, written once over graph::Executor, so that the
// trainer and the runtime evaluate alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/video_input.h"
#include "graph/executor.h"
#include "longtake/prepare.h"
#include "tasks/attention.h"
#include "tasks/protocol.h"
#include "tasks/result.h"

namespace longtake::tasks {

// One row of a chunk: a frame of a decoded clip, and how it is cut out.
struct ClipFrame {
  const Clip* clip = nullptr;
  std::int64_t frame = 0;
  FrameTransform transform;
};

// The rows as the inputs of a chunk: frames as the model wants them, float32 [rows, channels, height, width], or where
// clips have features, these, level by level. All clips have frames of the same size.
std::vector<graph::ChunkInput> chunk_inputs(std::span<const ClipFrame> rows, const InputSpec& spec);

// How many rows fit into `bytes`, if every value of the graph is there at once; more than some hundred gain nothing.
std::int64_t rows_in_budget(const graph::Plan& plan, std::int64_t bytes);

// The spec of the video that goes into the graph "main" of a model that classifies video or labels its frames, and
// where an output is among its outputs. Throw InvalidArgument when the model does neither or has no such output.
const InputSpec& video_input_of(const graph::Model& model, const graph::Executor& executor);
std::size_t output_index(const graph::Graph& graph, const std::string& name);
// Where the output "video" is; nothing for a model that labels frames and has none.
std::optional<std::size_t> video_output_of(const graph::Model& model, const graph::Graph& graph);

// Throws BadData when one of a frame's scores is not a finite number, as those of weights that grew without bound are.
void check_scores(const graph::Model& model, std::span<const float> scores);

// A classifier: one graph "main" with the input "frame" and the outputs "scores" and "video". Where a labelling model
// has no "video", frames have none either, and a video's scores are the highest of its frames.
class Classifier {
 public:
  // The executor runs graph "main" of `model`; both must outlive the classifier. As many frames are computed at once as
  // their values fit into `memory_budget` bytes, at least one. Throws InvalidArgument when the model is no classifier.
  Classifier(const graph::Model& model, graph::Executor& executor,
             std::int64_t memory_budget = std::int64_t{512} << 20);

  const graph::Model& model() const { return model_; }
  const InputSpec& spec() const { return spec_; }

  // The scores of a decoded video by `protocol`: of the video, and with clip = 0 of every frame, with the attention of
  // the centre crop.
  VideoResult classify(const Clip& clip, const Protocol& protocol);
  // The scores of each clip of the protocol (for clip-level accuracy), averaged over crops and frames.
  const std::vector<std::vector<float>>& clip_scores() const { return clip_scores_; }

 private:
  struct Stream {
    std::int64_t start;
    std::int64_t frames;
    FrameTransform transform;
  };
  // Called for every frame of every stream that has an answer with its scores and the aggregate so far, [classes] each;
  // the latter is empty where the model has none.
  using Use = std::function<void(std::size_t stream, std::int64_t frame, std::span<const float> scores,
                                 std::span<const float> video)>;

  // Called for every frame of every stream that has a row of attention.
  using Look = std::function<void(std::size_t stream, std::int64_t frame, std::span<const float> weights)>;

  void run_streams(const Clip& clip, std::span<const Stream> streams, const Use& use, const Look& look);
  graph::Chunk chunk_of(const Clip& clip, std::span<const Stream> streams, std::int64_t begin,
                        std::int64_t ticks) const;

  const graph::Model& model_;
  graph::Executor& executor_;
  std::int64_t chunk_rows_;
  InputSpec spec_;
  std::size_t scores_output_ = 0;
  std::optional<std::size_t> video_output_;
  std::optional<AttentionOutput> attention_;
  std::vector<std::vector<float>> clip_scores_;
};

}  // namespace longtake::tasks
