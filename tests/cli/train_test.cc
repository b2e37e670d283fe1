// `longtake train` end to end: what a run leaves behind, and how it fails.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/programs.h"
#include "cli/runs.h"
#include "cli/small_world.h"
#include "graph/model_file.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using media::read_file;
using media::write_file;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

class Train : public SmallWorldTest {
 protected:
  // Refused before anything is written.
  static void expect_refused(const std::string& recipe, const std::vector<std::string>& mentioned) {
    const Outcome outcome = run(train_arguments(recipe, path("refused")));
    EXPECT_EQ(outcome.code, kUsage) << outcome.err;
    for (const std::string& text : mentioned) EXPECT_THAT(outcome.err, HasSubstr(text));
    EXPECT_FALSE(std::filesystem::exists(path("refused")));
  }
};

TEST_F(Train, LeavesARunThatTheOtherVerbsTakeUp) {
  const std::string directory = path("run");
  const Outcome trained = run(train_arguments(recipe(), directory, {"--json", "train.epochs=2"}));
  ASSERT_EQ(trained.code, kDone) << trained.err;
  const auto lines = lines_of(trained.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(Json::parse(lines[1])["epoch"], 2);
  EXPECT_EQ(Json::parse(lines[1])["step"], 4);  // 16 clips in batches of 8, twice
  EXPECT_THAT(trained.err, AllOf(HasSubstr("report.html"), HasSubstr("model.safetensors")));
  for (const char* file : {"recipe.toml", "model.safetensors", "report.html", "checkpoints/last.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(directory + "/" + file)) << file;
  }
  EXPECT_THAT(read_file(directory + "/report.html"), AllOf(HasSubstr("longtake train"), HasSubstr("train.epochs=2")));

  const Outcome inspected = run({"inspect", directory + "/model.safetensors", "--json"});
  EXPECT_EQ(inspected.code, kDone) << inspected.err;
  EXPECT_EQ(run({"inspect", directory, "--json"}).out, inspected.out);
  const Outcome evaluated = run({"evaluate", directory, "--json"});
  ASSERT_EQ(evaluated.code, kDone) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out)["videos"]["cases"], 8);
  EXPECT_EQ(run({"predict", directory, world().clip()}).code, kDone);
  EXPECT_EQ(run({"stream", directory, world().clip()}).code, kDone);
  // The run's own recipe trains the same again.
  const Outcome again = run(train_arguments(directory + "/recipe.toml", path("again")));
  ASSERT_EQ(again.code, kDone) << again.err;
  EXPECT_TRUE(learnt(path("again")) == learnt(directory));
}

TEST_F(Train, PrintsNothingOnStandardOutputWithoutJson) {
  const Outcome trained = run(train_arguments(recipe(), path("quiet")));
  EXPECT_EQ(trained.code, kDone);
  EXPECT_THAT(trained.out, IsEmpty());
  EXPECT_THAT(trained.err, HasSubstr("epoch"));
  const Outcome help = run({"train", "--help"});
  EXPECT_EQ(help.code, kDone);
  EXPECT_THAT(help.out, HasSubstr("Example"));
  EXPECT_EQ(run_shell("\"$LONGTAKE-train\" --help").out, help.out);
  EXPECT_EQ(run({"train"}).code, kUsage);
}

TEST_F(Train, SurvivesAFullStandardError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not here";
  const std::string directory = path("unheard");
  const Outcome outcome =
      run_shell("\"$LONGTAKE\" train '" + recipe() + "' --run '" + directory + "' --threads 1 2>/dev/full");
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_TRUE(std::filesystem::exists(directory + "/model.safetensors"));
}

TEST_F(Train, DoesNotOverwriteARun) {
  ASSERT_EQ(run(train_arguments(recipe(), path("mine"))).code, kDone);
  const Learnt before = learnt(path("mine"));
  const Outcome again = run(train_arguments(recipe(), path("mine")));
  EXPECT_EQ(again.code, kUsage);
  EXPECT_THAT(again.err, AllOf(HasSubstr(path("mine")), HasSubstr("--resume")));
  const Outcome other = run(train_arguments(recipe(), path("mine"), {"--resume", "train.learning_rate=0.5"}));
  EXPECT_EQ(other.code, kUsage);
  EXPECT_THAT(other.err, AllOf(HasSubstr(path("mine")), HasSubstr("another recipe")));
  EXPECT_TRUE(learnt(path("mine")) == before);
}

TEST_F(Train, NamesAMisspeltKeyOfEveryTableAndTheRightOne) {
  for (const auto& [right, wrong, suggestion] :
       std::vector<std::array<std::string, 3>>{{"[augment]", "[augmnt]", "augment"},
                                               {"hidden_size", "hiden_size", "hidden_size"},
                                               {"kernels =", "kernel =", "kernels"},
                                               {"standardise", "standardize", "standardise"},
                                               {"format = \"folders\"", "lables = [\"a\"]", "labels"},
                                               {"mirror", "miror", "mirror"},
                                               {"learning_rate", "learning_rat", "learning_rate"},
                                               {"clip = 0", "clib = 0", "clip"},
                                               {"off = ", "of = ", "off"}}) {
    expect_refused(recipe_with(right, wrong), {"changed.toml", "did you mean \"" + suggestion + "\""});
  }
}

TEST_F(Train, NamesTheKeyOfAWrongTypeOrValue) {
  for (const auto& [right, wrong, key, wanted] : std::vector<std::array<std::string, 4>>{
           {"epochs = 1", "epochs = \"all\"", "train.epochs", "whole number"},
           {"epochs = 1", "epochs = 0", "train.epochs", "at least 1"},
           {"batch_size = 8", "batch_size = 8.5", "train.batch_size", "whole number"},
           {"batch_size = 8", "seed = -1", "train.seed", "not negative"},
           {"learning_rate = 2e-3", "learning_rate = nan", "train.learning_rate", ""},
           {"learning_rate = 2e-3", "learning_rate = 1e39", "train.learning_rate", "at most 3.4"},
           {"learning_rate = 2e-3", "carry_state = true", "train.carry_state", "bptt_window"},
           {"\"adam\"", "\"adm\"", "train.optimizer", "adam"},
           {"batch_size = 8", "schedule = \"cosin\"", "train.schedule", "cosine"},
           {"batch_size = 8", "frame_gain = \"linar\"", "train.frame_gain", "linear"},
           {"batch_size = 8", "order = \"sorted\"", "train.order", "shuffled"},
           {"mirror = false", "mirror = 0", "augment.mirror", "true or false"},
           {"mirror = false", "zoom = -0.5", "augment.zoom", "at least 0"},
           {"clip = 0", "clip = -3", "[evaluate]", "clip -3"},
           {"off = 0.2", "off = 0.7", "events.off", "must not be above on"}}) {
    expect_refused(recipe_with(right, wrong), {"changed.toml", key, wanted});
  }
}

TEST_F(Train, StopsWhereTheLossIsNoNumberAndKeepsTheCheckpoint) {
  const std::string text = recipe_text(path("clips"));
  // The first epoch is fine, the rate of the second is not: the checkpoint between them stays.
  write_file(path("nan.toml"),
             recipe_text(path("clips"), "epochs = 2\nschedule = \"step\"\nstep_every = 2\nstep_factor = 1e30")
                 .replace(text.find("epochs = 1"), 10, ""));
  const Outcome outcome = run(train_arguments(path("nan.toml"), path("nan")));
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("not a finite number at step 4"), HasSubstr("epoch 2"), HasSubstr(".mp4"),
                                 HasSubstr("train.learning_rate")));
  EXPECT_EQ(learnt(path("nan")).history["step"], 2);
  EXPECT_EQ(run({"predict", path("nan"), world().clip()}).code, kDone);
  // From the very first step nothing is left but an empty run.
  const Outcome at_once =
      run(train_arguments(recipe(), path("at_once"), {"train.learning_rate=1e30", "train.optimizer=sgd"}));
  EXPECT_EQ(at_once.code, kFailed);
  EXPECT_THAT(at_once.err, HasSubstr("not a finite number at step"));
}

TEST_F(Train, TellsHowToGoOnInWordsThatWork) {
  Process process(train_arguments(recipe(), path("a run with 'quotes'"), {"train.epochs=30"}));
  ASSERT_TRUE(process.says("epoch   1 "));
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  ASSERT_EQ(outcome.code, kFailed) << outcome.err;
  const std::string hint = "go on with: longtake ";
  const std::size_t at = outcome.err.find(hint);
  ASSERT_NE(at, std::string::npos) << outcome.err;
  const std::string words = outcome.err.substr(at + hint.size(), outcome.err.find('\n', at) - at - hint.size());
  const Outcome resumed = run_shell("\"$LONGTAKE\" " + words);
  EXPECT_EQ(resumed.code, kDone) << resumed.err;
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("resumed"), HasSubstr("epoch  30")));
}

TEST_F(Train, ARunThatIsFinishedSaysSo) {
  ASSERT_EQ(run(train_arguments(recipe(), path("over"))).code, kDone);
  const Outcome again = run(train_arguments(recipe(), path("over"), {"--resume"}));
  EXPECT_EQ(again.code, kDone) << again.err;
  EXPECT_THAT(again.err, AllOf(HasSubstr("1 epochs, 2 steps: the run is finished"), Not(HasSubstr("epoch 2"))));
}

TEST_F(Train, SaysThatThereIsNoSuchDevice) {
  for (const auto& [device, code] :
       {std::pair{"cuda", kFailed}, std::pair{"cuda:3", kFailed}, std::pair{"tpu", kUsage}}) {
    const Outcome outcome = run(train_arguments(recipe(), path("device"), {"--device", device}));
    if (outcome.code == kDone) GTEST_SKIP() << "this machine has CUDA";
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(device), HasSubstr("cpu")));
    EXPECT_FALSE(std::filesystem::exists(path("device")));
  }
}

TEST_F(Train, NamesAFileThatCannotBeReadOrSkipsAndCountsIt) {
  write_file(path("empty.mp4"), "");
  std::string manifest = "path,label,split\nempty.mp4,left,train\n";
  for (const char* label : {"left", "up"}) manifest += fmt::format("clips/train/{0}/0000.mp4,{0},train\n", label);
  write_file(path("bad.csv"), manifest);
  const std::vector<std::string> data{"data.format=manifest", "data.path=" + path("bad.csv")};
  const Outcome stopped = run(train_arguments(recipe(), path("bad_stopped"), data));
  EXPECT_EQ(stopped.code, kFailed);
  EXPECT_THAT(stopped.err, AllOf(HasSubstr("empty.mp4"), HasSubstr("empty")));
  std::vector<std::string> skipping = data;
  skipping.push_back("train.skip_bad_files=true");
  const Outcome skipped = run(train_arguments(recipe(), path("bad_skipped"), skipping));
  EXPECT_EQ(skipped.code, kPartial) << skipped.err;
  EXPECT_THAT(skipped.err, HasSubstr("empty.mp4"));
}

TEST_F(Train, TakesUnusualVideos) {
  std::string manifest = "path,label,split\n";
  const std::vector<std::pair<std::string, std::string>> kinds{{"ten_bit.mkv", "-c:v ffv1 -pix_fmt yuv420p10le"},
                                                               {"gray.mkv", "-c:v ffv1 -pix_fmt gray"},
                                                               {"alpha.mov", "-c:v qtrle -pix_fmt argb"},
                                                               {"odd.mkv", "-vf scale=33:21 -c:v ffv1"},
                                                               {"one.mkv", "-frames:v 1 -c:v ffv1"}};
  for (const auto& [name, options] : kinds) {
    FFMPEG(fmt::format("-i {} {} {}", world().clip(), options, path(name)));
    manifest += name + (manifest.size() % 2 == 0 ? ",left,train\n" : ",up,train\n");
  }
  write_file(path("unusual.csv"),
             manifest + "clips/train/up/0000.mp4,up,train\nclips/train/left/0000.mp4,left,train\n");
  const Outcome outcome =
      run(train_arguments(recipe(), path("unusual"), {"data.format=manifest", "data.path=" + path("unusual.csv")}));
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
}

TEST_F(Train, RefusesACheckpointThatIsNone) {
  const std::string directory = path("damaged"), last = directory + "/checkpoints/last.safetensors";
  ASSERT_EQ(run(train_arguments(recipe(), directory)).code, kDone);
  const std::string bytes = read_file(last);
  const std::vector<std::string> damaged{bytes.substr(0, bytes.size() / 2), "", "garbage", read_file(world().model())};
  for (const std::string& text : damaged) {
    write_file(last, text);
    const Outcome outcome = run(train_arguments(recipe(), directory, {"--resume"}));
    EXPECT_EQ(outcome.code, kFailed) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("last.safetensors"));
    EXPECT_EQ(read_file(last), text);
  }
}

// A file may not grow above the limit, as if the disk were full there.
TEST_F(Train, AFullDiskKeepsTheOldCheckpoint) {
  const std::string directory = path("full");
  const std::string arguments =
      " train '" + recipe() + "' --run '" + directory + "' --threads 1 --resume train.epochs=40 ";
  {
    std::vector<std::string> words = train_arguments(recipe(), directory, {"--resume", "train.epochs=40"});
    Process process(words);
    ASSERT_TRUE(process.says("epoch   1 "));
    process.signal(SIGINT);
    ASSERT_EQ(process.wait().code, kFailed);
  }
  const std::string before = read_file(directory + "/checkpoints/last.safetensors");
  const std::string model = read_file(directory + "/model.safetensors");
  const Outcome outcome = run_shell("ulimit -f 4; \"$LONGTAKE\"" + arguments);
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(directory), HasSubstr("File too large")));
  EXPECT_EQ(read_file(directory + "/checkpoints/last.safetensors"), before);
  EXPECT_EQ(read_file(directory + "/model.safetensors"), model);
}

}  // namespace
}  // namespace longtake::test
