// Follows a source that does not wait: a thread of its own reads it, late frames are dropped instead of piling up, and
// a lost connection is made again.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "longtake/video_reader.h"

namespace longtake::media {

// Time as the reader sees it, so that tests need not wait.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual double now_s() const = 0;
  // Returns early when a stop is requested.
  virtual void sleep(double seconds, const std::stop_token& stop) = 0;
};

// The machine's steady clock.
std::shared_ptr<Clock> make_clock();

// Where frames come from. read() blocks until the next one; false at the end; a lost or stalled source throws Error.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual bool read(Frame& frame) = 0;
  virtual DecodeStats stats() const { return {}; }
};

// Connects. A wait in it, or in the source's read(), must end with an Error when a stop is requested.
using OpenSource = std::function<std::unique_ptr<FrameSource>(std::stop_token)>;

// What happens to frames that come faster than they are taken.
enum class LivePolicy : std::uint8_t { kDropOldest, kDropNewest, kBlock };

struct LiveOptions {
  std::size_t queue_length = 4;
  LivePolicy policy = LivePolicy::kDropOldest;
  // After the source ends or fails it is opened again, first after first_wait_s, then after twice the time each, until
  // a frame comes.
  bool reconnect = true;
  double first_wait_s = 0.5;
  double longest_wait_s = 30.0;
  int most_attempts = 0;  // failed ones in a row before giving up; 0: never
  // Also keep trying a source that was never reached, rather than report that (its address may be mistyped).
  bool retry_first = false;
  // Told when the source is lost and tried again, and when it is back, once each; from the reading thread. Outlives the
  // reader.
  const LogSink* log = &silent_log();
  std::string name = "source";  // for these messages; LiveReader::open() takes the source's own
};

struct LiveFrame {
  Frame frame;
  // How long ago the frame happened, when it was taken: the delay beyond that of the promptest frame so far.
  double age_s = 0.0;
  // Counts connections from 0. A change means that something is missing and states should be reset.
  std::int64_t connection = 0;
};

struct LiveStats {
  std::int64_t frames_out = 0;
  std::int64_t dropped = 0;
  std::int64_t connections = 0;  // made
  std::int64_t failures = 0;     // connections lost or not made
  double largest_age_s = 0.0;
  DecodeStats decode;  // of all connections
};

class LiveReader {
 public:
  // Starts following at once. What goes wrong is thrown by read().
  LiveReader(OpenSource open, const LiveOptions& options, std::shared_ptr<Clock> clock = make_clock());
  // A VideoReader as the source; its read_timeout_s is the time after which a silent source counts as stalled.
  static std::unique_ptr<LiveReader> open(const std::string& source, const VideoOptions& video,
                                          const LiveOptions& options = {});
  ~LiveReader();
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  // Waits for the next frame; false after stop(), or at the end of a source that is not connected to again. Throws the
  // source's error where that was the end. The memory of `frame` is used again for later frames.
  bool read(LiveFrame& frame);
  // Ends the reading, promptly and from any thread; read() still gives what was queued.
  void stop();
  LiveStats stats() const;

 private:
  struct Item {
    Frame frame;
    double happened_s = 0.0;  // on the clock
    std::int64_t connection = 0;
  };
  enum class Outcome : std::uint8_t { kTryAgain, kGiveUp };

  void follow(const std::stop_token& stop);
  void follow_until_end(const std::stop_token& stop);
  Outcome connect_once(const std::stop_token& stop);
  bool read_one(FrameSource& source, const std::stop_token& stop);
  void deliver(Frame& frame);
  Outcome fail(std::exception_ptr error, const std::string& reason);

  OpenSource open_;
  LiveOptions options_;
  std::shared_ptr<Clock> clock_;
  BoundedQueue<Item> queue_;
  BoundedQueue<Frame> spare_;  // frames whose memory can be used again

  // Of the reading thread.
  double wait_s_;
  int failures_in_a_row_ = 0;
  double delay_s_ = 0.0;  // clock minus media time of the promptest frame of this connection
  bool has_delay_ = false;

  mutable std::mutex mutex_;  // guards what follows
  LiveStats stats_;           // its `decode` is that of the connections that are over
  DecodeStats decode_now_;    // of the one that goes on
  std::exception_ptr error_;
  std::jthread thread_;  // last, so that it sees everything above alive
};

}  // namespace longtake::media
