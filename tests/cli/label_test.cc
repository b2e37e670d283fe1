// Dense labelling end to end: a set is made and checked, a model trained, evaluated, and its events written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/temporary_directory.h"
#include "cli/programs.h"
#include "cli/runs.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kRecipe = R"([model]
name = "multi_lstm"
encoder = "small_cnn"
window = 3
attention_size = 4
hidden_size = 6

[model.small_cnn]
channels = [4]
kernels = [3]
features = 6
difference = true

[input]
fps = 5.0
width = 16
height = 16
colour = "gray"
standardise = true

[data]
format = "activitynet"
path = "{0}/annotations.json"
videos = "{0}/videos"

[train]
epochs = 1
batch_size = 2
bptt_window = 10
carry_state = true
optimizer = "adam"

[events]
on = 0.3
off = 0.2
)";

class Label : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TemporaryDirectory;
    const Outcome made = run({"data", "make", "activities", set(), "--train", "2", "--validation", "1", "--test", "2",
                              "--size", "16", "--shortest", "8", "--longest", "9", "--fps", "5"});
    ASSERT_EQ(made.code, kDone) << made.err;
    media::write_file(recipe(), fmt::format(kRecipe, set()));
    const Outcome trained = run(train_arguments(recipe(), run_directory()));
    ASSERT_EQ(trained.code, kDone) << trained.err;
    EXPECT_THAT(trained.err, HasSubstr("per-frame mAP"));
  }
  static void TearDownTestSuite() {
    delete directory_;
    directory_ = nullptr;
  }

  static std::string path(const std::string& name) { return *directory_ / name; }
  static std::string set() { return path("set"); }
  static std::string recipe() { return path("recipe.toml"); }
  static std::string run_directory() { return path("run"); }
  static std::string video(int number = 0) { return fmt::format("{}/videos/test_{:04}.mp4", set(), number); }

  // Of the twelve those that occur in so few videos.
  static std::set<std::string> classes_of_the_set() {
    std::set<std::string> classes;
    const Json annotations = Json::parse(media::read_file(set() + "/annotations.json"));
    for (const auto& [name, video] : annotations["database"].items()) {
      for (const Json& interval : video["annotations"]) classes.insert(interval["label"]);
    }
    return classes;
  }

 private:
  static inline TemporaryDirectory* directory_ = nullptr;
};

TEST_F(Label, DataIsDescribedAndChecked) {
  const Outcome described = run({"data", "describe", recipe()});
  EXPECT_EQ(described.code, kDone) << described.err;
  EXPECT_THAT(described.out, AllOf(HasSubstr(fmt::format("5 items of {} classes", classes_of_the_set().size())),
                                   HasSubstr("test: 2 items, ")));
  Outcome checked = run({"data", "check", recipe()});
  EXPECT_EQ(checked.code, kDone) << checked.err;
  EXPECT_THAT(checked.err, HasSubstr("5 readable, 0 partial, 0 unreadable, 0 with intervals outside the video"));

  media::write_file(set() + "/videos/stranger.mp4", "x");
  checked = run({"data", "check", recipe()});
  EXPECT_EQ(checked.code, kPartial);
  EXPECT_THAT(checked.err, HasSubstr("stranger.mp4: no annotation names this video"));
  std::filesystem::remove(set() + "/videos/stranger.mp4");
}

TEST_F(Label, EvaluatePrintsPerFrameMapAndEveryClass) {
  const Outcome text = run({"evaluate", run_directory()});
  EXPECT_EQ(text.code, kDone) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("per-frame mAP"), HasSubstr("left_then_right")));
  const Outcome json = run({"evaluate", run_directory(), "--json", "--ties", "index"});
  EXPECT_EQ(json.code, kDone) << json.err;
  const Json result = Json::parse(json.out);
  EXPECT_EQ(result["videos"], 2);
  EXPECT_GE(result["frames"], 80);
  EXPECT_EQ(result["classes"].size(), classes_of_the_set().size());
  double sum = 0;
  int present = 0;
  for (const Json& entry : result["classes"]) {
    EXPECT_EQ(entry["average_precision"].is_null(), entry["positives"] == 0);
    if (entry["positives"] == 0) continue;
    sum += entry["average_precision"].get<double>();
    ++present;
  }
  EXPECT_NEAR(result["per_frame_map"], sum / present, 1e-12);
  EXPECT_EQ(result["classes_without_positives"], classes_of_the_set().size() - present);
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--clip", "16"}, {"--items", "--json"}}) {
    std::vector<std::string> arguments{"evaluate", run_directory()};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run(arguments).code, kUsage) << wrong[0];
  }
}

TEST_F(Label, PredictAndStreamWriteTheSameEventsInActivityNetsForm) {
  const Outcome predicted =
      run({"predict", run_directory(), video(0), video(1), "--format", "activitynet", "--events", recipe()});
  ASSERT_EQ(predicted.code, kDone) << predicted.err;
  const Json results = Json::parse(predicted.out)["results"];
  EXPECT_EQ(results.size(), 2U);
  for (const Json& event : results["test_0000"]) {
    EXPECT_GE(event["segment"][1], event["segment"][0]);
    EXPECT_GE(event["score"], 0.3);
  }
  const Outcome streamed = run({"stream", run_directory(), video(0), "--format", "activitynet", "--events", recipe()});
  ASSERT_EQ(streamed.code, kDone) << streamed.err;
  const auto sorted = [](Json events) {
    std::sort(events.begin(), events.end(), [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
    return events;
  };
  EXPECT_EQ(sorted(Json::parse(streamed.out)["results"]["test_0000"]), sorted(results["test_0000"]));
  EXPECT_EQ(run({"predict", run_directory(), video(0), video(0), "--format", "activitynet"}).code, kUsage);
}

TEST_F(Label, EveryFrameTellsWhichFramesOfTheWindowItLooksAt) {
  const Outcome predicted = run({"predict", run_directory(), video(0), "--attention", "--overlay", path("seen")});
  ASSERT_EQ(predicted.code, kDone) << predicted.err;
  const Json result = Json::parse(predicted.out);
  EXPECT_EQ(result["attention"], (Json{{"window", 3}}));
  EXPECT_GE(result["frames"].size(), 40U);
  // At the first frames there is nothing to look back at.
  EXPECT_EQ(result["frames"][0]["attention"], (Json{0, 0, 1}));
  EXPECT_EQ(result["frames"][1]["attention"][0], 0);
  for (const Json& frame : result["frames"]) {
    const Json& weights = frame["attention"];
    EXPECT_NEAR(weights[0].get<double>() + weights[1].get<double>() + weights[2].get<double>(), 1, 1e-5);
  }
  EXPECT_TRUE(std::filesystem::exists(path("seen") + "/test_0000.mp4"));
}

// The answers lag two frames, which the saved stream leaves to the one that goes on; also where it answered nothing.
TEST_F(Label, AStreamThatGoesOnFromItsStateAnswersEveryFrameOnce) {
  const std::string all = path("all.nut"), rest = path("rest.nut"), state = path("state.safetensors");
  ASSERT_TRUE(media::run_ffmpeg("-i " + video(0) + " -c:v ffv1 " + all));
  const auto frames_of = [](const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    std::vector<Json> frames;
    for (const std::string& line : lines_of(outcome.out)) {
      const Json json = Json::parse(line);
      if (json["type"] == "frame") frames.push_back(json["scores"]);
    }
    return frames;
  };
  const std::vector<Json> whole = frames_of({"stream", run_directory(), all});
  for (const int middle : {1, 7}) {
    ASSERT_TRUE(media::run_ffmpeg(
        fmt::format("-y -i {} -vf select='gte(n\\,{})' -fps_mode passthrough -c:v ffv1 {}", video(0), middle, rest)));
    std::vector<Json> frames =
        frames_of({"stream", run_directory(), all, "--frames", std::to_string(middle), "--save-state", state});
    EXPECT_EQ(std::ssize(frames), std::max(0, middle - 2));
    const std::vector<Json> later = frames_of({"stream", run_directory(), rest, "--load-state", state});
    frames.insert(frames.end(), later.begin(), later.end());
    EXPECT_EQ(frames, whole) << middle;
  }
}

TEST_F(Label, EveryFrameGetsItsLineWithItsOwnTime) {
  const Outcome streamed = run({"stream", run_directory(), video(0), "--json"});
  ASSERT_EQ(streamed.code, kDone) << streamed.err;
  std::int64_t frames = 0;
  for (const std::string& line : lines_of(streamed.out)) {
    const Json json = Json::parse(line);
    if (json["type"] != "frame") continue;
    EXPECT_EQ(json["frame"], frames);
    EXPECT_NEAR(json["time"], static_cast<double>(frames) / 5, 1e-6);
    EXPECT_FALSE(json.contains("video"));
    ++frames;
  }
  EXPECT_GE(frames, 40);
  const Outcome cues = run({"predict", run_directory(), video(0), "--format", "vtt"});
  EXPECT_EQ(cues.code, kDone) << cues.err;
  EXPECT_THAT(cues.out, testing::StartsWith("WEBVTT"));
}

}  // namespace
}  // namespace longtake::test
