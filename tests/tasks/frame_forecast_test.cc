// Forecasts of videos, frame by frame.
#include "tasks/frame_forecast.h"

#include <gtest/gtest.h>

#include "longtake/error.h"
#include "tasks/small_forecasters.h"

namespace longtake::tasks {
namespace {

constexpr std::int64_t kHorizon = 2;

struct Opened {
  explicit Opened(const std::vector<std::string>& overrides = {}) : model(test::small_forecaster(overrides)) {}

  std::shared_ptr<const graph::Model> model;
  ForecasterSet forecasters{*model, test::runtime_executors(model)};
  FrameForecaster frames{forecasters, *model, kHorizon};
};

Tensor frame_of(const Tensor& frames, std::int64_t index) {
  const Shape shape{frames.size(2), frames.size(3), frames.size(4)};
  const std::int64_t size = element_count(shape);
  return Tensor::from<float>(shape, frames.data<float>().subspan(index * size, size));
}

TEST(FrameForecaster, SaysWhatAWindowOfTheSameFramesSays) {
  for (const bool advected : {false, true}) {
    Opened opened(advected ? std::vector<std::string>{"advected=true"} : std::vector<std::string>{});
    const Tensor frames = test::random_frames(3, 1, {1, 12, 14});
    const Window window{.id = "w",
                        .frames = frames.reshaped({3, 1, 12, 14}),
                        .targets = frames.reshaped({3, 1, 12, 14}),
                        .valid = Tensor(DType::kUint8, {0}),
                        .advected = Tensor(DType::kFloat32, {0})};
    for (std::int64_t i = 0; i < 3; ++i) {
      EXPECT_FALSE(opened.frames.ready());
      EXPECT_THROW(opened.frames.forecast(), InvalidArgument);
      opened.frames.see(frame_of(frames, i));
    }
    const FrameForecast made = opened.frames.forecast();
    EXPECT_EQ(made.recent, window.frames);
    EXPECT_EQ(made.forecast, forecast_window(opened.forecasters.of_size(12, 14), window,
                                             {.seen = 3, .forecast = kHorizon, .advected = advected}));
    EXPECT_EQ(opened.frames.forecast().forecast, made.forecast) << "a forecast leaves the state as it was";
  }
}

TEST(FrameForecaster, SeesTheMiddleOfFramesThatTheModelDoesNotTakeWhole) {
  Opened opened;
  const Tensor large = test::random_frames(3, 1, {1, 13, 17});
  for (std::int64_t i = 0; i < 3; ++i) opened.frames.see(frame_of(large, i));
  const FrameForecast made = opened.frames.forecast();
  EXPECT_EQ(made.forecast.shape(), (Shape{kHorizon, 1, 12, 16}));
  EXPECT_EQ(made.forecast.size(3), opened.frames.forecast_shape(13, 17)[2]);
  EXPECT_EQ(made.recent.data<float>()[0], large.data<float>()[0]);
  EXPECT_THROW(opened.frames.see(Tensor(DType::kFloat32, {1, 12, 14})), InvalidArgument);
  opened.frames.reset();
  opened.frames.see(Tensor(DType::kFloat32, {1, 12, 14}));
  opened.frames.reset();
  opened.frames.see(Tensor(DType::kFloat32, {1, 11, 14}));
  EXPECT_EQ(opened.frames.forecast_shape(11, 14), (Shape{1, 10, 14}));
  EXPECT_THROW(opened.frames.forecast_shape(1, 14), BadData);
}

TEST(FrameForecaster, GoesOnFromItsState) {
  Opened whole, first, second;
  const Tensor frames = test::random_frames(5, 1, {1, 12, 14});
  for (std::int64_t i = 0; i < 5; ++i) whole.frames.see(frame_of(frames, i));
  for (std::int64_t i = 0; i < 2; ++i) first.frames.see(frame_of(frames, i));
  second.frames.load(first.frames.save());
  for (std::int64_t i = 2; i < 5; ++i) second.frames.see(frame_of(frames, i));
  EXPECT_EQ(second.frames.forecast().forecast, whole.frames.forecast().forecast);
  EXPECT_EQ(second.frames.forecast().seen, 5);
  EXPECT_EQ(second.frames.save(), whole.frames.save());
  EXPECT_THROW(second.frames.load(first.frames.save()), InvalidArgument);
  Opened other;
  EXPECT_THROW(other.frames.load(State(1)), InvalidArgument);
  other.frames.load(first.frames.save());
  EXPECT_THROW(other.frames.see(Tensor(DType::kFloat32, {1, 16, 16})), InvalidArgument);
}

}  // namespace
}  // namespace longtake::tasks
