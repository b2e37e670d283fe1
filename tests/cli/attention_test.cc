// Where a model looks, from a video to JSON lines and overlays, and models that need the whole video before they
// answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "data/motions.h"
#include "graph/model_file.h"
#include "longtake/video_reader.h"
#include "media/clips.h"
#include "models/registry.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

class AttentionOfVideos : public SmallWorldTest {
 protected:
  // A model with random weights that sees 16 x 16 of 18 x 18 pixels, as a map of 4 x 4 places.
  static std::string visual_attention(const std::string& initial_state) {
    const Options options = parse_toml(
        "name = \"visual_attention\"\nencoder = \"small_cnn\"\nscore = \"content\"\n"
        "attention_size = 4\nhidden_size = 4\noutput_size = 4\n"
        "small_cnn = { channels = [3, 4], kernels = [3, 3] }\n"
        "initial_state = \"" +
            initial_state + "\"\n",
        "model");
    const InputSpec input{.fps = 15,
                          .width = 18,
                          .height = 18,
                          .crop_width = 16,
                          .crop_height = 16,
                          .colour = "gray",
                          .standardise = true};
    graph::Model model = models::build(options, {input, motion_labels()});
    graph::initialise(model, 1);
    std::string path = SmallWorldTest::path(initial_state + ".safetensors");
    graph::save_model(model, path);
    return path;
  }
};

double sum(const Json& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0,
                         [](double total, const Json& weight) { return total + weight.get<double>(); });
}

TEST_F(AttentionOfVideos, IsInTheJsonLinesOfPredictAndStreamAlike) {
  const std::string model = visual_attention("first");
  const Outcome predicted = run({"predict", model, world().clip(), "--attention"});
  ASSERT_EQ(predicted.code, kDone) << predicted.err;
  const Json video = Json::parse(predicted.out);
  EXPECT_EQ(video["attention"], (Json{{"height", 4}, {"width", 4}}));
  ASSERT_EQ(video["frames"].size(), 8U);
  const Outcome streamed = run({"stream", model, world().clip(), "--attention"});
  ASSERT_EQ(streamed.code, kDone) << streamed.err;
  const auto lines = lines_of(streamed.out);
  ASSERT_EQ(lines.size(), 9U);
  for (std::size_t i = 0; i < 8; ++i) {
    const Json weights = video["frames"][i]["attention"];
    EXPECT_EQ(weights.size(), 16U);
    EXPECT_NEAR(sum(weights), 1, 1e-5);
    EXPECT_EQ(Json::parse(lines[i])["attention"], weights);
  }
  EXPECT_EQ(Json::parse(lines[8])["attention"], video["attention"]);
}

TEST_F(AttentionOfVideos, IsOnlyWrittenWhereItIsWantedAndPossible) {
  const std::string model = visual_attention("first");
  EXPECT_THAT(run({"predict", model, world().clip(), "--frames"}).out, Not(HasSubstr("attention")));
  for (const char* verb : {"predict", "stream"}) {
    const Outcome refused = run({verb, model, world().clip(), "--attention", "--format", "csv"});
    EXPECT_EQ(refused.code, kUsage);
    EXPECT_THAT(refused.err, HasSubstr("--attention"));
  }
  const Outcome without = run({"predict", world().model(), world().clip(), "--attention"});
  EXPECT_EQ(without.code, kDone);
  EXPECT_THAT(without.out, Not(HasSubstr("attention")));
}

TEST_F(AttentionOfVideos, AMapThatDoesNotFitIsNamedWithItsFile) {
  const std::string path = visual_attention("zero");
  graph::Model model = graph::load_model(path);
  model.protocol["attention"] = "5x4";
  graph::save_model(model, path);
  const Outcome refused = run({"predict", path, world().clip()});
  EXPECT_EQ(refused.code, kFailed);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("zero.safetensors"), HasSubstr("protocol.attention is 5x4")));
}

TEST_F(AttentionOfVideos, AModelOfWholeClipsIsRunOverTheWholeVideo) {
  const std::string model = visual_attention("clip");
  const std::string seen = path("seen");
  const Outcome predicted = run({"predict", model, world().clip(), "--attention", "--overlay", seen});
  ASSERT_EQ(predicted.code, kDone) << predicted.err;
  const Json video = Json::parse(predicted.out);
  EXPECT_EQ(video["protocol"], "whole video at once");
  ASSERT_EQ(video["frames"].size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(video["frames"][i]["time"], static_cast<double>(i) / 15, 1e-4);
    EXPECT_NEAR(sum(video["frames"][i]["attention"]), 1, 1e-5);
  }
  // A stream's only clip is the whole video.
  const Outcome streamed = run({"stream", model, world().clip(), "--attention", "--clip", "20"});
  ASSERT_EQ(streamed.code, kDone) << streamed.err;
  const auto lines = lines_of(streamed.out);
  ASSERT_EQ(lines.size(), 9U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(Json::parse(lines[i])["scores"], video["frames"][i]["scores"]);
    EXPECT_EQ(Json::parse(lines[i])["attention"], video["frames"][i]["attention"]);
  }
  EXPECT_THAT(std::string(Json::parse(lines[8])["protocol"]), HasSubstr("clips of 20 frames"));

  // 32 x 32 pixels are shown as 480 x 480, of which the model saw 16 of 18 parts: from 27 to 453.
  VideoReader overlay = VideoReader::open(seen + "/0000.mp4"), clip = VideoReader::open(world().clip());
  Frame shown, plain;
  ASSERT_TRUE(overlay.read(shown) && clip.read(plain));
  ASSERT_EQ(overlay.width(), 480);
  const auto difference = [&](int x, int y) {
    int most = 0;
    for (int c = 0; c < 3; ++c) {
      most = std::max(most, std::abs(shown.image.data<std::uint8_t>()[(y * 480 + x) * 3 + c] -
                                     plain.image.data<std::uint8_t>()[(y / 15 * 32 + x / 15) * 3 + c]));
    }
    return most;
  };
  for (const int at : {100, 240, 400}) {
    for (const int outside : {7, 472}) {
      EXPECT_LT(difference(at, outside), 25) << at;
      EXPECT_LT(difference(outside, at), 25) << at;
    }
    EXPECT_GT(difference(at, 37), 30) << at;
    EXPECT_GT(difference(37, at), 30) << at;
  }
}

}  // namespace
}  // namespace longtake::test
