// Streams that share steps get the answers that they get alone, whoever pushes when.
#include "runtime/stream_batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using graph::ValueId;
using std::chrono::hours;
using std::chrono::microseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kNumbers = 8;  // of a frame

// With a memory, an answer that lags a frame behind, and one at the end.
std::shared_ptr<const graph::Model> lagging_model() {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  const ValueId x = b.input("x", {kNumbers});
  const ValueId hidden = layers::lstm(b, "lstm", x, {.hidden_size = 16}).hidden;
  b.output("scores", layers::linear(b, "classifier", hidden, 3));
  const auto slots = b.node("window", "window", {hidden},
                            {{"size", std::int64_t{3}},
                             {"stride", std::int64_t{1}},
                             {"ahead", std::int64_t{1}},
                             {"edge", std::string("same")}});
  b.output("window", layers::flatten(b, "slots", slots[0]));
  b.output("last", b.node("last", "last", {hidden}).front());
  b.finish();
  test::fill_weights(*model, 1);
  return model;
}

Program program_of(const std::shared_ptr<const graph::Model>& model) { return Program(model, "main"); }

// Frame `index` of stream `stream`.
void fill_frame(Tensor& frame, std::int64_t stream, std::int64_t index) {
  frame.resize(DType::kFloat32, {kNumbers});
  for (std::int64_t i = 0; i < kNumbers; ++i) {
    frame.data<float>()[i] = std::sin(static_cast<float>(17 * stream + 3 * index + i * i));
  }
}

// The numbers of every output, one after the other, each behind how many they are.
std::vector<float> flat(const StreamAnswer& answer) {
  std::vector<float> all;
  for (std::size_t o = 0; o < answer.rows.size(); ++o) {
    const auto numbers = answer.numbers(o);
    all.push_back(static_cast<float>(numbers.size()));
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

// By stream, tick by tick. Others than the batcher's thread may look after drain().
struct Heard {
  std::map<std::int64_t, std::vector<std::vector<float>>> numbers;
  std::map<std::int64_t, std::vector<std::int64_t>> frames;
  std::map<std::int64_t, int> ended;

  void operator()(const StreamAnswer& answer) {
    numbers[answer.stream].push_back(flat(answer));
    frames[answer.stream].push_back(answer.frame);
    if (answer.ended) ++ended[answer.stream];
  }
};

std::vector<std::vector<float>> answers_alone(std::int64_t stream, std::int64_t frames) {
  Program program = program_of(lagging_model());
  State state = program.initial_state(1);
  graph::Outputs outputs;
  std::vector<std::vector<float>> answers;
  const auto tick = [&](std::uint8_t flag, const Tensor& data) {
    program.run({1, 1, {flag}, {{data, {}}}}, state, outputs);
    std::vector<std::int64_t> rows;
    for (const graph::ChunkOutput& output : outputs) rows.push_back(output.rows.empty() ? -1 : 0);
    answers.push_back(flat({.outputs = &outputs, .rows = rows}));
  };
  for (std::int64_t i = 0; i < frames; ++i) {
    Tensor frame;
    fill_frame(frame, stream, i);
    tick(graph::kActive, frame.reshaped({1, kNumbers}));
  }
  tick(graph::kFlush | graph::kEnd, Tensor(DType::kFloat32, {0, kNumbers}));
  return answers;
}

void push_all(StreamBatcher& batcher, std::int64_t stream, std::int64_t frames) {
  Tensor frame;
  for (std::int64_t i = 0; i < frames; ++i) {
    fill_frame(frame, stream, i);
    ASSERT_TRUE(batcher.push(stream, frame));
  }
  batcher.close(stream);
}

TEST(StreamBatcher, GivesEachStreamWhatItGetsAlone) {
  constexpr std::int64_t kStreams = 5, kFrames = 40;
  for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{2}, kStreams}) {
    for (const microseconds wait : {microseconds(0), microseconds(200)}) {
      Program program = program_of(lagging_model());
      Heard heard;
      StreamBatcher batcher(program, {.streams = kStreams, .batch = batch, .wait = wait, .queue = 2}, std::ref(heard));
      std::vector<std::thread> cameras;
      for (std::int64_t s = 0; s < kStreams; ++s) ASSERT_EQ(batcher.open(), s);
      for (std::int64_t s = 0; s < kStreams; ++s) {
        cameras.emplace_back([&batcher, s] { push_all(batcher, s, kFrames + s); });
      }
      for (std::thread& camera : cameras) camera.join();
      batcher.drain();
      for (std::int64_t s = 0; s < kStreams; ++s) {
        EXPECT_EQ(heard.numbers[s], answers_alone(s, kFrames + s)) << "stream " << s << ", batch " << batch;
        EXPECT_EQ(heard.ended[s], 1);
      }
      const BatchCounts counts = batcher.counts();
      EXPECT_EQ(counts.frames, kStreams * kFrames + 0 + 1 + 2 + 3 + 4);
      EXPECT_EQ(counts.dropped, 0);
      EXPECT_GE(counts.steps * batch, counts.frames + kStreams);
    }
  }
}

TEST(StreamBatcher, StepsOnceForAllThatWait) {
  Program program = program_of(lagging_model());
  Heard heard;
  StreamBatcher batcher(program, {.streams = 3, .wait = hours(1)}, std::ref(heard));
  Tensor frame;
  for (std::int64_t s = 0; s < 3; ++s) batcher.open();
  for (std::int64_t s = 0; s < 3; ++s) {
    EXPECT_EQ(batcher.counts().steps, 0);
    fill_frame(frame, s, 0);
    batcher.push(s, frame);
  }
  batcher.drain();
  EXPECT_EQ(batcher.counts().steps, 1);
  EXPECT_EQ(batcher.counts().frames, 3);
  // What comes after drain() waits for others as before.
  for (std::int64_t s = 0; s < 3; ++s) {
    EXPECT_EQ(batcher.counts().steps, 1);
    fill_frame(frame, s, 1);
    batcher.push(s, frame);
  }
  batcher.drain();
  EXPECT_EQ(batcher.counts().steps, 2);
}

TEST(StreamBatcher, WaitsForOthersNoLongerThanItMay) {
  Program program = program_of(lagging_model());
  std::mutex mutex;
  std::condition_variable came;
  bool answered = false;
  StreamBatcher batcher(program, {.streams = 2, .wait = microseconds(100)}, [&](const StreamAnswer&) {
    const std::lock_guard lock(mutex);
    answered = true;
    came.notify_all();
  });
  batcher.open();
  batcher.open();  // and sends nothing
  Tensor frame;
  fill_frame(frame, 0, 0);
  batcher.push(0, frame);
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return answered; });
}

// A frame's wait counts from when it came, whoever got in line before it.
TEST(StreamBatcher, WaitsForOthersNoLongerThanTheOldestFrameMay) {
  Program program = program_of(lagging_model());
  std::mutex mutex;
  std::condition_variable came;
  int answered = 0;
  StreamBatcher batcher(program, {.streams = 3, .wait = hours(1)}, [&](const StreamAnswer&) {
    const std::lock_guard lock(mutex);
    ++answered;
    came.notify_all();
  });
  for (std::int64_t s = 0; s < 3; ++s) batcher.open();
  Tensor frame;
  fill_frame(frame, 0, 0);
  batcher.push(0, frame);
  fill_frame(frame, 1, 0);
  batcher.push(1, frame, StreamBatcher::Clock::now() - hours(1));
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return answered == 2; });
  lock.unlock();
  EXPECT_EQ(batcher.counts().dropped, 0);
}

// Whose receiver waits at the first answer until it is let go.
struct HeldUp {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false, released = false;
  std::vector<std::int64_t> streams, frames;

  void operator()(const StreamAnswer& answer) {
    std::unique_lock lock(mutex);
    streams.push_back(answer.stream);
    frames.push_back(answer.frame);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [this] { return released; });
  }
  void await_first() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return inside; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    released = true;
    changed.notify_all();
  }
};

TEST(StreamBatcher, DropsTheOldestOfAFullQueueAndCountsIt) {
  Program program = program_of(lagging_model());
  HeldUp held_up;
  StreamBatcher batcher(program, {.streams = 1, .queue = 2, .when_full = WhenFull::kDropOldest}, std::ref(held_up));
  batcher.open();
  Tensor frame;
  for (std::int64_t i = 0; i < 6; ++i) {
    fill_frame(frame, 0, i);
    EXPECT_TRUE(batcher.push(0, frame));
    if (i == 0) held_up.await_first();
  }
  held_up.release();
  batcher.drain();
  EXPECT_THAT(held_up.frames, ElementsAre(0, 4, 5));
  EXPECT_EQ(batcher.counts().dropped, 3);
}

TEST(StreamBatcher, TakesThoseThatWaitLongestFirst) {
  Program program = program_of(lagging_model());
  HeldUp held_up;
  StreamBatcher batcher(program, {.streams = 3, .batch = 1}, std::ref(held_up));
  for (std::int64_t s = 0; s < 3; ++s) batcher.open();
  const auto begin = StreamBatcher::Clock::now();
  Tensor frame;
  const auto push = [&](std::int64_t stream, std::int64_t index, int came) {
    fill_frame(frame, stream, index);
    batcher.push(stream, frame, begin + microseconds(came));
  };
  push(0, 0, 0);
  held_up.await_first();
  push(1, 0, 3);
  push(2, 0, 2);
  push(0, 1, 1);
  held_up.release();
  batcher.drain();
  EXPECT_THAT(held_up.streams, ElementsAre(0, 0, 2, 1));
}

// Opens stream 0 of a batcher whose queues take one frame: one frame is being answered, another waits, and there is no
// room for a third.
void fill_queue(StreamBatcher& batcher, HeldUp& held_up) {
  batcher.open();
  Tensor frame;
  fill_frame(frame, 0, 0);
  EXPECT_TRUE(batcher.push(0, frame));
  held_up.await_first();
  fill_frame(frame, 0, 1);
  EXPECT_TRUE(batcher.push(0, frame));
}

TEST(StreamBatcher, TakesNoFrameOfAStreamThatWasClosedWhileItWaitedForRoom) {
  Program program = program_of(lagging_model());
  HeldUp held_up;
  StreamBatcher batcher(program, {.streams = 1, .queue = 1}, std::ref(held_up));
  fill_queue(batcher, held_up);
  std::promise<void> begun;
  std::thread camera([&] {
    Tensor third;
    fill_frame(third, 0, 2);
    begun.set_value();
    try {
      EXPECT_FALSE(batcher.push(0, third));
    } catch (const InvalidArgument&) {  // it came only when the stream was closed
    }
  });
  begun.get_future().wait();
  for (int i = 0; i < 10; ++i) std::this_thread::yield();  // so that it waits, as good as always
  batcher.close(0);
  camera.join();  // though there is no room
  held_up.release();
  batcher.drain();
  EXPECT_THAT(held_up.frames, ElementsAre(0, 1, -1));
  EXPECT_EQ(batcher.open(), 0);
}

TEST(StreamBatcher, DrainsWhileOthersPush) {
  Program program = program_of(lagging_model());
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t pushed = 0, answered = 0;
  bool enough = false;
  // An answer is let go only when there is a frame after it, so that there is always one in line.
  StreamBatcher batcher(program, {.streams = 1}, [&](const StreamAnswer&) {
    std::unique_lock lock(mutex);
    ++answered;
    changed.wait(lock, [&] { return enough || pushed > answered; });
  });
  batcher.open();
  std::thread camera([&] {
    Tensor frame;
    for (std::int64_t i = 0;; ++i) {
      fill_frame(frame, 0, i);
      ASSERT_TRUE(batcher.push(0, frame));
      const std::lock_guard lock(mutex);
      ++pushed;
      changed.notify_all();
      if (enough) return;
    }
  });
  for (int i = 0; i < 3; ++i) {
    std::unique_lock lock(mutex);
    const std::int64_t so_far = pushed;
    lock.unlock();
    batcher.drain();
    lock.lock();
    EXPECT_GE(answered, so_far);
    changed.wait(lock, [&] { return pushed > so_far; });
  }
  {
    const std::lock_guard lock(mutex);
    enough = true;
    changed.notify_all();
  }
  camera.join();
}

TEST(StreamBatcher, LetsGoOfThoseWhoWaitWhenItStops) {
  Program program = program_of(lagging_model());
  HeldUp held_up;
  StreamBatcher batcher(program, {.streams = 1, .queue = 1}, std::ref(held_up));
  fill_queue(batcher, held_up);
  std::thread camera([&batcher] {
    Tensor third;
    fill_frame(third, 0, 2);
    EXPECT_FALSE(batcher.push(0, third));  // waits for room, or finds that it has stopped
  });
  std::thread stopper([&batcher] { batcher.stop(); });
  camera.join();
  held_up.release();
  stopper.join();
  EXPECT_THAT(held_up.frames, ElementsAre(0));
  Tensor frame;
  fill_frame(frame, 0, 3);
  EXPECT_FALSE(batcher.push(0, frame));
  batcher.stop();
}

TEST(StreamBatcher, StopsAndTellsWhatWentWrong) {
  Program program = program_of(lagging_model());
  StreamBatcher batcher(program, {.streams = 1}, [](const StreamAnswer&) { throw IoError("nobody listens"); });
  batcher.open();
  Tensor frame;
  fill_frame(frame, 0, 0);
  batcher.push(0, frame);
  const auto is_told = ThrowsMessage<IoError>("nobody listens");
  EXPECT_THAT([&] { batcher.drain(); }, is_told);
  EXPECT_THAT([&] { batcher.stop(); }, is_told);
  fill_frame(frame, 0, 1);
  EXPECT_FALSE(batcher.push(0, frame));
}

TEST(StreamBatcher, GivesAPlaceToAnotherStreamWhenOneHasEnded) {
  Program program = program_of(lagging_model());
  Heard heard;
  StreamBatcher batcher(program, {.streams = 2}, std::ref(heard));
  EXPECT_EQ(batcher.open(), 0);
  EXPECT_EQ(batcher.open(), 1);
  EXPECT_THAT([&] { batcher.open(); }, ThrowsMessage<InvalidArgument>(HasSubstr("all 2 streams")));
  push_all(batcher, 0, 4);
  batcher.drain();
  heard = {};
  EXPECT_EQ(batcher.open(), 0);
  push_all(batcher, 0, 3);
  batcher.close(1);  // without a frame
  batcher.drain();
  EXPECT_EQ(heard.numbers[0], answers_alone(0, 3));
  EXPECT_THAT(heard.frames[0], ElementsAre(0, 1, 2, -1));
  EXPECT_THAT(heard.frames[1], ElementsAre(-1));
  EXPECT_THAT(heard.ended, ElementsAre(testing::Pair(0, 1), testing::Pair(1, 1)));
}

TEST(StreamBatcher, RefusesWhatDoesNotFit) {
  Program program = program_of(lagging_model());
  const auto nothing = [](const StreamAnswer&) {};
  EXPECT_THAT([&] { StreamBatcher(program, {.streams = 0}, nothing); },
              ThrowsMessage<InvalidArgument>(HasSubstr("at least 1")));
  EXPECT_THAT([&] { StreamBatcher(program, {.wait = microseconds(-1)}, nothing); },
              ThrowsMessage<InvalidArgument>(HasSubstr("negative")));
  EXPECT_THAT([&] { StreamBatcher(program, {.wait = hours(1) + microseconds(1)}, nothing); },
              ThrowsMessage<InvalidArgument>(HasSubstr("above an hour")));
  EXPECT_NO_THROW(StreamBatcher(program, {.streams = 1, .queue = std::int64_t{1} << 40}, nothing));
  StreamBatcher batcher(program, {.streams = 2}, nothing);
  batcher.open();
  Tensor frame;
  fill_frame(frame, 0, 0);
  EXPECT_THAT([&] { batcher.push(1, frame); }, ThrowsMessage<InvalidArgument>(HasSubstr("stream 1 is not open")));
  batcher.close(0);
  EXPECT_THROW(batcher.push(0, frame), InvalidArgument);
  Tensor other(DType::kFloat32, {kNumbers + 1});
  EXPECT_THAT([&] { batcher.push(0, other); }, ThrowsMessage<InvalidArgument>(HasSubstr("[8]")));

  auto whole = std::make_shared<graph::Model>();
  Builder b(*whole, "main");
  b.output("final", b.node("final", "final", {b.input("x", {1})}).front());
  b.finish();
  Program clips(whole, "main");
  EXPECT_THAT([&] { StreamBatcher(clips, {}, nothing); }, ThrowsMessage<InvalidArgument>(HasSubstr("whole clips")));
}

}  // namespace
}  // namespace longtake::runtime
