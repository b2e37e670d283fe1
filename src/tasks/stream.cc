#include "tasks/stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/schedule.h"
#include "longtake/error.h"
#include "longtake/prepare.h"
#include "tasks/classify.h"

namespace longtake::tasks {

namespace {

constexpr const char* kPending = "stream.pending";
constexpr const char* kNewest = "stream.newest";
constexpr const char* kAttention = "stream.attention";
constexpr const char* kPushed = "stream.frames";
constexpr const char* kLastTime = "stream.time";
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

StreamClassifier::StreamClassifier(const graph::Model& model, graph::Executor& executor, const EventOptions& events)
    : model_(model),
      executor_(executor),
      spec_(video_input_of(model, executor)),
      scores_output_(output_index(*executor.plan().graph, "scores")),
      video_output_(video_output_of(model, *executor.plan().graph)),
      attention_(attention_output_of(model, executor.plan())),
      events_(static_cast<std::int64_t>(model.labels.size()), events),
      state_(executor.initial_state(1)) {
  if (executor_.plan().whole_sequences) {
    throw InvalidArgument(fmt::format(
        "model '{}' needs all frames of a clip before it answers, so it cannot follow a stream; predict runs it over "
        "whole clips",
        model.name));
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
  Tensor& data = chunk_.inputs[0].data;
  const Shape shape = prepared_shape(spec_, frames[0].image.shape());
  const auto count = static_cast<std::int64_t>(frames.size());
  if (data.shape().size() != 4 || data.size(0) != count) data.resize({count, shape[0], shape[1], shape[2]});
  const std::size_t row = data.count() / frames.size();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    prepare_frame(frames[i].image, spec_, {}, data.data<float>().subspan(i * row, row));
    pending_.push_back({frames[i].index, frames[i].time_s, age_s});
    last_time_s_ = frames[i].time_s;
  }
  pushed_ += count;
  run(count, graph::kActive, false);
  return {answers_.data(), answer_count_};
}

std::span<const StreamClassifier::Answer> StreamClassifier::finish() {
  answer_count_ = 0;
  last_edges_.clear();
  const std::int64_t lag = executor_.plan().lag;
  chunk_.inputs[0].data.resize({0});
  if (pushed_ > 0) run(std::max<std::int64_t>(lag, 1), lag > 0 ? graph::kFlush : 0, true);
  const auto edges = events_.finish(last_time_s_);
  last_edges_.assign(edges.begin(), edges.end());
  reset();
  return {answers_.data(), answer_count_};
}

void StreamClassifier::reset() {
  state_ = executor_.initial_state(1);
  events_.reset();
  if (flow_) flow_->reset();
  pending_.clear();
  pushed_ = 0;
}

void StreamClassifier::run(std::int64_t ticks, std::uint8_t flag, bool end) {
  chunk_.ticks = ticks;
  chunk_.flags.assign(ticks, flag);
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
    answered_now(scores.rows[r].about);
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
  if (attention_) looked(outputs_[attention_->index], static_cast<std::int32_t>(ticks));
}

// Keeps the rows of attention that came up to `until_tick` with their frames, which wait for their scores.
void StreamClassifier::looked(const graph::ChunkOutput& attention, std::int32_t until_tick) {
  for (; looks_taken_ < attention.rows.size(); ++looks_taken_) {
    const graph::OutputRow& row = attention.rows[looks_taken_];
    if (row.tick > until_tick) return;
    const std::int64_t waiting = row.about - (pushed_ - static_cast<std::int64_t>(pending_.size()));
    if (waiting < 0 || row.about >= pushed_) continue;
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
  pushed_ = state.at(kPushed).data<std::int64_t>()[0];
  last_time_s_ = state.at(kLastTime).data<double>()[0];
}

}  // namespace longtake::tasks
