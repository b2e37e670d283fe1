// Models that forecast are trained, stopped and gone on with like any other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/temporary_directory.h"
#include "data/npy.h"
#include "longtake/error.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::training {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kForecastRecipe = R"([model]
name = "conv_lstm_forecaster"
hidden = [3, 2]
input_kernel = 3
hidden_kernel = 3
patch = 2
seen = 3
forecast = 2
[input]
width = 16
height = 16
colour = "gray"
scale = [0.00392156862745098]
[data]
format = "npy"
train = "{0}/train.npy"
validation = "{0}/test.npy"
test = "{0}/test.npy"
[train]
epochs = 3
batch_size = 4
optimizer = "adam"
learning_rate = 0.01
)";

// Bright squares that move to the right by a pixel a frame.
void write_squares(const Files::Path& path, std::int64_t sequences, std::int64_t frames) {
  Tensor videos(DType::kUint8, {sequences, frames, 16, 16});
  for (std::int64_t s = 0; s < sequences; ++s) {
    for (std::int64_t t = 0; t < frames; ++t) {
      for (std::int64_t i = 0; i < 16; ++i) {
        const std::int64_t y = (3 * s + i / 4) % 16, x = (5 * s + t + i % 4) % 16;
        videos.data<std::uint8_t>()[((s * frames + t) * 16 + y) * 16 + x] = 255;
      }
    }
  }
  const auto file = real_files().create(path);
  const std::string head = npy_header(videos.dtype(), videos.shape());
  file->write(std::as_bytes(std::span(head)));
  file->write({videos.raw(), videos.bytes()});
}

class ForecastTraining : public testing::Test {
 protected:
  ForecastTraining() {
    write_squares(folder_.path() / "train.npy", 10, 6);
    write_squares(folder_.path() / "test.npy", 4, 5);
  }

  TrainRequest request(const std::string& run, const std::vector<std::string>& overrides = {}) const {
    TrainRequest request{
        .recipe = parse_toml(fmt::format(fmt::runtime(kForecastRecipe), folder_.path().string()), "recipe.toml")};
    for (const std::string& override : overrides) request.recipe.set_override(override);
    request.paths = RunPaths(folder_.path() / run);
    request.resume = true;
    request.threads = 1;
    return request;
  }

  TemporaryDirectory folder_;
};

TEST_F(ForecastTraining, LowersItsLossAndIsMeasuredBesideTheBaselines) {
  const TrainOutcome outcome = train(request("run", {"train.epochs=12"}));
  EXPECT_LT(outcome.history.epochs.back().train_loss, 0.6 * outcome.history.epochs.front().train_loss);
  ASSERT_NE(outcome.forecast, nullptr);
  EXPECT_EQ(outcome.evaluated_split, "test");
  EXPECT_EQ(outcome.forecast->windows, 4);
  EXPECT_EQ(outcome.forecast->methods.size(), 3);
  ASSERT_FALSE(outcome.forecast_samples.empty());
  const std::string page = reports::to_html(make_report(request("run"), outcome));
  EXPECT_THAT(page, HasSubstr("Forecasts by lead"));
  EXPECT_THAT(page, HasSubstr("data:video/mp4;base64,"));
}

TEST_F(ForecastTraining, GoesOnAfterAStopAsIfNothingHadBeen) {
  const TrainOutcome whole = train(request("whole"));
  class StopAfter final : public TrainObserver {
   public:
    explicit StopAfter(std::atomic<bool>& stop) : stop_(stop) {}
    void on_step(std::int64_t step, std::int64_t, std::int64_t, std::int64_t, double, double) override {
      if (step == 4) stop_ = true;
    }
    void on_epoch(const EpochRecord&, bool) override {}

   private:
    std::atomic<bool>& stop_;
  };
  std::atomic<bool> stop = false;
  StopAfter observer(stop);
  TrainRequest stopped = request("stopped");
  stopped.stop = &stop;
  stopped.observer = &observer;
  EXPECT_TRUE(train(stopped).interrupted);
  EXPECT_TRUE(train(request("stopped")).model.weights == whole.model.weights);
}

TEST_F(ForecastTraining, KeepsTheBestByValidationLoss) {
  const TrainOutcome outcome = train(request("run"));
  double best = outcome.history.epochs.front().validation_loss.value();
  for (const EpochRecord& record : outcome.history.epochs) best = std::min(best, record.validation_loss.value());
  EXPECT_EQ(outcome.history.best_loss, best);
}

TEST_F(ForecastTraining, RefusesWhatIsNotForItsTask) {
  EXPECT_THROW(train(request("run", {"train.bptt_window=3"})), ConfigError);
  EXPECT_THAT(
      [&] {
        train(request("run", {"model.output=\"linear\"", "train.loss.cross_entropy=1"}));
      },
      ThrowsMessage<ConfigError>(HasSubstr("sigmoid")));
  EXPECT_THAT([&] { train(request("run", {"model.forecast=9"})); }, ThrowsMessage<BadData>(HasSubstr("have 6 frames")));
  EXPECT_THAT([&] { train(request("run", {"train.loss.squares=1"})); },
              ThrowsMessage<ConfigError>(HasSubstr("squared")));
}

}  // namespace
}  // namespace longtake::training
