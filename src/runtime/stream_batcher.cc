#include "runtime/stream_batcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "longtake/error.h"

namespace longtake::runtime {

namespace {

BatchingOptions checked(const BatchingOptions& options) {
  const auto at_least_one = [](const char* what, std::int64_t number) {
    if (number < 1) throw InvalidArgument(fmt::format("{} of a batcher is {}, but must be at least 1", what, number));
  };
  at_least_one("streams", options.streams);
  at_least_one("batch", options.batch);
  at_least_one("queue", options.queue);
  if (options.wait.count() < 0) throw InvalidArgument("wait of a batcher is negative");
  return options;
}

Shape frame_shape(const graph::Plan& plan) {
  const graph::Graph& graph = *plan.graph;
  if (graph.inputs.size() != 1) {
    throw InvalidArgument(fmt::format("graph '{}' has {} inputs; streams can be batched where there is one", graph.name,
                                      graph.inputs.size()));
  }
  if (plan.whole_sequences) {
    throw InvalidArgument(fmt::format("graph '{}' needs whole clips, so it cannot follow streams", graph.name));
  }
  return plan.shape(graph.inputs[0]);
}

Shape with_rows(std::int64_t rows, const Shape& shape) {
  Shape all{rows};
  all.insert(all.end(), shape.begin(), shape.end());
  return all;
}

}  // namespace

std::span<const float> StreamAnswer::numbers(std::size_t output) const {
  const std::int64_t row = rows[output];
  if (row < 0) return {};
  const Tensor& data = (*outputs)[output].data;
  const auto size = static_cast<std::size_t>(data.count() / data.size(0));
  return data.data<float>().subspan(static_cast<std::size_t>(row) * size, size);
}

StreamBatcher::StreamBatcher(graph::Executor& executor, const BatchingOptions& options, OnAnswer on_answer)
    : executor_(executor),
      options_(checked(options)),
      on_answer_(std::move(on_answer)),
      shape_(frame_shape(executor.plan())),
      ticks_after_(std::max<std::int64_t>(1, executor.plan().lag)),
      streams_(static_cast<std::size_t>(options.streams)),
      line_(static_cast<std::size_t>(options.streams)),
      parts_(static_cast<std::size_t>(std::min(options.batch, options.streams))),
      state_(executor.initial_state(options.streams)),
      rows_(executor.plan().graph->outputs.size()),
      next_row_(rows_.size()) {
  for (Stream& stream : streams_) stream.ring.resize(static_cast<std::size_t>(options.queue));
  chosen_.reserve(parts_.size());
  chunk_.streams = options.streams;
  chunk_.ticks = 1;
  chunk_.inputs.push_back({Tensor(DType::kFloat32, with_rows(0, shape_)), {}});
  thread_ = std::thread([this] { work(); });
}

StreamBatcher::~StreamBatcher() { end(); }

void StreamBatcher::end() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  has_work_.notify_all();
  has_room_.notify_all();
  has_drained_.notify_all();
  const std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void StreamBatcher::stop() {
  end();
  const std::lock_guard lock(mutex_);
  if (error_ != nullptr) std::rethrow_exception(error_);
}

void StreamBatcher::drain() {
  std::unique_lock lock(mutex_);
  ++draining_;
  has_work_.notify_all();
  has_drained_.wait(lock, [this] { return stopping_ || (line_size_ == 0 && !stepping_); });
  --draining_;
  if (error_ != nullptr) std::rethrow_exception(error_);
}

BatchCounts StreamBatcher::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::int64_t StreamBatcher::open() {
  const std::lock_guard lock(mutex_);
  const auto free = std::find_if(streams_.begin(), streams_.end(), [](const Stream& stream) { return !stream.open; });
  if (free == streams_.end()) {
    throw InvalidArgument(fmt::format("all {} streams of the batcher are open", streams_.size()));
  }
  std::vector<Waiting> ring = std::move(free->ring);
  *free = Stream{.open = true, .ring = std::move(ring)};
  ++open_;
  return free - streams_.begin();
}

StreamBatcher::Stream& StreamBatcher::opened(std::int64_t stream) {
  if (stream < 0 || stream >= options_.streams || !streams_[stream].open || streams_[stream].closing) {
    throw InvalidArgument(fmt::format("stream {} is not open", stream));
  }
  return streams_[stream];
}

bool StreamBatcher::push(std::int64_t stream, Tensor& frame, Clock::time_point arrived) {
  if (frame.dtype() != DType::kFloat32 || frame.shape() != shape_) {
    throw InvalidArgument(fmt::format("a frame of stream {} is {} {}, but must be float32 {}", stream,
                                      name_of(frame.dtype()), to_string(frame.shape()), to_string(shape_)));
  }
  std::unique_lock lock(mutex_);
  Stream& to = opened(stream);
  const std::size_t room = to.ring.size();
  if (options_.when_full == WhenFull::kBlock) {
    has_room_.wait(lock, [&] { return stopping_ || to.size < room; });
  }
  if (stopping_) return false;
  if (to.size == room) {
    to.first = (to.first + 1) % room;
    --to.size;
    ++counts_.dropped;
  }
  Waiting& waiting = to.ring[(to.first + to.size++) % room];
  waiting.frame.swap(frame);
  waiting.arrived = arrived;
  waiting.number = to.pushed++;
  if (!to.in_line) get_in_line(stream);
  return true;
}

void StreamBatcher::close(std::int64_t stream) {
  const std::lock_guard lock(mutex_);
  Stream& closed = opened(stream);
  closed.closing = true;
  if (!closed.in_line) get_in_line(stream);
}

// Wakes the thread where that may change what it does.
void StreamBatcher::get_in_line(std::int64_t stream) {
  line_[(line_first_ + line_size_++) % line_.size()] = stream;
  streams_[stream].in_line = true;
  if (line_size_ == 1 || is_full()) has_work_.notify_one();
}

// No waiting could make the next batch larger.
bool StreamBatcher::is_full() const {
  return static_cast<std::int64_t>(line_size_) >= std::min<std::int64_t>(std::ssize(parts_), open_);
}

void StreamBatcher::work() {
  std::unique_lock lock(mutex_);
  try {
    while (wait_for_batch(lock)) {
      take_batch();
      lock.unlock();
      const Clock::time_point begin = Clock::now();
      step();
      answer();
      const Clock::time_point end = Clock::now();
      lock.lock();
      finish_batch(end - begin);
    }
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    error_ = std::current_exception();
    stopping_ = true;
  }
  stepping_ = false;
  has_room_.notify_all();
  has_drained_.notify_all();
}

// False when the batcher stops.
bool StreamBatcher::wait_for_batch(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (line_size_ == 0) {
      has_work_.wait(lock);
      continue;
    }
    const Stream& longest = streams_[line_[line_first_]];
    if (is_full() || draining_ > 0 || longest.size == 0) return true;  // size 0: it ends
    const Clock::time_point latest = longest.ring[longest.first].arrived + options_.wait;
    if (Clock::now() >= latest) return true;
    has_work_.wait_until(lock, latest);
  }
  return false;
}

void StreamBatcher::take_batch() {
  chosen_.clear();
  while (line_size_ > 0 && chosen_.size() < parts_.size()) {
    chosen_.push_back(line_[line_first_]);
    line_first_ = (line_first_ + 1) % line_.size();
    --line_size_;
  }
  std::sort(chosen_.begin(), chosen_.end());  // the order of rows
  for (std::size_t i = 0; i < chosen_.size(); ++i) take_part(chosen_[i], parts_[i]);
  stepping_ = true;
  has_room_.notify_all();
}

void StreamBatcher::take_part(std::int64_t number, Part& part) {
  Stream& stream = streams_[number];
  part.flags = 0;
  part.ended = false;
  if (stream.size > 0) {
    Waiting& next = stream.ring[stream.first];
    part.waiting.frame.swap(next.frame);
    part.waiting.arrived = next.arrived;
    part.waiting.number = next.number;
    stream.first = (stream.first + 1) % stream.ring.size();
    --stream.size;
    part.flags = graph::kActive;
    if (!std::exchange(stream.begun, true)) part.flags |= graph::kReset;
    return;
  }
  // It is closing: as Session::finish() does it. Of a stream without frames nothing is left to say.
  part.waiting.number = -1;
  part.waiting.arrived = Clock::now();
  part.ended = !stream.begun || ++stream.ending == ticks_after_;
  if (!stream.begun) return;
  if (executor_.plan().lag > 0) part.flags |= graph::kFlush;
  if (part.ended) part.flags |= graph::kEnd;
}

void StreamBatcher::step() {
  chunk_.flags.assign(streams_.size(), 0);
  std::int64_t frames = 0;
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    chunk_.flags[chosen_[i]] = parts_[i].flags;
    if ((parts_[i].flags & graph::kActive) != 0) ++frames;
  }
  Tensor& data = chunk_.inputs[0].data;
  data.resize_rows(frames);
  std::byte* to = data.raw();
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    if ((parts_[i].flags & graph::kActive) == 0) continue;
    const Tensor& frame = parts_[i].waiting.frame;
    std::memcpy(to, frame.raw(), frame.bytes());
    to += frame.bytes();
  }
  executor_.run(chunk_, state_, outputs_);
}

void StreamBatcher::answer() {
  std::fill(next_row_.begin(), next_row_.end(), 0);
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    for (std::size_t o = 0; o < rows_.size(); ++o) {
      const std::vector<graph::OutputRow>& rows = outputs_[o].rows;
      const bool present = next_row_[o] < std::ssize(rows) && rows[next_row_[o]].stream == chosen_[i];
      rows_[o] = present ? next_row_[o]++ : -1;
    }
    const Waiting& waiting = parts_[i].waiting;
    on_answer_({chosen_[i], waiting.number, waiting.arrived, parts_[i].ended, &outputs_, rows_});
  }
}

void StreamBatcher::finish_batch(Clock::duration took) {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    Stream& stream = streams_[chosen_[i]];
    stream.in_line = false;
    if (parts_[i].waiting.number >= 0) ++counts_.frames;
    if (parts_[i].ended) {
      stream.open = false;
      --open_;
    } else if (stream.size > 0 || stream.closing) {
      get_in_line(chosen_[i]);
    }
  }
  ++counts_.steps;
  counts_.busy += took;
  stepping_ = false;
  if (line_size_ == 0) has_drained_.notify_all();
}

}  // namespace longtake::runtime
