// Features computed once and trained from, runs with the frames shuffled, and runs side by side: `extract`, `train`
// with train.features, `evaluate --features --shuffle --save` and `compare`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/safetensors.h"
#include "cli/programs.h"
#include "cli/runs.h"
#include "cli/small_world.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

// An encoder that neither learns nor remembers, and frames as they are.
const std::vector<std::string> kFrozen{"model.encoder_frozen=true", "model.small_cnn.difference=false",
                                       "augment.crop=false", "train.frame_gain=linear"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class Features : public SmallWorldTest {
 protected:
  static Outcome extract(const std::string& folder, const std::vector<std::string>& overrides = kFrozen) {
    return run(with({"extract", recipe(), "-o", folder}, overrides));
  }
  static Outcome train(const std::string& directory, const std::vector<std::string>& more) {
    return run(train_arguments(recipe(), directory, with(kFrozen, more)));
  }
};

TEST_F(Features, TrainWhatTheVideosTrain) {
  const std::string folder = path("features");
  const Outcome extracted = extract(folder);
  ASSERT_EQ(extracted.code, kDone) << extracted.err;
  EXPECT_THAT(extracted.err, HasSubstr("24 videos"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 24);

  ASSERT_EQ(train(path("from_features"), {"train.features=" + folder}).code, kDone);
  ASSERT_EQ(train(path("from_videos"), {}).code, kDone);
  const auto one = read_safetensors(real_files(), path("from_features/model.safetensors")).tensors;
  const auto other = read_safetensors(real_files(), path("from_videos/model.safetensors")).tensors;
  ASSERT_EQ(one.size(), other.size());  // the encoder is part of both models
  for (const auto& [name, tensor] : other) {
    const auto expected = tensor.data<float>(), got = one.at(name).data<float>();
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-4) << name;
  }
  // The model sees videos, and features where they are given.
  const Outcome by_video = run({"evaluate", path("from_features"), "--json"});
  const Outcome by_features = run({"evaluate", path("from_features"), "--features", folder, "--json"});
  ASSERT_EQ(by_features.code, kDone) << by_features.err;
  EXPECT_NEAR(Json::parse(by_video.out)["loss"], Json::parse(by_features.out)["loss"], 1e-5);
  EXPECT_EQ(run({"stream", path("from_features"), world().clip()}).code, kDone);
}

TEST_F(Features, AreThoseOfTheirEncoderAndInput) {
  const std::string folder = path("of_another");
  ASSERT_EQ(extract(folder).code, kDone);
  const Outcome other = train(path("refused"), {"train.features=" + folder, "train.seed=9"});
  EXPECT_EQ(other.code, kFailed);
  EXPECT_THAT(other.err, AllOf(HasSubstr(folder), HasSubstr("another encoder"), HasSubstr("longtake extract")));
  const Outcome missing = train(path("refused2"), {"train.features=" + path("nowhere")});
  EXPECT_EQ(missing.code, kFailed);
  EXPECT_THAT(missing.err, HasSubstr("longtake extract"));
}

TEST_F(Features, OfAnotherEncoderAreNotOverwritten) {
  const std::string folder = path("of_one");
  ASSERT_EQ(extract(folder).code, kDone);
  const std::string file = std::filesystem::directory_iterator(folder)->path();
  const std::string before = media::read_file(file);
  for (const std::string more : {"", "--again"}) {
    std::vector<std::string> overrides = with(kFrozen, {"train.seed=9"});
    if (!more.empty()) overrides.push_back(more);
    const Outcome other = extract(folder, overrides);
    EXPECT_EQ(other.code, kUsage);
    EXPECT_THAT(other.err, AllOf(HasSubstr(folder), HasSubstr("another encoder"), HasSubstr("another folder")));
  }
  EXPECT_EQ(media::read_file(file), before);
}

// Of the test videos, too, and before the first step: no run is begun.
TEST_F(Features, ThatAreMissingAreFoundBeforeTraining) {
  const std::string folder = path("with_a_gap");
  ASSERT_EQ(extract(folder).code, kDone);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().filename().string().starts_with("test_left")) std::filesystem::remove(file.path());
  }
  const Outcome trained = train(path("with_a_gap_run"), {"train.features=" + folder});
  EXPECT_EQ(trained.code, kFailed);
  EXPECT_THAT(trained.err, AllOf(HasSubstr(folder), HasSubstr("test_left"), HasSubstr("longtake extract")));
  EXPECT_THAT(trained.err, testing::Not(HasSubstr("epoch")));
  EXPECT_FALSE(std::filesystem::exists(path("with_a_gap_run")));
}

TEST_F(Features, ThatAreNoNumbersAreNamedWithTheirFrame) {
  const std::string folder = path("not_finite");
  ASSERT_EQ(extract(folder).code, kDone);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    SafetensorsFile features = read_safetensors(real_files(), file.path());
    Tensor& level = features.tensors.at("0");
    level.data<float>()[2 * level.size(1)] = std::numeric_limits<float>::quiet_NaN();
    save_safetensors(real_files(), file.path(), features);
  }
  const Outcome trained = train(path("not_finite_run"), {"train.features=" + folder});
  EXPECT_EQ(trained.code, kFailed);
  EXPECT_THAT(trained.err, AllOf(HasSubstr(folder), HasSubstr("a number of frame 2 is not finite")));
  EXPECT_FALSE(std::filesystem::exists(path("not_finite_run")));
}

TEST_F(Features, ServeEveryModelBehindTheSameEncoder) {
  const std::string folder = path("shared");
  ASSERT_EQ(extract(folder).code, kDone);
  const Outcome deeper = train(path("deeper"), {"train.features=" + folder, "model.lstm_layers=2"});
  EXPECT_EQ(deeper.code, kDone) << deeper.err;
}

TEST_F(Features, OfAnEncoderThatLearnsOrRemembersAreRefused) {
  const Outcome learns = extract(path("a"), {"model.small_cnn.difference=false"});
  EXPECT_EQ(learns.code, kUsage);
  EXPECT_THAT(learns.err, AllOf(HasSubstr("encoder."), HasSubstr("freeze")));
  const Outcome remembers = extract(path("b"), {"model.encoder_frozen=true"});
  EXPECT_EQ(remembers.code, kUsage);
  EXPECT_THAT(remembers.err, HasSubstr("remembers"));
  EXPECT_FALSE(std::filesystem::exists(path("a")));
  const Outcome augmented = train(path("c"), {"train.features=" + path("features"), "augment.crop=true"});
  EXPECT_EQ(augmented.code, kUsage);
  EXPECT_THAT(augmented.err, HasSubstr("[augment]"));
}

TEST_F(Features, OfAVideoThatCannotBeReadAreMissingAndTold) {
  media::write_file(path("clips/train/left/broken.mp4"), "no video");
  const Outcome extracted = extract(path("of_broken"));
  std::filesystem::remove(path("clips/train/left/broken.mp4"));
  EXPECT_EQ(extracted.code, kPartial) << extracted.err;
  EXPECT_THAT(extracted.err, AllOf(HasSubstr("broken.mp4"), HasSubstr("features of 24 videos")));
}

TEST_F(Features, GoOnWhereTheyWere) {
  const std::string folder = path("again");
  ASSERT_EQ(extract(folder).code, kDone);
  const Outcome again = extract(folder);
  EXPECT_EQ(again.code, kDone);
  EXPECT_THAT(again.err, HasSubstr("24 are there already"));
}

TEST_F(Features, ThatAreDamagedAreExtractedAgain) {
  const std::string folder = path("damaged");
  ASSERT_EQ(extract(folder).code, kDone);
  for (const auto& file : std::filesystem::directory_iterator(folder)) std::filesystem::resize_file(file, 100);
  const Outcome again = extract(folder);
  EXPECT_EQ(again.code, kDone);
  EXPECT_THAT(again.err, testing::Not(HasSubstr("there already")));
}

TEST_F(Features, RunsAreComparedBySeed) {
  for (const char* seed : {"1", "2"}) {
    const std::string directory = path(std::string("seed") + seed);
    ASSERT_EQ(train(directory, {std::string("train.seed=") + seed}).code, kDone);
    ASSERT_EQ(run({"evaluate", directory, "--save"}).code, kDone);
    ASSERT_EQ(run({"evaluate", directory, "--save", "--shuffle", "1"}).code, kDone);
  }
  const Outcome compared = run({"compare", path("seed1"), path("seed2"), "--json", "-o", path("page.html")});
  ASSERT_EQ(compared.code, kDone) << compared.err;
  const Json json = Json::parse(compared.out);
  ASSERT_EQ(json["rows"].size(), 1U);
  EXPECT_EQ(json["rows"][0]["figures"]["test top-1"]["runs"], 2);
  EXPECT_EQ(json["rows"][0]["figures"]["test-shuffled top-1"]["runs"], 2);
  EXPECT_TRUE(std::filesystem::exists(path("page.html")));
  std::filesystem::copy(path("seed1"), path("seed1_copy"), std::filesystem::copy_options::recursive);
  const Outcome copied = run({"compare", path("seed1"), path("seed2"), path("seed1_copy")});
  EXPECT_EQ(copied.code, kUsage);
  EXPECT_THAT(copied.err, AllOf(HasSubstr("seed1_copy holds the same trained model"), HasSubstr("count twice")));
  const Outcome nothing = run({"compare", path("from_videos_never")});
  EXPECT_NE(nothing.code, kDone);
}

}  // namespace
}  // namespace longtake::test
