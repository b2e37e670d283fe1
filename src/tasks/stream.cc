#include "tasks/stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/schedule.h"
#include "longtake/error.h"
#include "longtake/prepare.h"
#include "tasks/classify.h"
#include "tasks/protocol.h"

namespace longtake::tasks {

namespace {

constexpr const char* kPending = "stream.pending";
constexpr const char* kNewest = "stream.newest";
constexpr const char* kAttention = "stream.attention";
constexpr const char* kPushed = "stream.frames";
constexpr const char* kLastTime = "stream.time";
constexpr const char* kClip = "stream.clip";
constexpr const char* kClipSum = "stream.clip.sum";
constexpr const char* kClipCount = "stream.clip.count";
constexpr const char* kFlowPicture = "stream.flow.picture";
constexpr const char* kFlowPosition = "stream.flow.position";

void load_flow(const State& state, FlowInput& flow) {
  const Tensor& picture = state.at(kFlowPicture);
  const Tensor& position = state.at(kFlowPosition);
  if (picture.shape().empty() || position.shape() != Shape{1}) throw InvalidArgument("the state's flow is malformed");
  flow.restore(
      {picture.reshaped(Shape(picture.shape().begin() + 1, picture.shape().end())), position.data<std::int64_t>()[0]});
}

}  // namespace

StreamClassifier::StreamClassifier(const graph::Model& model, graph::Executor& executor, const EventOptions& events,
                                   std::int64_t clip)
    : model_(model),
      executor_(executor),
      spec_(video_input_of(model, executor)),
      scores_output_(output_index(*executor.plan().graph, "scores")),
      video_output_(video_output_of(model, *executor.plan().graph)),
      attention_(attention_output_of(model, executor.plan())),
      events_(static_cast<std::int64_t>(model.labels.size()), events),
      state_(executor.initial_state(1)),
      frame_shape_(executor.plan().shape(executor.plan().graph->inputs[0])) {
  const bool whole = executor_.plan().whole_sequences;
  if (!whole && clip != 0) {
    throw InvalidArgument(fmt::format("model '{}' follows frame by frame, so it takes no clips", model.name));
  }
  if (whole) clip_ = clip != 0 ? clip : protocol_of(model).clip;
  if (whole && clip_ < 1) {
    throw InvalidArgument(fmt::format(
        "model '{}' needs all frames of a clip before it answers, and has no length of clips: give one", model.name));
  }
  chunk_.inputs.resize(1);
  if (spec_.measures_flow()) flow_.emplace(spec_);
}

std::span<const Frame> StreamClassifier::measure_flow(std::span<const Frame> pictures) {
  if (flow_frames_.size() < pictures.size()) flow_frames_.resize(pictures.size());
  std::size_t count = 0;
  for (const Frame& picture : pictures) {
    if (flow_->push(picture, flow_frames_[count])) ++count;
  }
  return {flow_frames_.data(), count};
}

std::span<const StreamClassifier::Answer> StreamClassifier::push(std::span<const Frame> frames, double age_s) {
  answer_count_ = 0;
  last_edges_.clear();
  if (flow_) frames = measure_flow(frames);
  if (frames.empty()) return {};
  const Shape shape = prepared_shape(spec_, frames[0].image.shape());
  if (shape != frame_shape_) {
    throw InvalidArgument(
        fmt::format("model '{}' sees frames {}, not {}", model_.name, to_string(frame_shape_), to_string(shape)));
  }
  const auto row = static_cast<std::size_t>(element_count(frame_shape_));
  const auto count = static_cast<std::int64_t>(frames.size());
  const auto take = [&](const Frame& frame, std::span<float> to) {
    prepare_frame(frame.image, spec_, {}, to);
    pending_.push_back({frame.index, frame.time_s, age_s});
    last_time_s_ = frame.time_s;
    ++pushed_;
  };
  if (clip_ > 0) {
    for (const Frame& frame : frames) {
      clip_rows_.resize(clip_rows_.size() + row);
      take(frame, std::span(clip_rows_).last(row));
      if (std::ssize(pending_) == clip_) run_clip();
    }
  } else {
    Tensor& data = chunk_.inputs[0].data;
    if (data.shape().size() != 4 || data.size(0) != count) {
      data.resize({count, frame_shape_[0], frame_shape_[1], frame_shape_[2]});
    }
    for (std::size_t i = 0; i < frames.size(); ++i) take(frames[i], data.data<float>().subspan(i * row, row));
    run(count, 0, false);
  }
  return {answers_.data(), answer_count_};
}

std::span<const StreamClassifier::Answer> StreamClassifier::finish() {
  answer_count_ = 0;
  last_edges_.clear();
  if (clip_ > 0) {
    if (!pending_.empty()) run_clip();
  } else {
    chunk_.inputs[0].data.resize({0});
    if (pushed_ > 0) run(0, std::max<std::int64_t>(executor_.plan().lag, 1), true);
  }
  const auto edges = events_.finish(pushed_ > 0 ? last_time_s_ + frame_seconds(spec_) : last_time_s_);
  last_edges_.assign(edges.begin(), edges.end());
  reset();
  return {answers_.data(), answer_count_};
}

void StreamClassifier::reset() {
  state_ = executor_.initial_state(1);
  events_.reset();
  if (flow_) flow_->reset();
  pending_.clear();
  clip_rows_.clear();
  clip_sum_.clear();
  clip_count_ = sequence_start_ = pushed_ = 0;
}

// The frames that wait, as a sequence of its own.
void StreamClassifier::run_clip() {
  const std::int64_t frames = std::ssize(pending_);
  Tensor& data = chunk_.inputs[0].data;
  data.resize({frames, frame_shape_[0], frame_shape_[1], frame_shape_[2]});
  std::copy(clip_rows_.begin(), clip_rows_.end(), data.data<float>().begin());
  clip_rows_.clear();
  sequence_start_ = pushed_ - frames;
  const std::size_t answers_before = answer_count_;
  run(frames, executor_.plan().lag, true);
  pending_.clear();
  // The answers were of this clip; they become those of the clips so far.
  for (std::size_t a = answers_before; a < answer_count_; ++a) {
    std::vector<float>& video = answers_[a].frame.video;
    const bool last = a + 1 == answer_count_;
    if (clip_sum_.empty()) clip_sum_.assign(video.size(), 0);
    for (std::size_t c = 0; c < video.size(); ++c) {
      const float sum = clip_sum_[c] + video[c];
      if (last) clip_sum_[c] = sum;
      video[c] = sum / static_cast<float>(clip_count_ + 1);
    }
  }
  ++clip_count_;
}

// Ticks with the frames of chunk_, then `rest` without.
void StreamClassifier::run(std::int64_t frames, std::int64_t rest, bool end) {
  chunk_.ticks = frames + rest;
  chunk_.flags.assign(frames, graph::kActive);
  chunk_.flags.resize(chunk_.ticks, executor_.plan().lag > 0 ? graph::kFlush : 0);
  if (end) chunk_.flags.back() |= graph::kEnd;
  executor_.run(chunk_, state_, outputs_);
  const graph::ChunkOutput& scores = outputs_[scores_output_];
  const auto of_frames = scores.data.data<float>();
  const auto of_video = video_output_ ? outputs_[*video_output_].data.data<float>() : std::span<const float>();
  check_scores(model_, of_frames);
  check_scores(model_, of_video);
  const std::size_t classes = model_.labels.size();
  looks_taken_ = 0;
  for (std::size_t r = 0; r < scores.rows.size(); ++r) {
    if (attention_) looked(outputs_[attention_->index], scores.rows[r].tick);
    answered_now(sequence_start_ + scores.rows[r].about);
    if (answer_count_ == answers_.size()) answers_.emplace_back();
    Answer& answer = answers_[answer_count_++];
    answer.frame.frame = newest_.index;
    answer.frame.time_s = newest_.time_s;
    answer.frame.age_s = newest_.age_s;
    const auto begin = static_cast<std::ptrdiff_t>(r * classes);
    answer.frame.scores.assign(of_frames.begin() + begin, of_frames.begin() + begin + classes);
    if (video_output_) answer.frame.video.assign(of_video.begin() + begin, of_video.begin() + begin + classes);
    answer.frame.attention = newest_.attention;
    const auto edges = events_.add(newest_.time_s, answer.frame.scores);
    answer.edges.assign(edges.begin(), edges.end());
  }
  if (attention_) looked(outputs_[attention_->index], static_cast<std::int32_t>(chunk_.ticks));
}

// Keeps the rows of attention that came up to `until_tick` with their frames, which wait for their scores.
void StreamClassifier::looked(const graph::ChunkOutput& attention, std::int32_t until_tick) {
  for (; looks_taken_ < attention.rows.size(); ++looks_taken_) {
    const graph::OutputRow& row = attention.rows[looks_taken_];
    if (row.tick > until_tick) return;
    const std::int64_t about = sequence_start_ + row.about + attention_->ahead;
    const std::int64_t waiting = about - (pushed_ - std::ssize(pending_));
    if (waiting < 0 || about >= pushed_) continue;
    const auto weights = attention.data.data<float>().subspan(looks_taken_ * attention_->size, attention_->size);
    pending_[waiting].attention.assign(weights.begin(), weights.end());
  }
}

// Answers come in the order of the frames. A model that waits for windows has none for the first frames, and at the end
// of a video may speak about the last one once more.
void StreamClassifier::answered_now(std::int64_t about) {
  const auto waiting = [&] { return pushed_ - static_cast<std::int64_t>(pending_.size()); };
  if (about >= pushed_ || about < waiting() - 1) {
    throw InvalidArgument("the state that was loaded lacks frames that the model still answers");
  }
  while (waiting() <= about) {
    newest_ = pending_.front();
    pending_.pop_front();
  }
}

State StreamClassifier::save() const {
  State state = state_;
  events_.save(state);
  Tensor pending(DType::kFloat64, {1, static_cast<std::int64_t>(pending_.size()), 3});
  double* row = pending.data<double>().data();
  for (const Pending& frame : pending_) {
    *row++ = static_cast<double>(frame.index);
    *row++ = frame.time_s;
    *row++ = frame.age_s;
  }
  state.set(kPending, std::move(pending));
  state.set(kNewest, Tensor::from<double>({1, 3}, {static_cast<double>(newest_.index), newest_.time_s, newest_.age_s}));
  if (attention_) save_attention(state);
  if (clip_ > 0) save_clip(state);
  state.set(kPushed, Tensor::from<std::int64_t>({1}, {pushed_}));
  state.set(kLastTime, Tensor::from<double>({1}, {last_time_s_}));
  if (flow_) {
    const FlowInput::Memory& memory = flow_->memory();
    Shape shape = memory.picture.shape();
    shape.insert(shape.begin(), 1);
    state.set(kFlowPicture, memory.picture.reshaped(shape));
    state.set(kFlowPosition, Tensor::from<std::int64_t>({1}, {memory.position}));
  }
  return state;
}

Shape StreamClassifier::clip_shape() const {
  Shape shape = frame_shape_;
  shape.insert(shape.begin(), {1, std::ssize(pending_)});
  return shape;
}

void StreamClassifier::save_clip(State& state) const {
  state.set(kClip, Tensor::from<float>(clip_shape(), clip_rows_));
  state.set(kClipSum, Tensor::from<float>({1, std::ssize(clip_sum_)}, clip_sum_));
  state.set(kClipCount, Tensor::from<std::int64_t>({1}, {clip_count_}));
}

void StreamClassifier::load_clip(const State& state) {
  const Tensor& rows = state.at(kClip);
  const Tensor& sum = state.at(kClipSum);
  const Tensor& count = state.at(kClipCount);
  const bool fits = rows.shape() == clip_shape() && std::ssize(pending_) < clip_ && sum.shape().size() == 2 &&
                    (sum.size(1) == 0 || sum.size(1) == std::ssize(model_.labels)) && count.shape() == Shape{1} &&
                    count.data<std::int64_t>()[0] >= 0;
  if (!fits) throw InvalidArgument("the state's clip is malformed");
  clip_rows_.assign(rows.data<float>().begin(), rows.data<float>().end());
  clip_sum_.assign(sum.data<float>().begin(), sum.data<float>().end());
  clip_count_ = count.data<std::int64_t>()[0];
}

// Per frame that waits, and last the newest with an answer: whether there is attention, and the weights.
void StreamClassifier::save_attention(State& state) const {
  const std::size_t size = attention_->size + 1;
  Tensor kept(DType::kFloat32, {1, static_cast<std::int64_t>(pending_.size()) + 1, static_cast<std::int64_t>(size)});
  auto row = kept.data<float>();
  const auto put = [&](const std::vector<float>& weights) {
    if (!weights.empty()) row[0] = 1;
    std::copy(weights.begin(), weights.end(), row.begin() + 1);
    row = row.subspan(size);
  };
  for (const Pending& frame : pending_) put(frame.attention);
  put(newest_.attention);
  state.set(kAttention, std::move(kept));
}

void StreamClassifier::load_attention(const State& state) {
  const std::size_t size = attention_->size + 1;
  const Tensor& kept = state.at(kAttention);
  if (kept.shape() != Shape{1, static_cast<std::int64_t>(pending_.size()) + 1, static_cast<std::int64_t>(size)}) {
    throw InvalidArgument("the state's attention is malformed");
  }
  auto row = kept.data<float>();
  const auto take = [&](std::vector<float>& weights) {
    if (row[0] != 0) weights.assign(row.begin() + 1, row.begin() + static_cast<std::ptrdiff_t>(size));
    row = row.subspan(size);
  };
  for (Pending& frame : pending_) take(frame.attention);
  take(newest_.attention);
}

void StreamClassifier::load(const State& state) {
  graph::check_state(executor_.plan(), state, 1);
  for (const char* single : {kPushed, kLastTime}) {
    if (state.at(single).shape() != Shape{1}) throw InvalidArgument("the state's frames are malformed");
  }
  const Tensor& pending = state.at(kPending);
  if (pending.shape().size() != 3 || pending.size(2) != 3) throw InvalidArgument("the state's frames are malformed");
  const Tensor& newest = state.at(kNewest);
  if (newest.shape() != Shape{1, 3}) throw InvalidArgument("the state's frames are malformed");
  if (flow_) load_flow(state, *flow_);
  events_.load(state);
  State of_graph(1);
  for (const graph::StateSpec& spec : executor_.plan().state) of_graph.set(spec.name, state.at(spec.name));
  state_ = std::move(of_graph);
  pending_.clear();
  const double* row = pending.data<double>().data();
  for (std::int64_t i = 0; i < pending.size(1); ++i, row += 3) {
    pending_.push_back({static_cast<std::int64_t>(row[0]), row[1], row[2]});
  }
  const double* last = newest.data<double>().data();
  newest_ = {static_cast<std::int64_t>(last[0]), last[1], last[2]};
  if (attention_) load_attention(state);
  if (clip_ > 0) load_clip(state);
  pushed_ = state.at(kPushed).data<std::int64_t>()[0];
  last_time_s_ = state.at(kLastTime).data<double>()[0];
}

}  // namespace longtake::tasks
