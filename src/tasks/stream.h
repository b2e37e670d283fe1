// Follows one video frame by frame: every frame that goes in brings out scores, the aggregate of the frames so far, and
// the events that start or end with it. What it remembers can be saved, and taken up elsewhere, at any frame. Models
// that need whole clips are followed clip by clip: the frames wait until theirs is complete.
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

  // The executor runs graph "main" of `model`; both must outlive the stream. `clip` is how many frames a model that
  // needs whole clips gets at once; 0 takes the clip of the model's protocol. Throws InvalidArgument when the model is
  // no classifier of video, needs whole clips and has no length for them, or has a clip that it does not need.
  StreamClassifier(const graph::Model& model, graph::Executor& executor, const EventOptions& events,
                   std::int64_t clip = 0);

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
  // Frames of a clip, where the model takes clips whole; else 0.
  std::int64_t clip() const { return clip_; }
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
  void run(std::int64_t frames, std::int64_t rest, bool end);
  void run_clip();
  void looked(const graph::ChunkOutput& attention, std::int32_t until_tick);
  void answered_now(std::int64_t about);
  Shape clip_shape() const;  // [1, frames that wait, ...]
  void save_clip(State& state) const;
  void load_clip(const State& state);
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
  std::int64_t clip_ = 0;
  Shape frame_shape_;             // as the model sees it
  std::vector<float> clip_rows_;  // the frames of the clip that is not complete
  std::vector<float> clip_sum_;   // of the answers to the clips before it
  std::int64_t clip_count_ = 0;   // how many those were
  std::int64_t pushed_ = 0;
  std::int64_t sequence_start_ = 0;  // the frame with which what the executor now sees began
  std::deque<Pending> pending_;      // frames from `pushed_ - pending_.size()` on
  Pending newest_{};                 // the last one with an answer
  std::vector<Answer> answers_;
  std::size_t answer_count_ = 0;
  std::vector<EventEdge> last_edges_;
  double last_time_s_ = 0;
  graph::Chunk chunk_;
  graph::Outputs outputs_;
  std::size_t looks_taken_ = 0;  // rows of attention in outputs_
};

}  // namespace longtake::tasks
