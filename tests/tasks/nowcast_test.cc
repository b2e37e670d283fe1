// A feed of fields: steps, gaps, and a nowcast with every frame.
#include "tasks/nowcast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "fields/units.h"
#include "longtake/error.h"
#include "tasks/small_forecasters.h"

namespace longtake::tasks {
namespace {

using testing::ElementsAre;

FieldFrame frame_of(float value) {
  FieldFrame frame{Tensor(DType::kFloat32, {1, 16, 16}), Tensor(DType::kUint8, {16, 16})};
  for (float& v : frame.values.data<float>()) v = value;
  for (std::uint8_t& v : frame.valid.data<std::uint8_t>()) v = 1;
  return frame;
}

// Times of the steps that frames at `times` settle; a missing one is negative.
std::vector<std::int64_t> steps_of(const std::vector<std::int64_t>& times, const ClockOptions& options) {
  FieldClock clock(options, {});
  std::vector<std::int64_t> steps;
  for (const std::int64_t time : times) {
    for (const ClockFrame& step : clock.push(time, frame_of(0.5F))) {
      steps.push_back(step.missing ? -step.time : step.time);
    }
  }
  return steps;
}

TEST(FieldClock, TakesTheFramesAtItsSteps) {
  EXPECT_THAT(steps_of({300, 600, 900, 1200, 1500}, {.step_s = 600}), ElementsAre(300, 900, 1500));
}

TEST(FieldClock, MakesStepsThatLieBetweenTwoFrames) {
  FieldClock clock({.step_s = 600}, {});
  std::vector<std::int64_t> steps;
  for (const std::int64_t time : {0, 360, 720, 1080, 1440}) {
    for (const ClockFrame& step : clock.push(time, frame_of(static_cast<float>(time) / 3600))) {
      steps.push_back(step.time);
      EXPECT_FALSE(step.missing);
      // What is the same everywhere changes linearly in time.
      EXPECT_NEAR(step.frame.values.data<float>()[100], static_cast<double>(step.time) / 3600, 1e-5);
    }
  }
  EXPECT_THAT(steps, ElementsAre(0, 600, 1200));
}

TEST(FieldClock, AGapIsMissingStepsAndALongOneBeginsAnew) {
  EXPECT_THAT(steps_of({0, 600, 1800, 2400}, {.step_s = 600}), ElementsAre(0, 600, -1200, 1800, 2400));
  FieldClock clock({.step_s = 600}, {});
  clock.push(0, frame_of(1));
  EXPECT_FALSE(clock.push(600, frame_of(1)).front().anew);
  const auto after = clock.push(7230, frame_of(1));
  ASSERT_EQ(after.size(), 1);
  EXPECT_TRUE(after.front().anew);
  EXPECT_EQ(after.front().time, 7230);
}

TEST(FieldClock, ToleratesFramesThatAreALittleOff) {
  EXPECT_THAT(steps_of({0, 590, 1210, 1805}, {.step_s = 600}), ElementsAre(0, 600, 1200, 1800));
}

TEST(FieldClock, CountsFromAStepThatIsGiven) {
  EXPECT_THAT(steps_of({0, 360, 720, 1080, 1440}, {.step_s = 600, .first = 480}), ElementsAre(480, 1080));
}

TEST(FieldClock, BeginsWithTheFirstFrameAndKnowsAGapBehindIt) {
  EXPECT_THAT(steps_of({1200, 1800}, {.step_s = 600, .first = 0}), ElementsAre(1200, 1800));
  EXPECT_THAT(steps_of({0, 1200}, {.step_s = 600}), ElementsAre(0, 600, 1200));
  EXPECT_THAT(steps_of({0, 1200}, {.step_s = 600, .usual_distance_s = 600}), ElementsAre(0, -600, 1200));
}

TEST(FieldClock, APairOfFramesTooCloseDoesNotMakeTheOthersFar) {
  EXPECT_THAT(steps_of({0, 360, 720, 1080, 1081, 1440, 1800, 2160, 2520}, {.step_s = 600}),
              ElementsAre(0, 600, 1200, 1800, 2400));
}

TEST(FieldClock, RefusesTimesThatDoNotRise) {
  FieldClock clock({.step_s = 600}, {});
  clock.push(600, frame_of(0));
  EXPECT_THROW(clock.push(600, frame_of(0)), InvalidArgument);
  EXPECT_THROW(clock.push(0, frame_of(0)), InvalidArgument);
  EXPECT_THROW(FieldClock({.step_s = 60, .tolerance_s = 30}, {}), InvalidArgument);
}

fields::Field rain_field(std::int64_t time, float rate, std::int64_t side = 16) {
  fields::Field field = fields::empty_field(side, side, "test");
  field.quantity = "rain_rate";
  field.unit = "mm/h";
  field.time = time;
  for (std::int64_t i = 0; i < side; ++i) {
    field.grid.x.push_back(2000 * static_cast<double>(i));
    field.grid.y.push_back(-2000 * static_cast<double>(i));
  }
  field.grid.kind = fields::GridKind::kProjected;
  for (std::size_t i = 0; i < field.count(); ++i) fields::set_cell(field, i, rate);
  return field;
}

class Nowcasting : public testing::Test {
 protected:
  std::shared_ptr<const graph::Model> model_ = test::small_nowcaster({"advected=true", "output=\"linear\""});
  ForecasterSet forecasters_{*model_, test::runtime_executors(model_)};
  Nowcaster nowcaster_{forecasters_, *model_, {.name = "feed"}, {.horizon = 4}};
};

TEST_F(Nowcasting, ComesWithEveryFrameOnceEnoughWereSeen) {
  std::vector<std::size_t> counts;
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto nowcasts = nowcaster_.push(rain_field(600 * i, 1));
    counts.push_back(nowcasts.size());
    for (const Nowcast& nowcast : nowcasts) {
      EXPECT_EQ(nowcast.time, 600 * i);
      ASSERT_EQ(nowcast.forecast.size(), 4);
      EXPECT_EQ(nowcast.forecast[2].time, 600 * i + 1800);
      EXPECT_EQ(nowcast.forecast[2].unit, "mm/h");
      EXPECT_EQ(nowcast.recent.size(), 3);
      EXPECT_NEAR(nowcast.recent.back().values[0], 1, 1e-4);
      EXPECT_NEAR(nowcast.extrapolation[3].values[100], 1, 1e-4);  // rain everywhere stays
    }
  }
  EXPECT_THAT(counts, ElementsAre(0, 0, 1, 1, 1));
}

TEST_F(Nowcasting, SaysNothingOfWhatWasNotMeasured) {
  std::vector<Nowcast> last;
  for (std::int64_t i = 0; i < 3; ++i) {
    fields::Field field = rain_field(600 * i, 2);
    fields::set_cell(field, 5, std::numeric_limits<double>::quiet_NaN());
    last = nowcaster_.push(field);
  }
  ASSERT_EQ(last.size(), 1);
  EXPECT_EQ(last[0].forecast[0].valid[5], 0);
  EXPECT_EQ(last[0].forecast[0].valid[6], 1);
}

TEST_F(Nowcasting, KeepsItsMemoryOverAThousandFrames) {
  for (std::int64_t i = 0; i < 10; ++i) nowcaster_.push(rain_field(600 * i, 1));
  const std::int64_t bytes = nowcaster_.state_bytes();
  for (std::int64_t i = 10; i < 1000; ++i) nowcaster_.push(rain_field(600 * i, 1));
  EXPECT_EQ(nowcaster_.state_bytes(), bytes);
}

TEST_F(Nowcasting, RefusesFieldsThatDoNotFollow) {
  nowcaster_.push(rain_field(600, 1));
  EXPECT_THROW(nowcaster_.push(rain_field(0, 1)), InvalidArgument);
  EXPECT_THROW(nowcaster_.push(rain_field(1200, 1, 18)), InvalidArgument);
  fields::Field timeless = rain_field(1200, 1);
  timeless.time.reset();
  EXPECT_THROW(nowcaster_.push(timeless), InvalidArgument);
  fields::Field heat = rain_field(1200, 1);
  heat.unit = "K";
  EXPECT_THROW(nowcaster_.push(heat), InvalidArgument);
}

TEST_F(Nowcasting, AFieldInWhichNothingWasMeasuredDidNotCome) {
  for (std::int64_t i = 0; i < 3; ++i) nowcaster_.push(rain_field(600 * i, 1));
  EXPECT_TRUE(nowcaster_.push(fields::missing_field(rain_field(0, 1), 1800)).empty());
  EXPECT_EQ(nowcaster_.newest(), 1200);
  const auto nowcasts = nowcaster_.push(rain_field(2400, 1));
  ASSERT_EQ(nowcasts.size(), 1);
  EXPECT_EQ(nowcasts[0].seen, 5);
  EXPECT_EQ(nowcasts[0].missing, 1);
}

TEST_F(Nowcasting, SaysThatDegreesAreNoMetres) {
  fields::Field field = rain_field(600, 1);
  field.grid.kind = fields::GridKind::kGeographic;
  for (std::size_t i = 0; i < field.grid.x.size(); ++i) field.grid.x[i] = 20 + 0.01 * static_cast<double>(i);
  EXPECT_THAT([&] { nowcaster_.push(field); },
              testing::ThrowsMessage<InvalidArgument>(
                  testing::AllOf(testing::HasSubstr("2000 metres"), testing::HasSubstr("0.01 degrees"))));
}

// Fields of a feed, none like the other.
fields::Field rain_at(std::int64_t time) {
  fields::Field field = rain_field(time, 0);
  for (std::size_t i = 0; i < field.count(); ++i) {
    const auto x = static_cast<double>(i % 16), y = static_cast<double>(i) / 16, t = static_cast<double>(time) / 600;
    fields::set_cell(field, i, 2 + 2 * std::sin(0.7 * x - t) * std::cos(0.5 * y + 0.3 * t));
  }
  return field;
}

// By the time of the newest frame: one forecast of each.
std::map<std::int64_t, std::vector<float>> forecasts_of(Nowcaster& nowcaster, const std::vector<std::int64_t>& times) {
  std::map<std::int64_t, std::vector<float>> out;
  for (const std::int64_t time : times) {
    for (const Nowcast& nowcast : nowcaster.push(rain_at(time))) {
      EXPECT_TRUE(out.emplace(nowcast.time, nowcast.forecast.back().values).second) << nowcast.time;
    }
  }
  return out;
}

std::vector<std::int64_t> every(std::int64_t distance, std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> times;
  for (std::int64_t time = from; time <= to; time += distance) times.push_back(time);
  return times;
}

class FineFeeds : public Nowcasting {
 protected:
  Nowcaster nowcaster(bool every_field, std::optional<std::int64_t> first = std::nullopt) {
    return {forecasters_, *model_, {.name = "feed"}, {.horizon = 2, .first = first, .every_field = every_field}};
  }
};

TEST_F(FineFeeds, GiveANowcastWithEveryField) {
  for (const std::int64_t distance : {300, 360}) {
    Nowcaster each = nowcaster(true);
    const auto times = every(distance, 0, 4320);
    const auto forecasts = forecasts_of(each, times);
    // From where the phase that began last has seen its frames, every field has one.
    const std::int64_t warm = 600 + 2 * 600 + distance;
    for (const std::int64_t time : times) {
      EXPECT_TRUE(time < warm || forecasts.contains(time)) << distance << ": " << time;
    }
    // It is what one gets who starts to follow at the first field that this step counts from.
    const std::int64_t time = times.back(), first = time % 600 == 0 ? 0 : times[1];
    if (distance == 300) {
      Nowcaster alone = nowcaster(false, first);
      EXPECT_EQ(forecasts.at(time), forecasts_of(alone, every(distance, first, 4320)).at(time));
    }
  }
}

TEST_F(FineFeeds, BeginAnewTogetherAfterABreak) {
  Nowcaster each = nowcaster(true);
  forecasts_of(each, every(300, 0, 3000));
  const std::int64_t bytes = each.state_bytes();
  const auto forecasts = forecasts_of(each, every(300, 90000, 93000));
  EXPECT_EQ(forecasts.begin()->first, 90000 + 1200);
  EXPECT_EQ(forecasts.size(), 7);
  EXPECT_EQ(each.state_bytes(), bytes);
}

TEST_F(FineFeeds, GoOnFromAStateThatWasSaved) {
  for (const bool every_field : {false, true}) {
    Nowcaster whole = nowcaster(every_field);
    forecasts_of(whole, every(300, 0, 2700));
    Nowcaster second = nowcaster(every_field);
    second.load(State::from_bytes(whole.save().to_bytes(), "saved"));
    EXPECT_EQ(second.save(), whole.save());
    EXPECT_EQ(second.newest(), 2700);
    const auto rest = every(300, 3000, 4500);
    const auto expected = forecasts_of(whole, rest);
    EXPECT_GE(expected.size(), 2);
    EXPECT_EQ(forecasts_of(second, rest), expected);
  }
}

TEST_F(FineFeeds, RefuseStatesOfOthers) {
  Nowcaster own = nowcaster(true);
  EXPECT_THROW(own.load(State(1)), InvalidArgument);
  forecasts_of(own, every(300, 0, 1500));
  EXPECT_THROW(own.load(own.save()), InvalidArgument);
  Nowcaster other = nowcaster(true);
  other.load(own.save());
  EXPECT_THROW(other.push(rain_field(1800, 1, 20)), InvalidArgument);
  State torn = own.save();
  torn.set("nowcast/0/counts", Tensor::from<std::int64_t>({1, 3}, {0, 0, 1000}));
  EXPECT_THROW(nowcaster(true).load(torn), InvalidArgument);
  State other_frames = own.save();
  other_frames.set("nowcast/1/clock/last/values", Tensor(DType::kFloat32, {1, 1, 8, 8}));
  EXPECT_THROW(nowcaster(true).load(other_frames), InvalidArgument);
}

}  // namespace
}  // namespace longtake::tasks
