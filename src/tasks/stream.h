// Follows one video frame by frame: every frame that goes in brings out scores, the aggregate of the frames so far, and
// the events that start or end with it. What it remembers can be saved, and taken up elsewhere, at any frame.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "data/flow_input.h"
#include "graph/executor.h"
#include "longtake/video_reader.h"
#include "tasks/attention.h"
#include "tasks/events.h"
#include "tasks/result.h"

namespace longtake::tasks {

class StreamClassifier {
 public:
  // The scores of one frame, and what started or ended with it.
  struct Answer {
    FrameScores frame;
    std::vector<EventEdge> edges;
  };

  // The executor runs graph "main" of `model`; both must outlive the stream. Throws InvalidArgument when the model is
  // no classifier of video.
  StreamClassifier(const graph::Model& model, graph::Executor& executor, const EventOptions& events);

  // The next frames, as video_options() of the model's input spec reads them; flow is measured here. One at a time or
  // many at once gives the same answers. `age_s` is that of live frames, else below 0. The answers are valid until the
  // next call.
  std::span<const Answer> push(std::span<const Frame> frames, double age_s = -1);
  // The end of the video: what still lags, and the events that were still going on. Then it is as new.
  std::span<const Answer> finish();
  // Events that finish() ended, which belong to no frame.
  std::span<const EventEdge> last_edges() const { return last_edges_; }
  // Forgets everything, as after a break in a live source.
  void reset();

  std::int64_t frames() const { return pushed_; }
  // What the attention of the answers is about.
  AttentionGrid attention() const { return attention_ ? attention_->grid : AttentionGrid(); }

  // All three parts of a stream's state: graph, events, and of the input the frames that are still without an answer
  // and the picture that flow is measured from.
  State save() const;
  // Throws InvalidArgument when the state is of another model.
  void load(const State& state);

 private:
  struct Pending {
    std::int64_t index;
    double time_s;
    double age_s;
    std::vector<float> attention = {};  // empty until the model says where it looks
  };
  std::span<const Frame> measure_flow(std::span<const Frame> pictures);
  void run(std::int64_t ticks, std::uint8_t flag, bool end);
  void looked(const graph::ChunkOutput& attention, std::int32_t until_tick);
  void answered_now(std::int64_t about);
  void save_attention(State& state) const;
  void load_attention(const State& state);

  const graph::Model& model_;
  graph::Executor& executor_;
  InputSpec spec_;
  std::optional<FlowInput> flow_;  // where the spec has flow measured
  std::vector<Frame> flow_frames_;
  std::size_t scores_output_ = 0;
  std::optional<std::size_t> video_output_;
  std::optional<AttentionOutput> attention_;
  EventDetector events_;
  State state_;
  std::int64_t pushed_ = 0;
  std::deque<Pending> pending_;  // frames from `pushed_ - pending_.size()` on
  Pending newest_{};             // the last one with an answer
  std::vector<Answer> answers_;
  std::size_t answer_count_ = 0;
  std::vector<EventEdge> last_edges_;
  double last_time_s_ = 0;
  graph::Chunk chunk_;
  graph::Outputs outputs_;
  std::size_t looks_taken_ = 0;  // rows of attention in outputs_
};

}  // namespace longtake::tasks
