// Which videos a report shows, and that it shows where a model looked at them.
#include "training/samples.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/temporary_directory.h"
#include "media/clips.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::training {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

tasks::ItemEvaluation item(std::int64_t truth, std::int64_t predicted, float truth_score) {
  return {.truth = truth, .predicted = predicted, .truth_score = truth_score};
}

TEST(Samples, AreTheWorstAndTheSurestOfEachClass) {
  tasks::Evaluation evaluation(3);
  EXPECT_THAT(choose_samples(evaluation).worst, IsEmpty());
  evaluation.items = {item(0, 0, 0.9f), item(0, 1, 0.2f), item(0, 0, 0.95f), item(1, 1, 0.5f),
                      item(1, 2, 0.1f), item(2, 2, 0.7f), item(2, 0, 0.3f)};
  const SampleItems samples = choose_samples(evaluation);
  EXPECT_THAT(samples.worst, ElementsAre(4, 1, 6));
  EXPECT_THAT(samples.right, ElementsAre(2, 5, 3));
  for (int i = 0; i < 20; ++i) evaluation.items.push_back(item(0, 2, 0.01f * static_cast<float>(i)));
  EXPECT_EQ(choose_samples(evaluation).worst.size(), 8U);
}

constexpr const char* kSampleRecipe = R"([model]
name = "{0}"
encoder = "small_cnn"
hidden_size = 3
[model.small_cnn]
channels = [2, 4]
kernels = [3, 3]
features = 3
[input]
width = 20
height = 16
crop_width = 16
crop_height = 12
colour = "gray"
standardise = true
[data]
format = "manifest"
path = "{1}"
[train]
epochs = 1
[evaluate]
crops = 1
)";

class SamplesOfARun : public testing::Test {
 protected:
  SamplesOfARun() {
    std::string manifest = "path,label,split\n";
    for (int i = 0; i < 4; ++i) {
      media::write_numbered_clip(directory_ / fmt::format("{}.mp4", i), 4, 10.0, 16, 16);
      manifest += fmt::format("{}.mp4,{},{}\n", i, i % 2 == 0 ? "a" : "b", i < 2 ? "train" : "test");
    }
    media::write_file(directory_ / "manifest.csv", manifest);
  }

  TrainRequest request(const std::string& model) const {
    TrainRequest request{
        .recipe =
            parse_toml(fmt::format(kSampleRecipe, model, std::string(directory_ / "manifest.csv")), "recipe.toml")};
    request.paths = RunPaths(directory_ / model);
    request.threads = 1;
    return request;
  }

  TemporaryDirectory directory_;
};

TEST_F(SamplesOfARun, AttentionLiesOverThePicturesOfAModelThatHasIt) {
  TrainRequest wanted = request("visual_attention");
  wanted.recipe.set_override("model.score=content");  // "clip", the start of its state, needs all frames first
  const TrainOutcome outcome = train(wanted);
  ASSERT_EQ(outcome.watched.size(), 2U);
  for (const Watched& watched : outcome.watched) {
    EXPECT_EQ(watched.result.attention, (tasks::AttentionGrid{.height = 3, .width = 4}));
    ASSERT_EQ(watched.result.frames.size(), 4U);
    for (const tasks::FrameScores& frame : watched.result.frames) {
      ASSERT_EQ(frame.attention.size(), 12U);
      EXPECT_NEAR(std::accumulate(frame.attention.begin(), frame.attention.end(), 0.0), 1, 1e-5);
    }
  }
  const reports::RunReport report = make_report(wanted, outcome);
  EXPECT_EQ(report.worst_clips.size() + report.right_clips.size(), 2U);
  EXPECT_THAT(reports::to_html(report), HasSubstr("where the model looked"));
  TrainOutcome blind = outcome;
  blind.watched.clear();
  const reports::RunReport plain = make_report(wanted, blind);
  const auto& with = report.worst_clips.empty() ? report.right_clips : report.worst_clips;
  const auto& without = report.worst_clips.empty() ? plain.right_clips : plain.worst_clips;
  ASSERT_EQ(with[0].thumbnails.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NE(with[0].thumbnails[i], without[0].thumbnails[i]);
}

TEST_F(SamplesOfARun, OtherModelsHavePicturesOnly) {
  const TrainRequest wanted = request("lrcn");
  const TrainOutcome outcome = train(wanted);
  EXPECT_THAT(outcome.watched, IsEmpty());
  const reports::RunReport report = make_report(wanted, outcome);
  EXPECT_EQ(report.worst_clips.size() + report.right_clips.size(), 2U);
  EXPECT_THAT(reports::to_html(report), Not(HasSubstr("where the model looked")));
}

}  // namespace
}  // namespace longtake::training
