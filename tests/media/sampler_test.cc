// The rules of time, with numbers alone: which frame a sample shows, and which time a frame has.
#include "media/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/orientation.h"
#include "media/timeline.h"

namespace longtake::media {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Outcome {
  std::vector<int> frames;  // which of the moments each sample showed
  std::vector<double> times;
  std::vector<std::int64_t> indices;
  std::vector<bool> repeated;
  int skipped = 0;
  bool stopped = false;
};

Outcome sample(const std::vector<Moment>& moments, const SamplerOptions& options) {
  Sampler sampler(options);
  Outcome outcome;
  std::size_t pushed = 0;
  int shown = -1;
  while (true) {
    switch (sampler.next()) {
      case Sampler::Step::kNeedFrame:
        if (pushed < moments.size()) {
          sampler.push(moments[pushed++]);
        } else {
          sampler.finish();
        }
        break;
      case Sampler::Step::kAdopt:
        shown = static_cast<int>(pushed) - 1;
        break;
      case Sampler::Step::kSample:
        outcome.frames.push_back(shown);
        outcome.times.push_back(sampler.sample().time_s);
        outcome.indices.push_back(sampler.sample().index);
        outcome.repeated.push_back(sampler.sample().repeated);
        break;
      case Sampler::Step::kSkipped:
        ++outcome.skipped;
        break;
      case Sampler::Step::kStopped:
        outcome.stopped = true;
        return outcome;
      case Sampler::Step::kEnd:
        return outcome;
    }
  }
}

std::vector<Moment> steady(int count, double fps, double start_s = 0.0) {
  std::vector<Moment> moments;
  for (int i = 0; i < count; ++i) moments.push_back({start_s + i / fps, 1.0 / fps});
  return moments;
}

TEST(Sampler, EveryFrameOnceWithoutARate) {
  const Outcome outcome = sample(steady(3, 25.0), {});
  EXPECT_THAT(outcome.frames, ElementsAre(0, 1, 2));
  EXPECT_THAT(outcome.times, ElementsAre(0.0, 0.04, 0.08));
}

TEST(Sampler, ShowsTheLastFrameNotLaterThanTheSample) {
  // 10 frames a second sampled at 4: instants 0, 0.25, 0.5, 0.75; frames begin at 0, 0.1, 0.2, ...
  EXPECT_THAT(sample(steady(10, 10.0), {.fps = 4.0, .tolerance_s = 1e-6}).frames, ElementsAre(0, 2, 5, 7));
}

TEST(Sampler, ShowsFramesAgainWhereTheSamplesAreDenser) {
  // Frames at 0 and 0.5, samples at 0, 0.25, 0.5, 0.75.
  EXPECT_THAT(sample(steady(2, 2.0), {.fps = 4.0}).frames, ElementsAre(0, 0, 1, 1));
}

TEST(Sampler, VariableRate) {
  const std::vector<Moment> moments = {{0.0, 0.1}, {0.1, 0.7}, {0.8, 0.05}, {0.85, 0.15}, {1.0, 0.5}};
  // Samples at 0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4; the last frame is shown until 1.5.
  EXPECT_THAT(sample(moments, {.fps = 5.0, .tolerance_s = 1e-6}).frames, ElementsAre(0, 1, 1, 1, 2, 4, 4, 4));
}

TEST(Sampler, RoundedTimeStampsCountAsEqual) {
  // Matroska rounds 30 frames a second to milliseconds: 0, 0.033, 0.067, 0.1.
  const std::vector<Moment> moments = {{0.0, 0.033}, {0.033, 0.033}, {0.067, 0.033}, {0.1, 0.033}};
  EXPECT_THAT(sample(moments, {.fps = 30.0, .tolerance_s = 0.0005}).frames, ElementsAre(0, 1, 2, 3));
}

TEST(Sampler, OfFramesAtTheSameTimeTheLastIsShown) {
  const std::vector<Moment> moments = {{0.0, 0.1}, {0.1, 0.1}, {0.1, 0.1}, {0.2, 0.1}};
  EXPECT_THAT(sample(moments, {.fps = 10.0, .tolerance_s = 1e-6}).frames, ElementsAre(0, 2, 3));
  EXPECT_THAT(sample(moments, {}).frames, ElementsAre(0, 1, 2, 3));
}

TEST(Sampler, TheGridBeginsAtTheFirstFrame) {
  const Outcome outcome = sample(steady(4, 4.0, 1.5), {.fps = 2.0});
  EXPECT_THAT(outcome.times, ElementsAre(1.5, 2.0));
  EXPECT_THAT(outcome.frames, ElementsAre(0, 2));
  // Also where the first time is negative, and where the wanted start is before it.
  EXPECT_THAT(sample(steady(4, 4.0, -0.5), {.fps = 2.0}).times, ElementsAre(-0.5, 0.0));
  EXPECT_THAT(sample(steady(4, 4.0, 1.5), {.fps = 2.0, .start_s = 0.0}).times, ElementsAre(1.5, 2.0));
}

TEST(Sampler, APartOfTheVideo) {
  const SamplerOptions part{.fps = 2.0, .start_s = 1.1, .end_s = 2.5};
  // Samples at 1.1, 1.6, 2.1; frame 1 is on show since 1.0.
  const Outcome outcome = sample(steady(5, 1.0), part);
  EXPECT_THAT(outcome.times, ElementsAre(1.1, 1.6, 2.1));
  EXPECT_THAT(outcome.frames, ElementsAre(1, 1, 2));
  // Without a rate, the frames that begin within the part.
  EXPECT_THAT(sample(steady(5, 1.0), {.start_s = 1.1, .end_s = 3.0}).frames, ElementsAre(2));
  EXPECT_THAT(sample(steady(5, 1.0), {.start_s = 1.0, .end_s = 3.0}).frames, ElementsAre(1, 2));
}

TEST(Sampler, KnowsWhatItWillShow) {
  Sampler sampler({.fps = 4.0, .end_s = 2.0, .tolerance_s = 0.001});
  EXPECT_TRUE(sampler.shows(5.0, 5.1)) << "nobody knows yet when the samples begin";
  sampler.push({1.0, 0.1});
  ASSERT_EQ(sampler.next(), Sampler::Step::kAdopt);
  // Samples at 1.0, 1.25, 1.5, 1.75.
  EXPECT_FALSE(sampler.shows(0.5, 1.0));
  EXPECT_TRUE(sampler.shows(0.5, 1.01));
  EXPECT_FALSE(sampler.shows(1.01, 1.25));
  EXPECT_TRUE(sampler.shows(1.01, 1.26));
  EXPECT_TRUE(sampler.shows(1.5005, 1.6)) << "within the tolerance";
  EXPECT_FALSE(sampler.shows(1.502, 1.75));
  EXPECT_TRUE(sampler.shows(1.0, 100.0));
  EXPECT_FALSE(sampler.shows(1.76, 100.0)) << "the part ends at 2.0";
  sampler.push({1.1, 0.1});
  ASSERT_EQ(sampler.next(), Sampler::Step::kSample);
  EXPECT_FALSE(sampler.shows(0.9, 1.1)) << "it was handed out";
}

TEST(Sampler, NothingAfterTheEndOfTheLastFrame) {
  EXPECT_THAT(sample(steady(2, 1.0), {.fps = 1.0, .start_s = 2.0}).frames, IsEmpty());
  EXPECT_THAT(sample(steady(2, 1.0), {.fps = 1.0, .start_s = 1.9}).frames, ElementsAre(1));
  EXPECT_THAT(sample({}, {.fps = 1.0}).frames, IsEmpty());
}

TEST(Sampler, OneFrameIsOneSampleEvenIfItHasNoDuration) {
  EXPECT_THAT(sample({{3.0, 0.0}}, {.fps = 8.0}).frames, ElementsAre(0));
  EXPECT_THAT(sample({{3.0, 1.0}}, {.fps = 2.0}).times, ElementsAre(3.0, 3.5));
}

std::vector<Moment> with_bad(std::vector<Moment> moments, std::size_t bad) {
  moments[bad].bad = true;
  return moments;
}

TEST(Sampler, SkipLeavesOutWhatHasNoPicture) {
  for (double fps : {0.0, 10.0}) {
    const Outcome outcome = sample(with_bad(steady(4, 10.0), 1), {.fps = fps, .tolerance_s = 1e-6});
    EXPECT_THAT(outcome.indices, ElementsAre(0, 2, 3));
    EXPECT_THAT(outcome.frames, ElementsAre(0, 2, 3));
    EXPECT_EQ(outcome.skipped, 1);
  }
}

TEST(Sampler, RepeatShowsTheLastGoodPicture) {
  for (double fps : {0.0, 10.0}) {
    const SamplerOptions options{.fps = fps, .bad_frames = BadFramePolicy::kRepeat, .tolerance_s = 1e-6};
    const Outcome outcome = sample(with_bad(steady(4, 10.0), 2), options);
    EXPECT_THAT(outcome.indices, ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(outcome.frames, ElementsAre(0, 1, 1, 3));
    EXPECT_THAT(outcome.repeated, ElementsAre(false, false, true, false));
    // Before the first good picture there is nothing to repeat.
    EXPECT_THAT(sample(with_bad(steady(3, 10.0), 0), options).indices, ElementsAre(1, 2));
  }
}

TEST(Sampler, StopEndsAtTheBadFrame) {
  for (double fps : {0.0, 10.0}) {
    const SamplerOptions options{.fps = fps, .bad_frames = BadFramePolicy::kStop, .tolerance_s = 1e-6};
    const Outcome outcome = sample(with_bad(steady(4, 10.0), 2), options);
    EXPECT_THAT(outcome.frames, ElementsAre(0, 1));
    EXPECT_TRUE(outcome.stopped);
  }
}

TEST(Sampler, BadFramesOutsideThePartDoNoHarm) {
  const SamplerOptions options{.start_s = 0.2, .end_s = 0.4, .bad_frames = BadFramePolicy::kStop, .tolerance_s = 1e-6};
  EXPECT_FALSE(sample(with_bad(steady(6, 10.0), 1), options).stopped);
  EXPECT_FALSE(sample(with_bad(steady(6, 10.0), 4), options).stopped);
}

TEST(Timeline, FramesWithoutTimeFollowTheOneBefore) {
  Timeline timeline(0.04, 3600.0);
  EXPECT_DOUBLE_EQ(timeline.place({}, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(timeline.place({}, 0.0), 0.04);
  EXPECT_DOUBLE_EQ(timeline.place(0.5, 0.1), 0.5);
  EXPECT_DOUBLE_EQ(timeline.place({}, 0.0), 0.6);
}

TEST(Timeline, KeepsNegativeEqualAndLateStarts) {
  Timeline timeline(0.04, 3600.0);
  EXPECT_DOUBLE_EQ(timeline.place(-0.08, 0.0), -0.08);
  EXPECT_DOUBLE_EQ(timeline.place(0.0, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(timeline.place(0.0, 0.0), 0.0);
  EXPECT_EQ(timeline.splices(), 0);
}

TEST(Timeline, NeverGoesBack) {
  Timeline timeline(0.04, 3600.0);
  timeline.place(1.0, 0.0);
  EXPECT_DOUBLE_EQ(timeline.place(0.95, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(timeline.place(1.04, 0.0), 1.04);
}

TEST(Timeline, ASpliceLeavesNoGap) {
  Timeline timeline(0.04, 10.0);
  timeline.place(7.0, 0.04);
  EXPECT_DOUBLE_EQ(timeline.place(0.0, 0.04), 7.04);   // back to zero
  EXPECT_DOUBLE_EQ(timeline.place(0.04, 0.04), 7.08);  // and on from there
  EXPECT_DOUBLE_EQ(timeline.place(1e15, 0.04), 7.12);  // absurdly far ahead
  EXPECT_EQ(timeline.splices(), 2);
}

TEST(Timeline, AbsurdDurationsAreNotBelieved) {
  Timeline timeline(0.04, 3600.0);
  timeline.place(0.0, 1e9);
  EXPECT_DOUBLE_EQ(timeline.duration_s(), 0.04);
}

// A display matrix in 16.16 fixed point from its upper left four numbers.
Orientation matrix(int a, int b, int c, int d) {
  const int one = 1 << 16;
  const std::int32_t values[9] = {a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30};
  return orientation_of(values);
}

TEST(Orientation, TurnsAndFlipsFromTheDisplayMatrix) {
  // Rows of the matrix say where the picture's x and y axes go, y down: x to y and y to -x is clockwise by 90 degrees.
  EXPECT_EQ(matrix(1, 0, 0, 1).rotation(), 0);
  EXPECT_EQ(matrix(0, 1, -1, 0).rotation(), 90);
  EXPECT_EQ(matrix(-1, 0, 0, -1).rotation(), 180);
  EXPECT_EQ(matrix(0, -1, 1, 0).rotation(), 270);
  EXPECT_FALSE(matrix(0, 1, -1, 0).mirrored());
  EXPECT_TRUE(matrix(-1, 0, 0, 1).mirrored());  // left to right only
  EXPECT_EQ(matrix(-1, 0, 0, 1).rotation(), 0);
  EXPECT_TRUE(matrix(1, 0, 0, -1).mirrored());  // upside down: a half turn, then left to right
  EXPECT_EQ(matrix(1, 0, 0, -1).rotation(), 180);
}

TEST(Orientation, OddAnglesAndNonsenseAreNoTurn) {
  const std::int32_t slanted[9] = {46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30};  // 45 degrees
  const std::int32_t nothing[9] = {};
  EXPECT_EQ(orientation_of(slanted), Orientation{});
  EXPECT_EQ(orientation_of(nothing), Orientation{});
}

}  // namespace
}  // namespace longtake::media
