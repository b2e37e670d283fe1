// Forecasting from a state that goes on.
#include "tasks/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/options.h"
#include "longtake/error.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/forecast_finish.h"
#include "tasks/probability_matching.h"
#include "tasks/small_forecasters.h"

namespace longtake::tasks {
namespace {

using test::random_frames;
using test::runtime_executors;
using test::small_forecaster;

// Frames [first, first + count) of a tensor [ticks, ...].
Tensor ticks_of(const Tensor& frames, std::int64_t first, std::int64_t count) {
  Shape shape = frames.shape();
  const std::int64_t row = frames.count() / shape[0];
  shape[0] = count;
  return Tensor::from<float>(shape, frames.data<float>().subspan(first * row, count * row));
}

// One stream of a tensor [ticks, streams, ...].
Tensor stream_of(const Tensor& frames, std::int64_t stream) {
  Shape shape = frames.shape();
  const std::int64_t streams = shape[1], row = frames.count() / (shape[0] * streams);
  shape[1] = 1;
  Tensor out(DType::kFloat32, shape);
  for (std::int64_t tick = 0; tick < shape[0]; ++tick) {
    std::copy_n(frames.data<float>().data() + (tick * streams + stream) * row, row,
                out.data<float>().data() + tick * row);
  }
  return out;
}

class EveryForecaster : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  std::shared_ptr<const graph::Model> model_ = small_forecaster(GetParam());
  Forecaster forecaster_{*model_, runtime_executors(model_)};
};

TEST_P(EveryForecaster, SeesFramesOneByOneAsAllAtOnce) {
  const Tensor frames = random_frames(5, 1, forecaster_.frame_shape());
  State whole = forecaster_.initial_state(), stepped = forecaster_.initial_state();
  forecaster_.see(frames, whole);
  for (std::int64_t tick = 0; tick < 5; ++tick) forecaster_.see(ticks_of(frames, tick, 1), stepped);
  EXPECT_EQ(whole, stepped);
  EXPECT_EQ(forecaster_.forecast(whole, 4), forecaster_.forecast(stepped, 4));
}

TEST_P(EveryForecaster, AForecastLeavesTheStateAsItIs) {
  const Tensor frames = random_frames(6, 1, forecaster_.frame_shape());
  State state = forecaster_.initial_state(), undisturbed = forecaster_.initial_state();
  for (std::int64_t tick = 0; tick < 6; ++tick) {
    forecaster_.see(ticks_of(frames, tick, 1), state);
    forecaster_.forecast(state, 3);
    forecaster_.see(ticks_of(frames, tick, 1), undisturbed);
  }
  EXPECT_EQ(state, undisturbed);
}

TEST_P(EveryForecaster, ALongerForecastBeginsAsAShorterOne) {
  State state = forecaster_.initial_state();
  forecaster_.see(random_frames(3, 1, forecaster_.frame_shape()), state);
  const Tensor longer = forecaster_.forecast(state, 9), shorter = forecaster_.forecast(state, 4);
  EXPECT_EQ(ticks_of(longer, 0, 4), shorter);
}

TEST_P(EveryForecaster, AStreamInABatchIsForecastAsAlone) {
  const Tensor frames = random_frames(4, 3, forecaster_.frame_shape());
  State batch = forecaster_.initial_state(3);
  forecaster_.see(frames, batch);
  const Tensor all = forecaster_.forecast(batch, 4);
  for (std::int64_t stream = 0; stream < 3; ++stream) {
    State alone = forecaster_.initial_state();
    forecaster_.see(stream_of(frames, stream), alone);
    EXPECT_EQ(forecaster_.forecast(alone, 4), stream_of(all, stream)) << "stream " << stream;
    const std::int64_t chosen[] = {stream};
    EXPECT_EQ(batch.gather(chosen), alone) << "stream " << stream;
  }
}

TEST_P(EveryForecaster, AThousandFramesTakeNoMoreMemoryThanOne) {
  const Tensor frame = random_frames(1, 1, forecaster_.frame_shape());
  State state = forecaster_.initial_state();
  forecaster_.see(frame, state);
  const std::int64_t bytes = state.bytes_per_stream();
  EXPECT_EQ(bytes, forecaster_.state_bytes_per_stream());
  for (int i = 0; i < 1000; ++i) forecaster_.see(frame, state);
  EXPECT_EQ(state.bytes_per_stream(), bytes);
}

TEST_P(EveryForecaster, TakesOtherFramesAndSaysWhichFit) {
  EXPECT_EQ(fitting_size(*model_, 21, 31), (std::pair<std::int64_t, std::int64_t>{20, 30}));
  EXPECT_EQ(fitting_size(*model_, 11, 14), (std::pair<std::int64_t, std::int64_t>{10, 14}));
  EXPECT_EQ(fitting_size(*model_, 5, 3), (std::pair<std::int64_t, std::int64_t>{4, 2}));
  EXPECT_THROW(fitting_size(*model_, 1, 14), BadData);
  Forecaster wide(*model_, runtime_executors(model_), 20, 30);
  State state = wide.initial_state();
  wide.see(random_frames(3, 1, {1, 20, 30}), state);
  EXPECT_EQ(wide.forecast(state, 2).shape(), (Shape{2, 1, 1, 20, 30}));
}

INSTANTIATE_TEST_SUITE_P(
    Options, EveryForecaster,
    testing::Values(std::vector<std::string>{}, std::vector<std::string>{"advected=true", "output=\"linear\""},
                    std::vector<std::string>{"feedback=true", "top_only=true", "output=\"linear\""}));

TEST(Forecast, RefusesWhatItCannotDo) {
  const auto model = small_forecaster();
  Forecaster forecaster(*model, runtime_executors(model));
  State state = forecaster.initial_state();
  EXPECT_THROW(forecaster.forecast(state, 1), InvalidArgument);  // nothing was seen
  EXPECT_THROW(forecaster.see(random_frames(1, 1, {1, 12, 12}), state), InvalidArgument);
  EXPECT_THROW(forecaster.see(random_frames(1, 2, {1, 12, 14}), state), InvalidArgument);
  forecaster.see(random_frames(1, 1, {1, 12, 14}), state);
  EXPECT_THROW(forecaster.forecast(state, 0), InvalidArgument);
  graph::Model other = *model;
  other.task = "classify";
  EXPECT_THROW(forecast_input_of(other), InvalidArgument);
  other.protocol["seen"] = "0";
  EXPECT_THROW(forecast_protocol_of(other), BadData);
}

// The evaluation's baselines, on windows that stand still: persistence and extrapolation are then right.
class StillWindows final : public WindowSource {
 public:
  std::int64_t size() const override { return 2; }
  Window read(std::int64_t index, Random*) override {
    Window window{.id = "still", .valid = Tensor(DType::kUint8, {0})};
    const Tensor frame = random_frames(1, 1, {1, 12, 14}, static_cast<std::uint64_t>(index) + 3);
    window.frames = Tensor(DType::kFloat32, {7, 1, 12, 14});
    for (std::int64_t i = 0; i < 7; ++i) {
      std::copy_n(frame.data<float>().data(), frame.count(), window.frames.data<float>().data() + i * frame.count());
    }
    window.targets = window.frames;
    Extrapolator extrapolator;
    add_advected(window, {.seen = 3, .forecast = 4, .advected = true}, extrapolator);
    return window;
  }
};

TEST(ForecastEvaluation, BaselinesAreRightAboutWhatStandsStill) {
  const auto model = small_forecaster();
  ForecasterSet forecasters(*model, runtime_executors(model));
  StillWindows windows;
  const ForecastEvaluation evaluation =
      evaluate_forecasts(forecasters, *model, windows, {.seen = 3, .forecast = 4, .advected = true},
                         MeasureOptions::usual(forecast_input_of(*model)));
  EXPECT_EQ(evaluation.windows, 2);
  for (const char* method : {"persistence", "extrapolation"}) {
    for (std::int64_t lead = 0; lead < 4; ++lead) {
      EXPECT_EQ(evaluation.method(method).errors.squared().per_cell.mean(lead), 0) << method;
      EXPECT_EQ(evaluation.method(method).events.table(lead, 0).critical_success_index(), 1) << method;
    }
  }
  EXPECT_GT(evaluation.method("model").errors.squared().per_cell.mean(0).value(), 0);
  EXPECT_THROW(evaluation.method("oracle"), InvalidArgument);
}

TEST(ProbabilityMatching, GivesTheSameValuesInTheForecastsOrder) {
  std::vector<float> forecast{0.3F, 0.1F, 0.2F, 0.9F};
  const std::vector<float> newest{5, 0, 7, 1};
  match_probabilities(forecast, newest, {});
  EXPECT_EQ(forecast, (std::vector<float>{5, 0, 1, 7}));
  std::vector<float> part{0.3F, 0.1F, 0.2F, 0.9F};
  const std::vector<std::uint8_t> counts{1, 0, 1, 1};
  match_probabilities(part, newest, counts);
  EXPECT_EQ(part, (std::vector<float>{5, 0.1F, 1, 7}));
  EXPECT_THROW(match_probabilities(part, std::span(newest).first(2), {}), InvalidArgument);
}

TEST(ForecastFinish, PutsInTheExtrapolationWhereItComesFromWithinTheGrid) {
  Tensor forecast = Tensor::from<float>({1, 1, 1, 3}, {0, 1, 1});
  const Tensor moved = Tensor::from<float>({1, 2, 1, 3}, {1, 0, 0, 1, 1, 0});
  const Tensor newest = Tensor::from<float>({1, 1, 3}, {5, 6, 7});
  finish_forecast({.extrapolation = 0.75}, forecast, moved, newest, Tensor(DType::kUint8, {0}));
  EXPECT_THAT(forecast.data<float>(), testing::ElementsAre(0.75F, 0.25F, 1));
  finish_forecast({.match = Match::kNewest}, forecast, moved, newest, Tensor(DType::kUint8, {0}));
  EXPECT_THAT(forecast.data<float>(), testing::ElementsAre(6, 5, 7));
  Tensor other = Tensor::from<float>({1, 1, 1, 3}, {0.3F, 0.2F, 0.1F});
  finish_forecast({.match = Match::kExtrapolation}, other, moved, newest, Tensor(DType::kUint8, {0}));
  EXPECT_THAT(other.data<float>(), testing::ElementsAre(1, 0, 0.1F));
  EXPECT_THROW(finish_forecast({.extrapolation = 1}, forecast, Tensor(DType::kFloat32, {0}), newest, newest),
               InvalidArgument);
}

TEST(ForecastFinish, TravelsInTheModel) {
  graph::Model model;
  EXPECT_FALSE(forecast_finish_of(model).any());
  const auto table = parse_toml("extrapolation = 0.7\nmatch = 'newest'", "recipe");
  read_forecast_finish(table, model);
  EXPECT_EQ(forecast_finish_of(model).extrapolation, 0.7);
  EXPECT_EQ(forecast_finish_of(model).match, Match::kNewest);
  EXPECT_THROW(read_forecast_finish(parse_toml("extrapolation = 1.5", "recipe"), model), ConfigError);
  model.protocol["match"] = "oldest";
  EXPECT_THROW(forecast_finish_of(model), BadData);
  model.protocol["match"] = "none";
  model.protocol["forecast_extrapolation"] = "2";
  EXPECT_THROW(forecast_finish_of(model), BadData);
}

}  // namespace
}  // namespace longtake::tasks
