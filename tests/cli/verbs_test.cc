// Every verb that runs a model, from the command line to what it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "graph/builder.h"
#include "graph/model_file.h"
#include "graph/weight_format.h"
#include "longtake/video_reader.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using media::read_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Json = nlohmann::json;

class Verbs : public SmallWorldTest {
 protected:
  // The JSON lines of a stream that ended well.
  static std::vector<Json> stream(std::vector<std::string> options) {
    options.insert(options.begin(), "stream");
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    std::vector<Json> lines;
    for (const std::string& line : lines_of(outcome.out)) lines.push_back(Json::parse(line));
    return lines;
  }
};

TEST_F(Verbs, HaveHelpWithExamplesOnStandardOutput) {
  const std::vector<std::vector<std::string>> verbs{{"models"},
                                                    {"inspect"},
                                                    {"data"},
                                                    {"data", "describe"},
                                                    {"data", "check"},
                                                    {"data", "make"},
                                                    {"data", "make", "motions"},
                                                    {"data", "make", "moving_digits"},
                                                    {"data", "make", "storms"},
                                                    {"flow"},
                                                    {"train"},
                                                    {"evaluate"},
                                                    {"predict"},
                                                    {"stream"},
                                                    {"export"},
                                                    {"bench"},
                                                    {"bench", "streams"},
                                                    {"completion"}};
  for (std::vector<std::string> verb : verbs) {
    verb.push_back("--help");
    const Outcome help = run(verb);
    EXPECT_EQ(help.code, kDone) << verb[0];
    EXPECT_THAT(help.out, HasSubstr("Example")) << verb[0];
    EXPECT_THAT(help.err, IsEmpty()) << verb[0];
  }
  EXPECT_EQ(run({"--help"}).code, kDone);
}

TEST_F(Verbs, UsedWronglyExitWithTwoAndSayWhatIsWrong) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"prdict"},
      {"data", "chek"},
      {"predict"},
      {"stream", "a", "b", "c"},
      {"models", "--jsn"},
      {"bench", world().model(), "--frames", "many"},
      {"bench", world().model(), "--frames", "0"},
      {"bench"},
      {"bench", world().model(), "--late", "10"},
      {"bench", "streams"},
      {"bench", "streams", world().model(), "--streams", "1,0"},
      {"bench", "streams", world().model(), "--latency", "nan"},
      {"bench", "streams", world().model(), "--wait", "3600001"},
      {"bench", "streams", world().model(), "--fps", "0.1", "--seconds", "3"},
      {"inspect", world().model(), "--streams", "0"},
      {"inspect", world().model(), "--threads", "2"},
      {"inspect", world().model(), "--weight-format", "int8"},
      {"inspect", world().model(), "--streams", "1", "--weight-format", "int4"},
      {"predict", world().model(), world().clip(), "--format", "xml"},
      {"predict", world().model(), world().clip(), "--bad-frames", "hide"},
      {"stream", world().model(), world().clip(), "--live", "--policy", "all"},
      {"evaluate", world().model(), "--weights", "1,2"},
      {"bench", world().model(), "--frames", "99999999999999999999"},
      {"evaluate", world().model(), "--split", "foo"},
      {"evaluate", world().model(), "--data", world().path("clips"), "--split", "validation"},
      {"inspect", world().model(), "--graph", "foo"},
      {"inspect", ""},
      {"data", "make", "motions", world().path("new"), "--train", "0"},
      {"data", "make", "motions", world().path("new"), "--size", "33"},
      {"data", "make", "motions", world().path("new"), "--seed", "-1"},
      {"data", "make", "moving_digits", world().path("new")},
      {"data", "make", "moving_digits", world().path("new"), "--sprites", "a.idx", "--motion", "straight"},
      {"data", "make", "storms", world().path("new"), "--tracks", "tracks.csv"},
      {"data", "make", "motions", world().path("clips"), "--size", "32"},
      {"data", "describe", world().path("recipe.toml"), "data.group_pattern=\"(\""},
      {"data", "describe", world().path("recipe.toml"), "data.validation_groups=[\"F01\"]"},
      {"stream", world().model(), world().clip(), "--timeout", "nan"},
      {"train"},
      {"train", "recipe.toml", "--bogus"},
      {"completion", "fish"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run(arguments);
    const std::string text = testing::PrintToString(arguments);
    EXPECT_EQ(outcome.code, kUsage) << text;
    EXPECT_THAT(outcome.out, IsEmpty()) << text;
    EXPECT_THAT(outcome.err, Not(IsEmpty())) << text;
  }
}

TEST_F(Verbs, UsedWronglySayWhatWouldBeRight) {
  const std::string recipe = world().path("recipe.toml");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"prdict"}, "did you mean \"predict\""},
      {{"nope"}, "known: models, inspect"},
      {{"data", "chek", "x"}, "did you mean \"check\""},
      {{"predict", "", "x"}, "argument 2, after \"predict\", is empty"},
      {{"data", "make", "motions", world().path("new"), "--train", "0"}, "training clips per class is 0; 1 to"},
      {{"inspect", recipe, "--graph", "foo"}, "it has: main"},
      {{"data", "describe", recipe, "data.path=\"\""}, "data.path must not be empty"},
      {{"data", "describe", recipe, "data.test_groups=[\"F01\"]"}, "group pattern"},
      {{"data", "describe", recipe, "data.test_groups=[\"0009\"]", "data.group_pattern=\"(.*)\\\\.mp4\""}, "0000"}};
  for (const auto& [arguments, right] : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kUsage) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(right));
  }
}

// Before the data is listed, so that it need not even be there.
TEST_F(Verbs, InspectReadsEverySectionOfARecipe) {
  const std::vector<std::array<std::string, 3>> wrong{
      {"epochs = 1", "epoch = 1", "\"epochs\""},    {"mirror", "miror", "\"mirror\""},
      {"crops = 1", "crop = 1", "\"crops\""},       {"crops = 1", "crops = 3", "[evaluate]"},
      {"off = 0.2", "off = 0.7", "events.off"},     {"off =", "of =", "\"off\""},
      {"\"folders\"", "\"folder\"", "\"folders\""}, {"batch_size = 8", "batch_size = 99999999", "train.batch_size"}};
  for (const auto& [from, to, named] : wrong) {
    const Outcome outcome = run({"inspect", recipe_with(from, to), "data.path=\"/nowhere\""});
    EXPECT_EQ(outcome.code, kUsage) << to;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("changed.toml"), HasSubstr(named)));
  }
}

TEST_F(Verbs, PredictOverwritesNeitherAVideoNorAnothersOutput) {
  const std::string left = world().clip("left"), up = world().clip("up");  // both are named 0000.mp4
  for (const char* option : {"--output", "--overlay"}) {
    const Outcome outcome = run({"predict", world().model(), left, up, option, world().path("both")});
    EXPECT_EQ(outcome.code, kUsage) << option;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(left), HasSubstr(up), HasSubstr("would both be written")));
  }
  EXPECT_FALSE(std::filesystem::exists(world().path("both")));
  const std::string before = read_file(left);
  const Outcome outcome =
      run({"predict", world().model(), left, "--overlay", std::filesystem::path(left).parent_path().string()});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(left), HasSubstr("would be overwritten")));
  EXPECT_EQ(read_file(left), before);
}

TEST_F(Verbs, ModelsListsNamePaperYearAndTask) {
  const Outcome outcome = run({"models", "--json"});
  ASSERT_EQ(outcome.code, kDone);
  bool has_lrcn = false;
  for (const Json& model : Json::parse(outcome.out)) {
    for (const char* key : {"name", "paper", "year", "task"}) EXPECT_TRUE(model.contains(key)) << key;
    has_lrcn = has_lrcn || (model["name"] == "lrcn" && model["year"] == 2015 && model["task"] == "classify");
  }
  EXPECT_TRUE(has_lrcn);
}

TEST_F(Verbs, CompletionIsBashThatCompletesVerbsAndOptions) {
  const Outcome outcome = run_shell(
      "script=$(\"$LONGTAKE\" completion bash) && bash -n <<<\"$script\" && eval \"$script\" &&\n"
      "COMP_WORDS=(longtake pre) COMP_CWORD=1 && _longtake && echo \"${COMPREPLY[@]}\" &&\n"
      "COMP_WORDS=(longtake predict --over) COMP_CWORD=2 && _longtake && echo \"${COMPREPLY[@]}\" &&\n"
      "COMP_WORDS=(longtake data make m) COMP_CWORD=3 && _longtake && echo \"${COMPREPLY[@]}\" &&\n"
      "COMP_WORDS=(longtake train --re) COMP_CWORD=2 && _longtake && echo \"${COMPREPLY[@]}\" &&\n"
      "COMP_WORDS=(longtake completion z) COMP_CWORD=2 && _longtake && echo \"${COMPREPLY[@]}\"");
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(lines_of(outcome.out), ElementsAre("predict", "--overlay", "motions moving_digits", "--resume", "zsh"));
}

TEST_F(Verbs, InspectSaysTheSameOfARecipeAndOfItsModelFile) {
  const Outcome of_recipe = run({"inspect", world().path("recipe.toml"), "--json"});
  const Outcome of_file = run({"inspect", world().model(), "--json"});
  ASSERT_EQ(of_recipe.code, kDone) << of_recipe.err;
  ASSERT_EQ(of_file.code, kDone) << of_file.err;
  const Json recipe = Json::parse(of_recipe.out), file = Json::parse(of_file.out);
  for (const char* key :
       {"parameters", "parameters_by_layer", "flops_per_frame", "state_bytes_per_stream", "causal", "loops"}) {
    ASSERT_TRUE(file.contains(key)) << key;
    EXPECT_EQ(recipe.at(key), file.at(key)) << key;
  }
  // By hand: each conv has channels x kernel^2 x inputs + channels; two frames go in (the frame and what changed).
  EXPECT_EQ(file["causal"], true);
  EXPECT_THAT(run({"inspect", world().model(), "--dot"}).out, StartsWith("digraph"));
}

TEST_F(Verbs, PredictWritesJsonLines) {
  const Outcome outcome = run({"predict", world().model(), world().clip("left"), world().clip("up"), "--frames"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 2U);
  const Json first = Json::parse(lines[0]);
  EXPECT_EQ(first["source"], world().clip("left"));
  EXPECT_EQ(first["frames"].size(), 8U);
  EXPECT_EQ(first["scores"].size(), 8U);  // classes
  EXPECT_EQ(first["decode"]["partial"], false);
  double sum = 0;
  for (const auto& [label, score] : first["scores"].items()) sum += score.get<double>();
  EXPECT_NEAR(sum, 1, 1e-4);
  EXPECT_EQ(Json::parse(lines[1])["source"], world().clip("up"));
}

TEST_F(Verbs, PredictWritesTheOtherFormats) {
  const Outcome csv = run({"predict", world().model(), world().clip(), "--format", "csv"});
  EXPECT_EQ(csv.code, kDone) << csv.err;
  EXPECT_GE(lines_of(csv.out).size(), 2U);
  EXPECT_THAT(csv.out, AllOf(HasSubstr("counter_clockwise"), HasSubstr(world().clip())));
  const std::string folder = world().path("subtitles");
  const Outcome vtt = run({"predict", world().model(), world().clip(), "--format", "vtt", "--output", folder});
  EXPECT_EQ(vtt.code, kDone) << vtt.err;
  EXPECT_THAT(vtt.out, IsEmpty());
  EXPECT_THAT(vtt.err, HasSubstr("0000.vtt"));
  EXPECT_THAT(read_file(folder + "/0000.vtt"), StartsWith("WEBVTT"));
}

TEST_F(Verbs, PredictWritesAnOverlayThatPlays) {
  const Outcome outcome = run({"predict", world().model(), world().clip(), "--overlay", world().path("seen")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  VideoReader reader = VideoReader::open(world().path("seen/0000.mp4"));
  Frame frame;
  int frames = 0;
  while (reader.read(frame)) ++frames;
  EXPECT_EQ(frames, 8);
  EXPECT_GT(reader.height(), 32);  // the time line lies below the picture
  EXPECT_FALSE(reader.stats().partial);
}

TEST_F(Verbs, StreamPrintsALinePerFrameAndEndsWithWhatPredictSays) {
  const auto lines = stream({world().model(), world().clip()});
  ASSERT_EQ(lines.size(), 9U);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(lines[i]["type"], "frame");
    EXPECT_EQ(lines[i]["frame"], i);
    EXPECT_NEAR(lines[i]["time"].get<double>(), i / 15.0, 1e-5);
  }
  const Outcome predicted = run({"predict", world().model(), world().clip()});
  EXPECT_EQ(lines[8]["scores"], Json::parse(predicted.out)["scores"]);
}

TEST_F(Verbs, StreamFollowsStandardInput) {
  const Outcome outcome = run_shell("ffmpeg -nostdin -v error -i '" + world().clip() +
                                    "' -c copy -f mpegts - | \"$LONGTAKE\" stream '" + world().model() + "' -");
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(lines_of(outcome.out).size(), 9U);
}

TEST_F(Verbs, StreamGoesOnFromASavedStateAsIfNothingHadBeen) {
  const std::string state = world().path("state.safetensors"), clip = world().clip();
  ASSERT_TRUE(media::run_ffmpeg("-i " + clip + " -vf select='gte(n\\,5)' -fps_mode passthrough -c:v ffv1 " +
                                world().path("rest.nut")));
  ASSERT_TRUE(media::run_ffmpeg("-i " + clip + " -c:v ffv1 " + world().path("all.nut")));
  const auto lossless = stream({world().model(), world().path("all.nut")});
  const auto first = stream({world().model(), world().path("all.nut"), "--frames", "5", "--save-state", state});
  ASSERT_EQ(first.size(), 6U);
  EXPECT_EQ(first[4]["scores"], lossless[4]["scores"]);
  const auto rest = stream({world().model(), world().path("rest.nut"), "--load-state", state});
  ASSERT_EQ(rest.size(), 4U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rest[i]["scores"], lossless[5 + i]["scores"]) << i;
    EXPECT_EQ(rest[i]["video"], lossless[5 + i]["video"]) << i;
  }
}

TEST_F(Verbs, EventsHaveAStartAndAnEnd) {
  // Thresholds that eight classes with random weights cross at once: 1/8 is above "on".
  media::write_file(world().path("events.toml"),
                    "[events]\non = 0.1\noff = 0.05\nsmoothing_s = 0.0\nminimum_s = 0.0\n");
  const auto lines = stream({world().model(), world().clip(), "--events", world().path("events.toml")});
  int starts = 0, ends = 0;
  for (const Json& line : lines) {
    for (const Json& event : line["events"]) ++(event["event"] == "start" ? starts : ends);
  }
  EXPECT_GT(starts, 0);
  EXPECT_EQ(starts, ends);
  const Outcome predicted = run({"predict", world().model(), world().clip(), "--events", world().path("events.toml")});
  EXPECT_EQ(static_cast<int>(Json::parse(predicted.out)["events"].size()), ends);
}

TEST_F(Verbs, EvaluateCountsTheTestSplitByTheProtocol) {
  const Outcome outcome =
      run({"evaluate", world().model(), "--data", world().path("recipe.toml"), "--json", "--items"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["videos"]["cases"], 8);  // one of each class
  EXPECT_EQ(json["items"].size(), 8U);
  EXPECT_THAT(json["protocol"].get<std::string>(), HasSubstr("whole video"));
  const Outcome train = run({"evaluate", world().model(), "--data", world().path("clips"), "--split", "train", "--clip",
                             "4", "--stride", "2"});
  ASSERT_EQ(train.code, kDone) << train.err;
  EXPECT_THAT(train.out, AllOf(HasSubstr("16"), HasSubstr("4-frame clips every 2")));
  const Outcome fused = run({"evaluate", world().model(), world().model(), "--weights", "1/3,2/3", "--data",
                             world().path("recipe.toml"), "--json"});
  ASSERT_EQ(fused.code, kDone) << fused.err;
  EXPECT_EQ(Json::parse(fused.out)["confusion"], json["confusion"]);
}

TEST_F(Verbs, BenchMeasures) {
  const Outcome outcome = run({"bench", world().model(), "--frames", "20", "--streams", "2", "--json"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_GT(json["step_median_ms"].get<double>(), 0);
  const Json inspected = Json::parse(run({"inspect", world().model(), "--json"}).out);
  EXPECT_EQ(json["state_bytes_per_stream"], inspected["state_bytes_per_stream"]);
  const Outcome late = run({"bench", world().model(), "--frames", "20", "--late", "40", "--json"});
  ASSERT_EQ(late.code, kDone) << late.err;
  EXPECT_GT(Json::parse(late.out)["late_to_early"].get<double>(), 0);
}

TEST_F(Verbs, BenchFollowsManyStreams) {
  const std::vector<std::string> arguments{"bench", "streams", world().model(), "--streams", "1,3",
                                           "--fps", "50",      "--seconds",     "0.2"};
  const Outcome table = run(arguments);
  ASSERT_EQ(table.code, kDone) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("p99 ms"), HasSubstr("those of each stream alone")));
  std::vector<std::string> as_json = arguments;
  as_json.emplace_back("--json");
  const Outcome outcome = run(as_json);
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["results"].size(), 2);
  for (const Json& result : json["results"]) {
    EXPECT_EQ(result["offered_frames_per_second"], 50 * result["streams"].get<int>());
    EXPECT_GT(result["answered_frames_per_second"].get<double>(), 0);
    EXPECT_GE(result["latency_p99_ms"].get<double>(), result["latency_p50_ms"].get<double>());
    EXPECT_GE(result["mean_batch"].get<double>(), 1);
    EXPECT_LE(result["mean_batch"].get<double>(), result["streams"].get<double>());
  }
}

// Of a model whose answers lag, come only every few frames and at the end.
TEST_F(Verbs, BenchFollowsStreamsWithoutAnswersAtFirst) {
  const auto window = [](graph::Builder& b, graph::ValueId x, std::int64_t stride, std::int64_t ahead) {
    const std::string edge = ahead > 0 ? "same" : "valid";
    return b.node("window", "window", {x},
                  {{"size", std::int64_t{8}}, {"stride", stride}, {"ahead", ahead}, {"edge", edge}});
  };
  const auto saved = [](const std::string& name, const auto& add_outputs) {
    graph::Model model;
    graph::Builder b(model, "main");
    add_outputs(b, b.input("x", {3}));
    b.finish();
    graph::save_model(model, path(name));
    return path(name);
  };
  const std::vector<std::string> models{
      saved("lagging.safetensors", [&](auto& b, auto x) { b.output("y", window(b, x, 1, 7)[0]); }),
      saved("windows.safetensors", [&](auto& b, auto x) { b.output("y", window(b, x, 5, 0)[0]); }),
      saved("last.safetensors", [&](auto& b, auto x) { b.output("y", b.node("last", "last", {x})[0]); })};
  for (const std::string& model : models) {
    const Outcome outcome =
        run({"bench", "streams", model, "--streams", "1,3", "--fps", "50", "--seconds", "0.1", "--json"});
    EXPECT_EQ(outcome.code, kDone) << model << ": " << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out)["results"].size(), 2) << model;
  }
}

TEST_F(Verbs, BenchTellsThatAGraphHasNotOneInput) {
  graph::Model model;
  graph::Builder b(model, "main");
  b.output("y", b.node("add", "add", {b.input("left", {3}), b.input("right", {3})})[0]);
  b.finish();
  graph::save_model(model, path("two_inputs.safetensors"));
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"bench"}, {"bench", "streams"}}) {
    std::vector<std::string> arguments = verb;
    arguments.push_back(path("two_inputs.safetensors"));
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kFailed);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("two_inputs.safetensors"), HasSubstr("graph 'main' has 2 inputs")));
  }
}

TEST_F(Verbs, InspectTellsTheWeightFormat) {
  const std::string bytes = path("bytes.safetensors");
  graph::Model model = small_model();
  graph::set_weight_format(model, WeightFormat::kInt8);
  graph::save_model(model, bytes);
  EXPECT_EQ(Json::parse(run({"inspect", world().model(), "--json"}).out)["weight_format"], "float32");
  EXPECT_EQ(Json::parse(run({"inspect", bytes, "--json"}).out)["weight_format"], "int8");
  EXPECT_THAT(run({"inspect", bytes}).out, HasSubstr("weight format       int8\n"));
  const auto kernels = [](const std::string& format) {
    const Outcome outcome = run({"inspect", world().model(), "--streams", "1", "--weight-format", format, "--json"});
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    return Json::parse(outcome.out)["memory"]["kernels"].get<std::int64_t>();
  };
  EXPECT_LT(kernels("float16"), kernels("float32"));
}

TEST_F(Verbs, InspectDeclaresTheMemoryOfStreams) {
  const Outcome outcome = run({"inspect", world().model(), "--streams", "64", "--json"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out), memory = json["memory"];
  EXPECT_EQ(memory["state"], 64 * json["state_bytes_per_stream"].get<std::int64_t>());
  std::int64_t total = 0;
  for (const char* part : {"weights", "kernels", "buffers", "state", "frames", "answers"}) {
    total += memory[part].get<std::int64_t>();
  }
  EXPECT_EQ(memory["total"], total);
  EXPECT_THAT(run({"inspect", world().model(), "--streams", "1"}).out, HasSubstr("bytes for 1 stream\n"));
}

TEST_F(Verbs, DataIsDescribedAndChecked) {
  const Outcome described = run({"data", "describe", world().path("recipe.toml"), "--json"});
  ASSERT_EQ(described.code, kDone) << described.err;
  EXPECT_EQ(Json::parse(described.out)["splits"]["train"]["items"], 16);
  const Outcome checked = run({"data", "check", world().path("clips/manifest.csv")});
  EXPECT_EQ(checked.code, kDone) << checked.err;
  EXPECT_THAT(checked.out, IsEmpty());
  EXPECT_THAT(checked.err, HasSubstr("24 readable"));
}

// --- Standard output that is full or closed
// ------------------------------------------------------------------------------

TEST_F(Verbs, AFullStandardOutputIsAnError) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"models"},
                                             {"inspect", world().model()},
                                             {"predict", world().model(), world().clip()},
                                             {"stream", world().model(), world().clip()},
                                             {"completion"}}) {
    const Outcome outcome = run(arguments, {.output = "/dev/full"});
    EXPECT_EQ(outcome.code, kFailed) << arguments[0];
    EXPECT_THAT(outcome.err, HasSubstr("standard output: No space left on device")) << arguments[0];
  }
}

TEST_F(Verbs, AFullStandardErrorTakesNothingButItsText) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not here";
  media::write_file(world().path("empty.mp4"), "");
  const std::string start = "\"$LONGTAKE\" predict '" + world().model() + "' ";
  EXPECT_EQ(run_shell(start + "'" + world().path("empty.mp4") + "' 2>/dev/full").code, kFailed);
  const std::string both = "'" + world().path("empty.mp4") + "' '" + world().clip() + "' ";
  const Outcome outcome = run_shell(start + both + "2>/dev/full");
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_EQ(lines_of(outcome.out).size(), 1U);
}

// What the shell's limit does to a file, which would otherwise end the program by a signal.
TEST_F(Verbs, AFileThatMayNotGrowIsAnError) {
  const std::string state = world().path("limited.safetensors");
  const Outcome outcome =
      run_shell("{ ( ulimit -f 0; \"$LONGTAKE\" stream '" + world().model() + "' '" + world().clip() +
                "' --frames 1 --save-state '" + state + "' 2>&1 >/dev/null ); echo $?; } | cat");
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 2U) << outcome.out;
  EXPECT_THAT(lines[0], AllOf(HasSubstr(state), HasSubstr("File too large")));
  EXPECT_EQ(lines[1], "1");
}

TEST_F(Verbs, AReaderThatHasSeenEnoughEndsThemQuietly) {
  const std::string clip = "'" + world().clip() + "' ";
  std::string many;
  for (int i = 0; i < 20; ++i) many += clip;
  const Outcome outcome = run_shell("\"$LONGTAKE\" predict '" + world().model() + "' --frames " + many +
                                    " | head -1; echo ${PIPESTATUS[0]}");
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(Json::accept(lines[0]));
  EXPECT_EQ(lines[1], "1");
  EXPECT_THAT(outcome.err, IsEmpty());
}

}  // namespace
}  // namespace longtake::test
