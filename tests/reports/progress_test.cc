#include "reports/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace longtake::reports {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A progress with a clock that only the test moves.
class ProgressTest : public testing::Test {
 protected:
  Progress make(Progress::Options options) {
    return Progress(
        std::move(options), [this] { return now_s_; }, [this](std::string_view text) { written_ += text; });
  }
  std::string taken() { return std::exchange(written_, {}); }

  double now_s_ = 100;
  std::string written_;
};

Progress::Options training(TerminalTraits terminal = {}) {
  return {.what = "training", .unit = "steps", .total = 1000, .terminal = terminal};
}

TEST_F(ProgressTest, WithoutATerminalAPlainLineComesEveryTenSeconds) {
  Progress progress = make(training());
  for (int step = 1; step <= 25; ++step) {
    now_s_ += 1;
    progress.update(step * 10, "loss 0.5");
  }
  EXPECT_EQ(taken(),
            "training  10%  100/1000 steps  10.0/s  ETA 1:30  loss 0.5\n"
            "training  20%  200/1000 steps  10.0/s  ETA 1:20  loss 0.5\n");
}

TEST_F(ProgressTest, ShortWorkLeavesOneLine) {
  Progress progress = make(training());
  now_s_ += 4;
  progress.update(1000);
  progress.finish();
  progress.finish();
  progress.update(1);
  EXPECT_EQ(taken(), "training  1000 steps in 0:04  250/s\n");
}

TEST_F(ProgressTest, OnATerminalTheLineIsDrawnInPlace) {
  Progress progress = make(training({true, false, 80}));
  progress.update(0);
  EXPECT_EQ(taken(), "\r\x1b[Ktraining   0% [>                   ] 0/1000 steps");
  now_s_ += 10;
  progress.update(500);
  EXPECT_EQ(taken(), "\r\x1b[Ktraining  50% [==========>         ] 500/1000 steps  50.0/s  ETA 0:10");
  now_s_ += 10;
  progress.update(1000);
  EXPECT_EQ(taken(), "\r\x1b[Ktraining 100% [====================] 1000/1000 steps  50.0/s");
  progress.finish();
  EXPECT_EQ(taken(), "\r\x1b[Ktraining  1000 steps in 0:20  50.0/s\n");
}

TEST_F(ProgressTest, DrawsNoMoreOftenThanItShould) {
  Progress progress = make(training({true, false, 80}));
  progress.update(0);
  taken();
  now_s_ += 0.05;
  progress.update(1);
  EXPECT_EQ(taken(), "");
  now_s_ += 0.06;
  progress.update(2);
  EXPECT_THAT(taken(), HasSubstr("2/1000"));
}

TEST_F(ProgressTest, ALineNeverWrapsAndNothingInItMovesTheCursor) {
  Progress progress = make(training({true, false, 40}));
  now_s_ += 1;
  progress.update(10, "a\nvery\r\x1b[2Jlong detail that goes on and on and on");
  const std::string line = taken();
  ASSERT_THAT(line, StartsWith("\r\x1b[K"));
  EXPECT_EQ(line.substr(4).size(), 39u);
  EXPECT_THAT(line.substr(4), Not(HasSubstr("\x1b")));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST_F(ProgressTest, AMessageStaysAndTheLineComesBack) {
  Progress progress = make(training({true, false, 80}));
  progress.message("seed 1");
  EXPECT_EQ(taken(), "seed 1\n");
  progress.update(0);
  const std::string line = taken();
  progress.message("saved runs/a/best");
  EXPECT_EQ(taken(), "\r\x1b[Ksaved runs/a/best\n" + line);
}

TEST_F(ProgressTest, WithoutATotalThereIsNoShareAndNoEnd) {
  Progress progress = make({.what = "streaming", .unit = "frames", .terminal = {true, true, 80}});
  now_s_ += 2;
  progress.update(50);
  EXPECT_EQ(taken(), "\r\x1b[Kstreaming  50 frames  25.0/s");
}

TEST_F(ProgressTest, AResumedRunCountsOnlyItsOwnStepsForTheSpeed) {
  Progress progress = make({.what = "training", .unit = "steps", .total = 1000, .start = 900});
  now_s_ += 10;
  progress.update(910);
  EXPECT_EQ(taken(), "training  91%  910/1000 steps  1.00/s  ETA 1:30\n");
}

TEST_F(ProgressTest, TheSpeedIsThatOfTheRecentPast) {
  Progress progress = make(training({true, false, 80}));
  int done = 0;
  for (int second = 0; second < 100; ++second) {
    now_s_ += 1;
    progress.update(done += second < 60 ? 1 : 10);
  }
  taken();
  now_s_ += 1;
  progress.update(done += 10);
  EXPECT_THAT(taken(), HasSubstr("  10.0/s"));
}

TEST_F(ProgressTest, ColoursOnlyWhereTheyAreWanted) {
  Progress coloured = make(training({true, true, 80}));
  coloured.update(500);
  EXPECT_THAT(taken(), HasSubstr("\x1b[36m"));
  Progress plain = make(training({true, false, 80}));
  plain.update(500);
  EXPECT_THAT(taken(), Not(HasSubstr("\x1b[36m")));
}

TEST(TerminalTraits, RespectTermAndNoColor) {
  EXPECT_TRUE(terminal_traits(true, "xterm", nullptr, 120).redraws);
  EXPECT_TRUE(terminal_traits(true, "xterm", nullptr, 120).colour);
  EXPECT_EQ(terminal_traits(true, "xterm", nullptr, 120).columns, 120);
  EXPECT_FALSE(terminal_traits(true, "xterm", "1", 120).colour);
  EXPECT_TRUE(terminal_traits(true, "xterm", "", 120).colour);
  EXPECT_FALSE(terminal_traits(true, "dumb", nullptr, 120).redraws);
  EXPECT_FALSE(terminal_traits(true, nullptr, nullptr, 120).redraws);
  EXPECT_FALSE(terminal_traits(false, "xterm", nullptr, 0).redraws);
  EXPECT_EQ(terminal_traits(true, "xterm", nullptr, 0).columns, 80);
}

TEST(Duration, IsWrittenForPeople) {
  EXPECT_EQ(duration_text(0.4), "0:00");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(754), "12:34");
  EXPECT_EQ(duration_text(3723), "1:02:03");
  EXPECT_EQ(duration_text(2 * 86400 + 3 * 3600 + 4 * 60 + 5), "2 d 03:04:05");
  EXPECT_EQ(duration_text(-5), "0:00");
}

}  // namespace
}  // namespace longtake::reports
