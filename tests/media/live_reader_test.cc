// Following live sources, with sources and a clock made for the purpose: nothing here waits for real time.
#include "media/live_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>

#include "longtake/error.h"
#include "media/clips.h"

namespace longtake::media {
namespace {

using testing::ElementsAre;

// Stands still unless told; sleeping only writes down for how long.
class FakeClock final : public Clock {
 public:
  double now_s() const override { return now_s_; }
  void sleep(double seconds, const std::stop_token&) override {
    const std::lock_guard lock(mutex_);
    sleeps_.push_back(seconds);
  }
  void set(double now_s) { now_s_ = now_s; }
  std::vector<double> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  std::atomic<double> now_s_{0.0};
  mutable std::mutex mutex_;
  std::vector<double> sleeps_;
};

// Waits for the stop, and only for that.
void wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any stopped;
  stopped.wait(lock, stop, [] { return false; });
}

class SleepsUntilStopped final : public Clock {
 public:
  double now_s() const override { return 0.0; }
  void sleep(double, const std::stop_token& stop) override {
    asleep.set_value();
    wait_for(stop);
  }
  std::promise<void> asleep;
};

// Gives the times of a list as frames; then ends, or fails.
class FakeSource final : public FrameSource {
 public:
  explicit FakeSource(std::vector<double> times_s, bool fails = false, std::promise<void>* over = nullptr)
      : times_s_(std::move(times_s)), fails_(fails), over_(over) {}
  ~FakeSource() override {
    if (over_ != nullptr) over_->set_value();
  }
  bool read(Frame& frame) override {
    if (next_ == times_s_.size()) {
      if (fails_) throw IoError("camera: connection lost");
      return false;
    }
    frame.time_s = times_s_[next_++];
    return true;
  }
  DecodeStats stats() const override {
    DecodeStats stats;
    stats.frames_out = static_cast<std::int64_t>(next_);
    return stats;
  }

 private:
  std::vector<double> times_s_;
  bool fails_;
  std::promise<void>* over_;
  std::size_t next_ = 0;
};

std::vector<double> read_times(LiveReader& reader) {
  std::vector<double> times;
  LiveFrame frame;
  while (reader.read(frame)) times.push_back(frame.frame.time_s);
  return times;
}

// What is left of six frames for somebody who only begins to read when all have come.
std::vector<double> late_reader_sees(LivePolicy policy, std::int64_t& dropped) {
  std::promise<void> over;
  LiveReader reader(
      [&](std::stop_token) {
        return std::make_unique<FakeSource>(std::vector<double>{0, 1, 2, 3, 4, 5}, false, &over);
      },
      {.queue_length = 2, .policy = policy, .reconnect = false}, std::make_shared<FakeClock>());
  over.get_future().wait();
  const std::vector<double> times = read_times(reader);
  dropped = reader.stats().dropped;
  EXPECT_EQ(reader.stats().frames_out, static_cast<std::int64_t>(times.size()));
  return times;
}

TEST(LiveReader, DropsTheOldestAndCountsThem) {
  std::int64_t dropped = 0;
  EXPECT_THAT(late_reader_sees(LivePolicy::kDropOldest, dropped), ElementsAre(4, 5));
  EXPECT_EQ(dropped, 4);
}

TEST(LiveReader, DropsTheNewestWhereAsked) {
  std::int64_t dropped = 0;
  EXPECT_THAT(late_reader_sees(LivePolicy::kDropNewest, dropped), ElementsAre(0, 1));
  EXPECT_EQ(dropped, 4);
}

TEST(LiveReader, BlockLosesNothing) {
  LiveReader reader(
      [](std::stop_token) {
        return std::make_unique<FakeSource>(std::vector<double>{0, 1, 2, 3, 4, 5});
      },
      {.queue_length = 2, .policy = LivePolicy::kBlock, .reconnect = false}, std::make_shared<FakeClock>());
  EXPECT_THAT(read_times(reader), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(reader.stats().dropped, 0);
}

TEST(LiveReader, ReconnectsWithWaitsThatDoubleUntilAFrameComes) {
  const auto clock = std::make_shared<FakeClock>();
  std::promise<void> all_over;
  int attempt = 0;
  LiveReader reader(
      [&](std::stop_token stop) -> std::unique_ptr<FrameSource> {
        switch (attempt++) {
          case 0:
            return std::make_unique<FakeSource>(std::vector<double>{0, 1}, true);
          case 4:
            return std::make_unique<FakeSource>(std::vector<double>{7, 8});
          case 5:
            return std::make_unique<FakeSource>(std::vector<double>{9});
          case 6:
            all_over.set_value();
            wait_for(stop);
            [[fallthrough]];
          default:
            throw IoError("camera: no route");
        }
      },
      {.policy = LivePolicy::kBlock, .first_wait_s = 0.5, .longest_wait_s = 3.0}, clock);
  std::vector<double> times;
  std::vector<std::int64_t> connections;
  LiveFrame frame;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(reader.read(frame));
    times.push_back(frame.frame.time_s);
    connections.push_back(frame.connection);
  }
  EXPECT_THAT(times, ElementsAre(0, 1, 7, 8, 9));
  EXPECT_THAT(connections, ElementsAre(0, 0, 1, 1, 2));
  all_over.get_future().wait();
  // Lost, then refused three times: 0.5, 1, 2, 3 (the longest). The end of the next is a fresh beginning.
  const std::vector<double> sleeps = clock->sleeps();
  ASSERT_GE(sleeps.size(), 5U);
  EXPECT_THAT(std::vector<double>(sleeps.begin(), sleeps.begin() + 5), ElementsAre(0.5, 1.0, 2.0, 3.0, 0.5));
  reader.stop();
  EXPECT_FALSE(reader.read(frame));
  EXPECT_EQ(reader.stats().connections, 3);
  EXPECT_EQ(reader.stats().decode.frames_out, 5);
}

// What was logged, warnings with a mark.
class Messages final : public LogSink {
 public:
  void write(LogLevel level, std::string_view message) const override {
    const std::lock_guard lock(mutex_);
    messages_.push_back((level == LogLevel::kWarning ? "! " : "") + std::string(message));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::string> messages_;
};

TEST(LiveReader, SaysOnceThatTheSourceIsLostAndOnceThatItIsBack) {
  const Messages messages;
  int attempt = 0;
  LiveReader reader(
      [&](std::stop_token stop) -> std::unique_ptr<FrameSource> {
        switch (attempt++) {
          case 0:
            return std::make_unique<FakeSource>(std::vector<double>{0}, true);
          case 3:
            return std::make_unique<FakeSource>(std::vector<double>{7, 8});
          case 4:
            return std::make_unique<FakeSource>(std::vector<double>{9});
          case 5:
            wait_for(stop);
            [[fallthrough]];
          default:
            throw IoError("camera: no route");
        }
      },
      {.policy = LivePolicy::kBlock, .log = &messages, .name = "camera"}, std::make_shared<FakeClock>());
  LiveFrame frame;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(reader.read(frame));
  // The last frame came after all of these.
  const std::vector<std::string> said = messages.all();
  ASSERT_GE(said.size(), 4U);
  EXPECT_THAT(std::vector<std::string>(said.begin(), said.begin() + 4),
              ElementsAre("! camera: connection lost; trying to connect again", "camera: is back",
                          "! camera: the source ended; trying to connect again", "camera: is back"));
  reader.stop();
}

TEST(LiveReader, SaysNothingOfASourceThatIsGivenUp) {
  const Messages messages;
  LiveReader reader([](std::stop_token) { return std::make_unique<FakeSource>(std::vector<double>{0}, true); },
                    {.reconnect = false, .log = &messages}, std::make_shared<FakeClock>());
  LiveFrame frame;
  EXPECT_TRUE(reader.read(frame));
  EXPECT_THROW(reader.read(frame), IoError);
  EXPECT_THAT(messages.all(), ElementsAre());
}

TEST(LiveReader, CountsTheDecodingOfTheConnectionThatGoesOn) {
  class Endless final : public FrameSource {
   public:
    explicit Endless(std::stop_token stop) : source_({0, 1}), stop_(std::move(stop)) {}
    bool read(Frame& frame) override {
      if (source_.read(frame)) return true;
      wait_for(stop_);
      throw IoError("stopped");
    }
    DecodeStats stats() const override { return source_.stats(); }

   private:
    FakeSource source_;
    std::stop_token stop_;
  };
  LiveReader reader([](std::stop_token stop) { return std::make_unique<Endless>(std::move(stop)); }, {},
                    std::make_shared<FakeClock>());
  LiveFrame frame;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(reader.read(frame));
  EXPECT_EQ(reader.stats().decode.frames_out, 2);
}

TEST(LiveReader, GivesUpAfterSoManyAttempts) {
  int attempt = 0;
  LiveReader reader(
      [&](std::stop_token) -> std::unique_ptr<FrameSource> {
        if (attempt++ == 0) return std::make_unique<FakeSource>(std::vector<double>{0});
        throw IoError("camera: no route");
      },
      {.most_attempts = 3}, std::make_shared<FakeClock>());
  LiveFrame frame;
  EXPECT_TRUE(reader.read(frame));
  EXPECT_THROW(reader.read(frame), IoError);
  EXPECT_FALSE(reader.read(frame));
  EXPECT_EQ(attempt, 4);
}

TEST(LiveReader, ASourceNeverReachedIsAnErrorAtOnce) {
  const auto clock = std::make_shared<FakeClock>();
  LiveReader reader([](std::stop_token) -> std::unique_ptr<FrameSource> { throw IoError("rtsp://typo: no host"); }, {},
                    clock);
  LiveFrame frame;
  EXPECT_THROW(reader.read(frame), IoError);
  EXPECT_THAT(clock->sleeps(), ElementsAre());
}

TEST(LiveReader, AgeIsTheDelayBeyondThePromptestFrame) {
  const auto clock = std::make_shared<FakeClock>();
  class Arrivals final : public FrameSource {
   public:
    Arrivals(FakeClock& clock, std::promise<void>& over) : clock_(clock), over_(over) {}
    ~Arrivals() override { over_.set_value(); }
    bool read(Frame& frame) override {
      // The frames of the seconds 0, 1 and 2 arrive at 100, 101.5 (late) and 102.
      const double arrival[] = {100.0, 101.5, 102.0};
      if (next_ == 3) return false;
      clock_.set(arrival[next_]);
      frame.time_s = next_++;
      return true;
    }

   private:
    FakeClock& clock_;
    std::promise<void>& over_;
    int next_ = 0;
  };
  std::promise<void> over;
  LiveReader reader([&](std::stop_token) { return std::make_unique<Arrivals>(*clock, over); }, {.reconnect = false},
                    clock);
  over.get_future().wait();
  clock->set(103.0);
  LiveFrame frame;
  std::vector<double> ages;
  while (reader.read(frame)) ages.push_back(frame.age_s);
  EXPECT_THAT(ages, ElementsAre(3.0, 2.0, 1.0));
  EXPECT_EQ(reader.stats().largest_age_s, 3.0);
}

TEST(LiveReader, StopEndsASleep) {
  const auto clock = std::make_shared<SleepsUntilStopped>();
  LiveReader reader([](std::stop_token) { return std::make_unique<FakeSource>(std::vector<double>{}); }, {}, clock);
  clock->asleep.get_future().wait();
  reader.stop();
  LiveFrame frame;
  EXPECT_FALSE(reader.read(frame));
}

TEST(LiveReader, StopEndsAWaitForTheSource) {
  std::promise<void> waiting;
  LiveReader reader(
      [&](std::stop_token stop) -> std::unique_ptr<FrameSource> {
        waiting.set_value();
        wait_for(stop);
        throw IoError("stopped");
      },
      {}, std::make_shared<FakeClock>());
  waiting.get_future().wait();
  reader.stop();
  LiveFrame frame;
  EXPECT_FALSE(reader.read(frame));
}

TEST(LiveReader, StopEndsAProducerThatIsBlocked) {
  LiveReader reader(
      [](std::stop_token) {
        return std::make_unique<FakeSource>(std::vector<double>{0, 1, 2, 3});
      },
      {.queue_length = 1, .policy = LivePolicy::kBlock}, std::make_shared<FakeClock>());
  LiveFrame frame;
  EXPECT_TRUE(reader.read(frame));
  reader.stop();
}

TEST(LiveReader, ReadsRealVideo) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 12, 10.0);
  const auto reader =
      LiveReader::open(directory / "clip.mp4", {.fps = 5.0}, {.policy = LivePolicy::kBlock, .reconnect = false});
  LiveFrame frame;
  std::vector<int> numbers;
  while (reader->read(frame)) numbers.push_back(number_in(frame.frame.image));
  EXPECT_THAT(numbers, ElementsAre(0, 2, 4, 6, 8, 10));
}

}  // namespace
}  // namespace longtake::media
