// Models of optical flow and two streams, from the command line.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "cli/programs.h"
#include "cli/small_world.h"
#include "data/motions.h"
#include "graph/model_file.h"
#include "longtake/video_reader.h"
#include "media/clips.h"
#include "models/registry.h"
#include "tasks/recipe.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

// The world's model over flow in place of pictures.
graph::Model flow_model(const std::string& flow) {
  const Options recipe = parse_toml(recipe_text("nowhere"), "recipe");
  const InputSpec input{.fps = 15, .width = 32, .height = 32, .mean = {128, 128, 128}, .flow = flow};
  graph::Model model = models::build(recipe.table("model"), {input, motion_labels()});
  graph::initialise(model, 1);
  return model;
}

class FlowVerbs : public SmallWorldTest {
 protected:
  static void SetUpTestSuite() {
    SmallWorldTest::SetUpTestSuite();
    graph::save_model(flow_model("dis"), path("flow.safetensors"));
    graph::save_model(flow_model("video"), path("kept.safetensors"));
  }
  static std::string flow() { return path("flow.safetensors"); }
  static Outcome keep(const std::string& directory, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"flow", path("clips/test"), "-o", directory, "--method", "dis"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(FlowVerbs, AStreamBeginsWithTheSecondFrameAndGoesOnFromItsState) {
  const std::string state = path("state.safetensors");
  const Outcome whole = run({"stream", flow(), world().clip()});
  ASSERT_EQ(whole.code, kDone) << whole.err;
  const auto lines = lines_of(whole.out);
  ASSERT_EQ(lines.size(), 8U);  // seven frames and the end
  for (int i = 0; i < 7; ++i) EXPECT_EQ(Json::parse(lines[i])["frame"], i + 1);
  const Outcome predicted = run({"predict", flow(), world().clip()});
  EXPECT_EQ(Json::parse(lines[7])["scores"], Json::parse(predicted.out)["scores"]);
  const Outcome first = run({"stream", flow(), world().clip(), "--frames", "4", "--save-state", state});
  EXPECT_EQ(lines_of(first.out).size(), 4U) << first.err;
  const Outcome other = run({"stream", path("kept.safetensors"), world().clip(), "--load-state", state});
  EXPECT_EQ(other.code, kDone) << other.err;  // of the same graph, but without flow to measure
  const Outcome back = run({"stream", flow(), world().clip(), "--load-state", path("clips/manifest.csv")});
  EXPECT_EQ(back.code, kFailed);
}

// Of one picture there is no flow yet, but the stream that goes on measures it from there.
TEST_F(FlowVerbs, AStreamGoesOnFromASinglePicture) {
  const std::string one = path("first.nut"), rest = path("rest.nut"), state = path("one.safetensors");
  ASSERT_TRUE(media::run_ffmpeg("-i " + world().clip() + " -frames:v 1 -c:v ffv1 " + one));
  ASSERT_TRUE(
      media::run_ffmpeg("-i " + world().clip() + " -vf select='gte(n\\,1)' -fps_mode passthrough -c:v ffv1 " + rest));
  const Outcome first = run({"stream", flow(), one, "--save-state", state});
  EXPECT_EQ(first.code, kDone) << first.err;
  EXPECT_EQ(lines_of(first.out).size(), 1U);  // the end
  const Outcome later = run({"stream", flow(), rest, "--load-state", state});
  const Outcome whole = run({"stream", flow(), world().clip()});
  const auto of_rest = lines_of(later.out), of_whole = lines_of(whole.out);
  ASSERT_EQ(of_rest.size(), of_whole.size()) << later.err;
  for (std::size_t i = 0; i < of_whole.size(); ++i) {
    EXPECT_EQ(Json::parse(of_rest[i])["scores"], Json::parse(of_whole[i])["scores"]);
  }
}

TEST_F(FlowVerbs, KeptFlowGivesTheSameScores) {
  const std::string directory = path("flow");
  ASSERT_EQ(keep(directory).code, kDone);
  const std::string kept = directory + "/left/0000.mp4";
  ASSERT_TRUE(std::filesystem::exists(kept));
  const Outcome measured = run({"predict", flow(), world().clip()});
  const Outcome read = run({"predict", path("kept.safetensors"), kept});
  ASSERT_EQ(read.code, kDone) << read.err;
  EXPECT_EQ(Json::parse(read.out)["scores"], Json::parse(measured.out)["scores"]);
  EXPECT_THAT(keep(directory).err, HasSubstr("8 are there already"));
  EXPECT_THAT(keep(directory, {"--again"}).err, HasSubstr("flow of 8 videos"));
}

TEST_F(FlowVerbs, FlowRefusesWhatCannotBe) {
  EXPECT_EQ(keep(path("x"), {"--fps", "4", "--flow-fps", "15"}).code, kUsage);
  EXPECT_EQ(keep(path("x"), {"--coding", "hsv"}).code, kUsage);
  const Outcome same = run({"flow", world().clip(), world().clip("right"), "-o", path("x")});
  EXPECT_EQ(same.code, kUsage);
  EXPECT_THAT(same.err, HasSubstr("would both be written"));
  EXPECT_THAT(run({"flow", path("clips/test"), "-o", path("clips/test")}).err, HasSubstr("would be overwritten"));
}

TEST_F(FlowVerbs, AVideoOfOneFrameIsToldFromABrokenOne) {
  const std::string one = path("one.mp4");
  media::write_numbered_clip(one, 1, 15);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"predict", flow(), one}, {"stream", flow(), one}, {"flow", one, "-o", path("y")}}) {
    const Outcome outcome = run(words);
    EXPECT_NE(outcome.code, kDone);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("one.mp4"), HasSubstr("measured between pictures, and 1 is too few")));
  }
}

TEST_F(FlowVerbs, DataCheckAsksForThePicturesOfTheRecipesFlow) {
  media::write_file(path("few.csv"), "path,label\nfew.mp4,left\n" + world().clip("right") + ",right\n");
  media::write_numbered_clip(path("few.mp4"), 1, 15);
  media::write_file(path("few.toml"),
                    "[input]\nwidth = 32\nheight = 32\nflow = \"dis\"\n[data]\nformat = \"manifest\"\npath = \"" +
                        path("few.csv") + "\"\n");
  for (const char* quick : {"", "--quick"}) {
    std::vector<std::string> words{"data", "check", path("few.toml")};
    if (*quick != '\0') words.emplace_back(quick);
    const Outcome checked = run(words);
    EXPECT_EQ(checked.code, kPartial) << checked.err;
    EXPECT_THAT(checked.out, AllOf(HasSubstr("few.mp4"), HasSubstr("1 is too few")));
    EXPECT_THAT(checked.err, HasSubstr("1 readable, 0 partial, 1 unreadable"));
  }
  EXPECT_EQ(run({"data", "check", path("few.csv")}).code, kDone);  // as pictures they serve
}

TEST_F(FlowVerbs, EvaluateTellsOfEachStreamAndOfBoth) {
  const auto evaluate = [](std::vector<std::string> words) {
    const std::vector<std::string> data{"--data", path("clips"), "--split", "test", "--json"};
    words.insert(words.begin(), "evaluate");
    words.insert(words.end(), data.begin(), data.end());
    return run(words);
  };
  const Outcome both = evaluate({world().model(), flow(), "--weights", "1/3,2/3"});
  ASSERT_EQ(both.code, kDone) << both.err;
  const Json json = Json::parse(both.out);
  ASSERT_EQ(json["each"].size(), 2U);
  EXPECT_EQ(json["each"][0]["model"], world().model());
  EXPECT_NEAR(json["each"][0]["weight"].get<double>(), 1.0 / 3, 1e-12);
  EXPECT_NEAR(json["each"][1]["weight"].get<double>(), 2.0 / 3, 1e-12);
  EXPECT_EQ(json["videos"]["cases"], 8);
  const Json alone = Json::parse(evaluate({flow()}).out);
  EXPECT_EQ(json["each"][1]["loss"], alone["loss"]);
  EXPECT_EQ(json["each"][1]["videos"], alone["videos"]);
  EXPECT_FALSE(alone.contains("each"));
  for (const char* weights : {"1/0,1", "-1,2", "0,0", "1"}) {
    EXPECT_EQ(evaluate({world().model(), flow(), std::string("--weights=") + weights}).code, kUsage) << weights;
  }
}

// Pictures here, kept flow there: the videos' names say that they belong together.
TEST_F(FlowVerbs, EvaluateFusesModelsWithDataOfTheirOwn) {
  const std::string kept = path("kept_flow");
  ASSERT_EQ(keep(kept).code, kDone);
  const auto make_run = [](const std::string& name, const std::string& model, const std::string& data) {
    std::filesystem::create_directories(path(name));
    std::filesystem::copy_file(model, path(name) + "/model.safetensors");
    media::write_file(path(name) + "/recipe.toml", recipe_text(data));
    return path(name);
  };
  const std::string pictures = make_run("run_pictures", world().model(), path("clips/test"));
  const std::string flows = make_run("run_flow", path("kept.safetensors"), kept);
  const Outcome both = run({"evaluate", pictures, flows, "--weights", "1/3,2/3"});
  ASSERT_EQ(both.code, kDone) << both.err;
  EXPECT_THAT(both.out, AllOf(HasSubstr("(weight 0.3333)"), HasSubstr("(weight 0.6667)"), HasSubstr("all, fused")));
  std::filesystem::rename(kept + "/left/0000.mp4", kept + "/left/0001.mp4");
  const Outcome other = run({"evaluate", pictures, flows});
  EXPECT_EQ(other.code, kFailed);
  EXPECT_THAT(other.err, HasSubstr("cannot be fused"));
}

}  // namespace
}  // namespace longtake::test
