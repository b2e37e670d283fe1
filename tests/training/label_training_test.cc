// Training a model that labels every frame, on videos whose sides light up at random: in whole clips and in streams of
// consecutive windows, with answers that lag.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"
#include "media/clips.h"
#include "media/video_writer.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::training {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kLabelRecipe = R"([model]
name = "multi_lstm"
encoder = "small_cnn"
window = 3
attention_size = 4
hidden_size = 8
forget_bias = 1.0
[model.small_cnn]
channels = [4]
kernels = [3]
features = 8
[input]
fps = 10.0
width = 16
height = 16
colour = "gray"
mean = [125.0]
scale = [0.01]
[data]
format = "intervals"
[train]
epochs = 40
batch_size = 2
optimizer = "adam"
learning_rate = 1e-2
)";

class LabelTraining : public testing::Test {
 protected:
  LabelTraining() {
    std::string rows = "path,label,start,end,split\n";
    for (int video = 0; video < 8; ++video) {
      const std::string name = fmt::format("{}.mp4", video);
      rows += write_video(name, video < 6 ? "train" : "validation", Random(3, static_cast<std::uint64_t>(video)));
    }
    media::write_file(directory_ / "i.csv", rows);
  }

  // Each side is bright or dark for half a second at a time, forty frames in all. Returns the rows of the video.
  std::string write_video(const std::string& name, const std::string& split, Random random) const {
    media::VideoWriter writer(directory_ / name, 16, 16, {.fps = 10});
    Tensor image(DType::kUint8, {16, 16, 3});
    std::string rows = fmt::format("{},,,,{}\n", name, split);
    for (int part = 0; part < 8; ++part) {
      const bool bright[2] = {random.below(2) == 1, random.below(2) == 1};
      for (int side = 0; side < 2; ++side) {
        if (!bright[side]) continue;
        rows +=
            fmt::format("{},{},{},{},{}\n", name, side == 0 ? "left" : "right", 0.5 * part, 0.5 * part + 0.49, split);
      }
      for (std::int64_t i = 0; i < image.count(); ++i) {
        image.data<std::uint8_t>()[i] = bright[i / 3 % 16 < 8 ? 0 : 1] ? 200 : 50;
      }
      for (int frame = 0; frame < 5; ++frame) writer.write(image);
    }
    writer.finish();
    return rows;
  }

  TrainRequest request(const std::vector<std::string>& overrides) const {
    TrainRequest request{.recipe = parse_toml(kLabelRecipe, "recipe.toml")};
    request.recipe.set_override("data.path=" + std::string(directory_ / "i.csv"));
    for (const std::string& text : overrides) request.recipe.set_override(text);
    request.paths = RunPaths(directory_ / "run");
    request.threads = 1;
    return request;
  }

  TemporaryDirectory directory_;
};

TEST_F(LabelTraining, LearnsFromWholeClipsAndReportsPerFrameMap) {
  const TrainRequest wanted = request({});
  const TrainOutcome outcome = train(wanted);
  EXPECT_EQ(outcome.model.task, "label");
  ASSERT_NE(outcome.labelling, nullptr);
  EXPECT_EQ(outcome.evaluation, nullptr);
  EXPECT_EQ(outcome.evaluated_split, "validation");
  EXPECT_EQ(outcome.labelling->frames.cases(), 80);
  EXPECT_GT(*outcome.labelling->frames.mean(), 0.95);
  EXPECT_EQ(outcome.history.best_accuracy, outcome.labelling->frames.mean());
  EXPECT_LT(outcome.history.epochs.back().train_loss, 0.6 * outcome.history.epochs.front().train_loss);
  const std::string page = reports::to_html(make_report(wanted, outcome));
  EXPECT_THAT(page, HasSubstr("per-frame mAP of the validation videos"));
  EXPECT_THAT(page, HasSubstr("AP of right"));
  EXPECT_THAT(page, HasSubstr("Truth and prediction over time"));
  ASSERT_EQ(outcome.watched.size(), 2U);
  EXPECT_EQ(outcome.watched[0].result.frames.size(), 40U);
  const reports::RunReport report = make_report(wanted, outcome);
  ASSERT_EQ(report.time_lines.size(), 2U);
  EXPECT_EQ(report.time_lines[0].title, "6.mp4");
  ASSERT_EQ(report.window_charts.size(), 1U);
  const auto& weights = report.window_charts[0].curves[0].points;
  ASSERT_EQ(weights.size(), 3U);
  EXPECT_NEAR(weights[0].value + weights[1].value + weights[2].value, 1, 1e-5);
}

// The state goes on from window to window through a video, and what lags comes out in the next.
TEST_F(LabelTraining, LearnsFromStreamsOfWindowsWithCarriedState) {
  const TrainOutcome outcome = train(request({"train.carry_state=true", "train.bptt_window=10", "train.epochs=120"}));
  EXPECT_GT(*outcome.labelling->frames.mean(), 0.95);
}

TEST_F(LabelTraining, RefusesDataAndSettingsThatAreForOneClassAVideo) {
  media::write_file(directory_ / "one.csv", "path,label\n0.mp4,left\n1.mp4,right\n");
  const auto refused = [&](const std::vector<std::string>& overrides, const std::string& reason) {
    EXPECT_THAT([&] { train(request(overrides)); }, ThrowsMessage<ConfigError>(HasSubstr(reason)));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "run"));
  };
  refused({"data.format=manifest", "data.path=" + std::string(directory_ / "one.csv")}, "labels every frame");
  refused({"train.class_weights=balanced"}, "for videos of one class each");
  refused({"train.order=balanced"}, "for videos of one class each");
  refused({"train.label_smoothing=0.1"}, "for videos of one class each");
}

}  // namespace
}  // namespace longtake::training
