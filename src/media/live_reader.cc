#include "media/live_reader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <utility>

#include "longtake/error.h"
#include "media/decode_stats.h"

namespace longtake::media {
namespace {

class SteadyClock final : public Clock {
 public:
  double now_s() const override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void sleep(double seconds, const std::stop_token& stop) override {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  }
};

class VideoSource final : public FrameSource {
 public:
  explicit VideoSource(VideoReader reader) : reader_(std::move(reader)) {}
  bool read(Frame& frame) override { return reader_.read(frame); }
  DecodeStats stats() const override { return reader_.stats(); }

 private:
  VideoReader reader_;
};

// Why a connection ended that did not fail.
std::string end_reason(const DecodeStats& stats) {
  return stats.partial && !stats.problems.empty() ? stats.problems.back() : "the source ended";
}

}  // namespace

std::shared_ptr<Clock> make_clock() { return std::make_shared<SteadyClock>(); }

LiveReader::LiveReader(OpenSource open, const LiveOptions& options, std::shared_ptr<Clock> clock)
    : open_(std::move(open)),
      options_(options),
      clock_(std::move(clock)),
      queue_(options.queue_length,
             options.policy == LivePolicy::kDropOldest ? WhenFull::kDropOldest : WhenFull::kBlock),
      spare_(options.queue_length + 2, WhenFull::kDropOldest),
      wait_s_(options.first_wait_s),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {}

LiveReader::~LiveReader() { stop(); }

std::unique_ptr<LiveReader> LiveReader::open(const std::string& source, const VideoOptions& video,
                                             const LiveOptions& options) {
  LiveOptions named = options;
  named.name = source;
  return std::make_unique<LiveReader>(
      [source, video](std::stop_token stop) -> std::unique_ptr<FrameSource> {
        VideoOptions with_stop = video;
        with_stop.stop = std::move(stop);
        return std::make_unique<VideoSource>(VideoReader::open(source, with_stop));
      },
      named);
}

void LiveReader::stop() {
  thread_.request_stop();
  queue_.close();
}

bool LiveReader::read(LiveFrame& frame) {
  std::optional<Item> item = queue_.pop();
  const std::lock_guard lock(mutex_);
  if (!item) {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return false;
  }
  std::swap(frame.frame, item->frame);
  spare_.push(std::move(item->frame));
  frame.connection = item->connection;
  frame.age_s = clock_->now_s() - item->happened_s;
  ++stats_.frames_out;
  stats_.largest_age_s = std::max(stats_.largest_age_s, frame.age_s);
  return true;
}

LiveStats LiveReader::stats() const {
  const std::lock_guard lock(mutex_);
  LiveStats stats = stats_;
  add(stats.decode, decode_now_);
  stats.dropped += static_cast<std::int64_t>(queue_.dropped());
  return stats;
}

void LiveReader::follow(const std::stop_token& stop) {
  try {
    follow_until_end(stop);
  } catch (...) {  // not swallowed: read() throws it
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
  queue_.close();
}

void LiveReader::follow_until_end(const std::stop_token& stop) {
  while (!stop.stop_requested() && connect_once(stop) == Outcome::kTryAgain) {
    clock_->sleep(wait_s_, stop);
    wait_s_ = std::min(2.0 * wait_s_, options_.longest_wait_s);
  }
}

LiveReader::Outcome LiveReader::connect_once(const std::stop_token& stop) {
  std::unique_ptr<FrameSource> source;
  std::exception_ptr error;
  std::string reason;
  try {
    source = open_(stop);
    {
      const std::lock_guard lock(mutex_);
      ++stats_.connections;
    }
    has_delay_ = false;
    bool more = true;
    while (more) more = read_one(*source, stop);
  } catch (const Error& failure) {
    error = std::current_exception();
    reason = failure.what();
  }
  if (source) {
    const DecodeStats decode = source->stats();
    if (!error) reason = options_.name + ": " + end_reason(decode);
    const std::lock_guard lock(mutex_);
    add(stats_.decode, decode);
    decode_now_ = {};
  }
  if (stop.stop_requested()) return Outcome::kGiveUp;
  return fail(std::move(error), reason);
}

// Reads one frame; false at the end.
bool LiveReader::read_one(FrameSource& source, const std::stop_token& stop) {
  if (stop.stop_requested()) return false;
  Frame frame = spare_.try_pop().value_or(Frame());
  if (!source.read(frame)) return false;
  {
    DecodeStats decode = source.stats();
    const std::lock_guard lock(mutex_);
    decode_now_ = std::move(decode);
  }
  if (failures_in_a_row_ > 0) options_.log->write(LogLevel::kInfo, options_.name + ": is back");
  failures_in_a_row_ = 0;
  wait_s_ = options_.first_wait_s;
  deliver(frame);
  return true;
}

void LiveReader::deliver(Frame& frame) {
  const double delay_s = clock_->now_s() - frame.time_s;
  delay_s_ = has_delay_ ? std::min(delay_s_, delay_s) : delay_s;
  has_delay_ = true;
  if (options_.policy == LivePolicy::kDropNewest && queue_.size() >= options_.queue_length) {
    spare_.push(std::move(frame));
    const std::lock_guard lock(mutex_);
    ++stats_.dropped;
    return;
  }
  const double happened_s = frame.time_s + delay_s_;
  std::int64_t connection = 0;
  {
    const std::lock_guard lock(mutex_);
    connection = stats_.connections - 1;
  }
  queue_.push({std::move(frame), happened_s, connection});
}

// A connection is over, with `error` or without.
LiveReader::Outcome LiveReader::fail(std::exception_ptr error, const std::string& reason) {
  ++failures_in_a_row_;
  {
    const std::lock_guard lock(mutex_);
    if (error || options_.reconnect) ++stats_.failures;
    const bool never_reached = stats_.connections == 0 && !options_.retry_first;
    const bool too_often = options_.most_attempts > 0 && failures_in_a_row_ > options_.most_attempts;
    if (!options_.reconnect || never_reached || too_often) {
      error_ = std::move(error);
      return Outcome::kGiveUp;
    }
  }
  if (failures_in_a_row_ == 1) options_.log->write(LogLevel::kWarning, reason + "; trying to connect again");
  return Outcome::kTryAgain;
}

}  // namespace longtake::media
