// Dynamic batching: many live streams share the steps of one executor, so that what is a matrix times a vector for one
// stream is a product of matrices for all of them, and weights are read once for all.
//
// Frames come from any threads, each with the time at which it came. A thread of the batcher's own takes one frame of
// every stream that has one and steps these streams together; those without a frame are held. While it works, frames
// gather, so batches grow with the load by themselves; when it has nothing to do, a frame waits for those of other
// streams, but no longer than BatchingOptions::wait. Which streams share a step changes no bit of any result.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "graph/executor.h"

namespace longtake::runtime {

struct BatchingOptions {
  std::int64_t streams = 64;  // that can be open at once: memory for the state of as many is held
  std::int64_t batch = 64;    // streams that share a step, at most; those that wait longest come first
  // For how long after it came a frame may wait for those of other streams; an hour at most.
  std::chrono::microseconds wait{0};
  std::int64_t queue = 4;  // frames of one stream that wait, at most; memory is held for as many as ever waited
  // What a frame does that finds its stream's queue full: wait until there is room, or take the place of the oldest.
  // The model does not see what was dropped: for it the stream was held.
  WhenFull when_full = WhenFull::kBlock;
};

// What a step says about one stream. It is valid during the call that it is given to.
struct StreamAnswer {
  std::int64_t stream = 0;
  // Which of the frames that were pushed since the stream was opened, from 0, dropped ones counted; -1 in the ticks
  // after the last frame, which bring out what lags.
  std::int64_t frame = 0;
  std::chrono::steady_clock::time_point arrived;  // in these ticks: when the stream was closed
  bool ended = false;                       // nothing comes after it, and the stream's number may be given to another
  const graph::Outputs* outputs = nullptr;  // of all streams of the step, in the order of Graph::outputs
  std::span<const std::int64_t> rows;       // of this stream, one an output; -1 where the output is absent

  // The numbers of an output, by its place in Graph::outputs; none where it is absent.
  std::span<const float> numbers(std::size_t output) const;
};

struct BatchCounts {
  std::int64_t frames = 0;   // that were in a step, whether or not an output came with it
  std::int64_t dropped = 0;  // by full queues
  std::int64_t steps = 0;
  std::chrono::steady_clock::duration busy{};  // in steps and in what is done with their answers
};

// All members may be called from any thread, but frames of one stream are pushed by one thread at a time.
class StreamBatcher {
 public:
  using Clock = std::chrono::steady_clock;
  // Called by the batcher's thread for every stream of a step, in the order of their numbers. It holds up all streams
  // and must not call back, except counts().
  using OnAnswer = std::function<void(const StreamAnswer&)>;

  // Nobody else may use the executor, which must outlive the batcher. Throws InvalidArgument when an option is out of
  // range, the graph has not exactly one input or needs whole sequences.
  StreamBatcher(graph::Executor& executor, const BatchingOptions& options, OnAnswer on_answer);
  ~StreamBatcher();  // as stop()
  StreamBatcher(const StreamBatcher&) = delete;
  StreamBatcher& operator=(const StreamBatcher&) = delete;

  // Starts a stream and returns its number, which is below BatchingOptions::streams. Throws InvalidArgument when as
  // many are open already.
  std::int64_t open();
  // Takes the next frame of a stream, float32 in the shape of the graph's input, and leaves another tensor in its
  // place, to be given a shape and numbers for the frame after; so nothing is copied. `arrived` is from when its wait
  // counts. False, and the frame is not taken, when the batcher has stopped, or the stream was closed by another thread
  // while this one waited for room. Throws InvalidArgument when the frame does not fit or the stream is not open.
  bool push(std::int64_t stream, Tensor& frame, Clock::time_point arrived = Clock::now());
  // Ends a stream once its frames are answered: what lags and what waits for the end comes out, as by
  // Session::finish().
  void close(std::int64_t stream);

  // Returns when everything that was pushed and closed before the call is answered or dropped, whatever others push
  // meanwhile; none of it waits for company any longer. Throws what a step or an answer's receiver threw, which stops
  // the batcher.
  void drain();
  // Takes no more frames, leaves those that wait unanswered, and returns when the thread has ended. Throws the same.
  void stop();

  BatchCounts counts() const;

 private:
  // A frame, or the end of a stream.
  struct Waiting {
    Tensor frame;
    Clock::time_point arrived;
    std::int64_t number = -1;  // of the frame in its stream; -1: the end
    std::int64_t order = 0;    // in all that was pushed and closed
  };
  enum class Place : std::uint8_t { kNowhere, kInLine, kInStep };
  // A ring of frames, and where the stream is in its life.
  struct Stream {
    bool open = false, closing = false;
    bool begun = false;  // the model has seen a frame of it
    Place place = Place::kNowhere;
    std::int64_t closings = 0;  // of all streams that had this number
    std::int64_t pushed = 0;
    std::int64_t ending = 0;    // ticks since its last frame
    Clock::time_point since;    // in line: when what it waits with came, even if a newer frame took its place
    std::int64_t in_step = 0;   // the order of what is in the step
    Waiting end;                // comes after the frames of a closing stream
    std::vector<Waiting> ring;  // grows as frames wait, up to BatchingOptions::queue
    std::size_t first = 0, size = 0;
  };
  // The stream's part in the step that is running.
  struct Part {
    Waiting waiting;
    std::uint8_t flags = 0;
    bool ended = false;
  };

  void work();
  bool wait_for_batch(std::unique_lock<std::mutex>& lock);
  void take_batch();
  void take_part(std::int64_t number, Part& part);
  void step();
  void answer();
  void finish_batch(Clock::duration took);
  bool is_full() const;
  void get_in_line(std::int64_t number);
  static void make_room(Stream& stream);
  static const Waiting& next_of(const Stream& stream);
  Clock::time_point latest_step(const Stream& stream) const;
  Clock::time_point latest_step() const;
  std::int64_t oldest_undone() const;
  Stream& opened(std::int64_t stream);
  void end();

  graph::Executor& executor_;
  const BatchingOptions options_;
  const OnAnswer on_answer_;
  const Shape shape_;               // of a frame
  const std::int64_t ticks_after_;  // that bring out the rest of a sequence

  mutable std::mutex mutex_;
  std::condition_variable has_work_, has_room_, has_drained_;
  bool stopping_ = false;
  std::exception_ptr error_;  // that stopped it
  std::int64_t orders_ = 0;   // frames that were pushed and streams that were closed
  std::int64_t drained_ = 0;  // what is below this order waits for no company
  std::int64_t open_ = 0;     // streams
  std::vector<Stream> streams_;
  std::vector<std::int64_t> line_;                             // streams that have something to do and are in no step
  Clock::time_point asleep_until_ = Clock::time_point::min();  // the thread, unless it is woken; min: it is not asleep
  BatchCounts counts_;

  // Of the step that is running, which only the thread looks at.
  std::vector<std::int64_t> chosen_;  // streams, in the order of their numbers
  std::vector<Part> parts_;           // of the chosen; as many as can be
  graph::Chunk chunk_;
  State state_;
  graph::Outputs outputs_;
  std::vector<std::int64_t> rows_, next_row_;  // per output

  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace longtake::runtime
