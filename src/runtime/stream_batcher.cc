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
  if (options.wait > std::chrono::hours(1)) throw InvalidArgument("wait of a batcher is above an hour");
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
      parts_(static_cast<std::size_t>(std::min(options.batch, options.streams))),
      state_(executor.initial_state(options.streams)),
      rows_(executor.plan().graph->outputs.size()),
      next_row_(rows_.size()) {
  line_.reserve(streams_.size());
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
  const std::int64_t all = orders_;
  drained_ = all;
  has_work_.notify_all();
  has_drained_.wait(lock, [&] { return stopping_ || oldest_undone() >= all; });
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
  *free = Stream{.open = true, .closings = free->closings, .ring = std::move(ring)};
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
  const auto most = static_cast<std::size_t>(options_.queue);
  if (options_.when_full == WhenFull::kBlock) {
    // Whoever closes the stream meanwhile may even have given its number to another.
    const std::int64_t closings = to.closings;
    has_room_.wait(lock, [&] { return stopping_ || to.closings != closings || to.size < most; });
    if (to.closings != closings) return false;
  }
  if (stopping_) return false;
  if (to.size == most) {
    to.first = (to.first + 1) % to.ring.size();
    --to.size;
    ++counts_.dropped;
    has_drained_.notify_all();
  } else if (to.size == to.ring.size()) {
    make_room(to);
  }
  Waiting& waiting = to.ring[(to.first + to.size++) % to.ring.size()];
  waiting.frame.swap(frame);
  waiting.arrived = arrived;
  waiting.number = to.pushed++;
  waiting.order = orders_++;
  if (to.place == Place::kNowhere) get_in_line(stream);
  return true;
}

void StreamBatcher::close(std::int64_t stream) {
  {
    const std::lock_guard lock(mutex_);
    Stream& closed = opened(stream);
    closed.closing = true;
    ++closed.closings;
    closed.end.arrived = Clock::now();
    closed.end.order = orders_++;
    if (closed.place == Place::kNowhere) get_in_line(stream);
  }
  has_room_.notify_all();
}

// For one more frame in a ring that is full.
void StreamBatcher::make_room(Stream& stream) {
  std::rotate(stream.ring.begin(), stream.ring.begin() + static_cast<std::ptrdiff_t>(stream.first), stream.ring.end());
  stream.first = 0;
  stream.ring.emplace_back();
}

const StreamBatcher::Waiting& StreamBatcher::next_of(const Stream& stream) {
  return stream.size > 0 ? stream.ring[stream.first] : stream.end;
}

// Wakes the thread where that may change what it does.
void StreamBatcher::get_in_line(std::int64_t number) {
  Stream& stream = streams_[number];
  line_.push_back(number);
  stream.place = Place::kInLine;
  stream.since = next_of(stream).arrived;
  if (is_full() || latest_step(stream) < asleep_until_) has_work_.notify_one();
}

// No waiting could make the next batch larger.
bool StreamBatcher::is_full() const { return std::ssize(line_) >= std::min<std::int64_t>(std::ssize(parts_), open_); }

// When the next step must begin for a stream in line; min: at once.
StreamBatcher::Clock::time_point StreamBatcher::latest_step(const Stream& stream) const {
  const Waiting& next = next_of(stream);
  const bool at_once = next.number < 0 || next.order < drained_;
  return at_once ? Clock::time_point::min() : stream.since + options_.wait;
}

// For all of them.
StreamBatcher::Clock::time_point StreamBatcher::latest_step() const {
  Clock::time_point latest = Clock::time_point::max();
  for (const std::int64_t number : line_) latest = std::min(latest, latest_step(streams_[number]));
  return latest;
}

// The first order that is neither answered nor dropped.
std::int64_t StreamBatcher::oldest_undone() const {
  std::int64_t oldest = orders_;
  for (const Stream& stream : streams_) {
    if (stream.place == Place::kInLine) oldest = std::min(oldest, next_of(stream).order);
    if (stream.place == Place::kInStep) oldest = std::min(oldest, stream.in_step);
  }
  return oldest;
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
  has_room_.notify_all();
  has_drained_.notify_all();
}

// False when the batcher stops.
bool StreamBatcher::wait_for_batch(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (!line_.empty() && is_full()) return true;
    const Clock::time_point latest = latest_step();
    if (Clock::now() >= latest) return true;
    asleep_until_ = latest;
    if (line_.empty()) {
      has_work_.wait(lock);
    } else {
      has_work_.wait_until(lock, latest);
    }
    asleep_until_ = Clock::time_point::min();
  }
  return false;
}

// Those that wait longest.
void StreamBatcher::take_batch() {
  const auto waits_longer = [this](std::int64_t a, std::int64_t b) {
    const Clock::time_point since_a = streams_[a].since, since_b = streams_[b].since;
    return since_a != since_b ? since_a < since_b : a < b;
  };
  const auto end = line_.begin() + std::min(std::ssize(line_), std::ssize(parts_));
  if (end != line_.end()) std::nth_element(line_.begin(), end, line_.end(), waits_longer);
  chosen_.assign(line_.begin(), end);
  line_.erase(line_.begin(), end);
  std::sort(chosen_.begin(), chosen_.end());  // the order of rows
  for (std::size_t i = 0; i < chosen_.size(); ++i) take_part(chosen_[i], parts_[i]);
  has_room_.notify_all();
}

void StreamBatcher::take_part(std::int64_t number, Part& part) {
  Stream& stream = streams_[number];
  part.flags = 0;
  part.ended = false;
  stream.place = Place::kInStep;
  stream.in_step = next_of(stream).order;
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
  part.waiting.arrived = stream.end.arrived;
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
    stream.place = Place::kNowhere;
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
  has_drained_.notify_all();
}

}  // namespace longtake::runtime
