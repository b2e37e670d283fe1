// Models of storms are trained like any other: what they are fed and how they answer goes into the model file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "tasks/small_storms.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::training {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kTrackerRecipe = R"([model]
name = "storm_tracker"
hidden = [4, 1]
[input]
kind = "fields"
variables = ["PSL"]
height = 12
width = 16
[data]
format = "storms"
path = "{0}"
repeats = 2
[train]
epochs = 2
batch_size = 4
clip_frames = 4
optimizer = "adam"
learning_rate = 0.02
[train.loss]
pairwise = 1
squared = 1
)";

constexpr const char* kForecasterRecipe = R"([model]
name = "storm_forecaster"
hidden = [3]
seen = 3
forecast = 2
[input]
kind = "fields"
variables = ["density", "PSL"]
height = 12
width = 16
[data]
format = "storms"
path = "{0}"
[train]
epochs = 2
batch_size = 4
optimizer = "adam"
learning_rate = 0.02
)";

class StormTraining : public testing::Test {
 protected:
  StormTraining() { test::write_small_storms(folder_.path() / "storms"); }

  TrainRequest request(const char* recipe, const std::string& run,
                       const std::vector<std::string>& overrides = {}) const {
    const std::string data = (folder_.path() / "storms").string();
    TrainRequest request{.recipe = parse_toml(fmt::format(fmt::runtime(recipe), data), "recipe.toml")};
    for (const std::string& override : overrides) request.recipe.set_override(override);
    request.paths = RunPaths(folder_.path() / run);
    request.resume = true;
    request.threads = 1;
    return request;
  }

  TemporaryDirectory folder_;
};

TEST_F(StormTraining, ATrackerLearnsAndKeepsRangesAndItsThreshold) {
  const TrainOutcome outcome = train(request(kTrackerRecipe, "run", {"train.epochs=25"}));
  EXPECT_LT(outcome.history.epochs.back().train_loss, 0.5 * outcome.history.epochs.front().train_loss);
  const graph::Model saved = graph::load_model(RunPaths(folder_.path() / "run").model().string(), real_files());
  EXPECT_EQ(saved.inputs.at("frame").fields[0].unit, "Pa");
  EXPECT_LT(saved.inputs.at("frame").fields[0].low, 98100);
  EXPECT_EQ(saved.protocol, outcome.model.protocol);
  ASSERT_TRUE(saved.protocol.contains("peak_thresholds"));
  ASSERT_NE(outcome.storms, nullptr);
  EXPECT_EQ(outcome.evaluated_split, "test");
  EXPECT_EQ(outcome.storms->cases, 16);
  EXPECT_GE(outcome.storms->methods[0].scores.probability_of_detection(0), 0.7)
      << "a storm is the only low there is, so it is found";
  EXPECT_THAT(reports::to_html(make_report(request(kTrackerRecipe, "run"), outcome)), HasSubstr("of storms found"));
}

TEST_F(StormTraining, AForecasterHasAThresholdForEachLead) {
  const TrainOutcome outcome = train(request(kForecasterRecipe, "run"));
  EXPECT_EQ(tasks::track_protocol_of(outcome.model).thresholds.size(), 2);
  ASSERT_NE(outcome.storms, nullptr);
  EXPECT_TRUE(outcome.storms->forecast);
  EXPECT_EQ(outcome.storms->methods.size(), 2);
  EXPECT_EQ(outcome.storms->cases, 2 * 4);
}

TEST_F(StormTraining, GoesOnAsIfItHadNotStopped) {
  const TrainOutcome whole = train(request(kTrackerRecipe, "whole"));
  std::atomic<bool> stop{true};
  TrainRequest first = request(kTrackerRecipe, "parts");
  first.stop = &stop;
  EXPECT_TRUE(train(first).interrupted);
  const TrainOutcome parts = train(request(kTrackerRecipe, "parts"));
  EXPECT_EQ(parts.model.weights, whole.model.weights);
  EXPECT_EQ(parts.model.protocol, whole.model.protocol);
}

TEST_F(StormTraining, WhatDoesNotFitIsRefusedBeforeAnyFileIsRead) {
  const auto refused = [&](const char* recipe, const std::vector<std::string>& overrides, const std::string& why) {
    EXPECT_THAT([&] { train(request(recipe, "refused", overrides)); }, ThrowsMessage<ConfigError>(HasSubstr(why)));
  };
  refused(kTrackerRecipe, {"data.format=radar", "data.series.a.path=b"}, "\"storms\"");
  refused(kForecasterRecipe, {"input.variables=[\"PSL\", \"density\"]"}, "density");
  refused(kTrackerRecipe, {"train.loss.cross_entropy=1"}, "sigmoid");
  refused(kForecasterRecipe, {"train.clip_frames=4"}, "clip_frames");
  refused(kTrackerRecipe, {"train.carry_state=true"}, "carry_state");
  refused(kTrackerRecipe, {"data.sigma_km=0"}, "sigma_km");
  refused(kTrackerRecipe, {"track.match_km=0"}, "match_km");
}

}  // namespace
}  // namespace longtake::training
