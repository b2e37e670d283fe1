// Recipes, models, states and labels that are wrong: the message names the file and the reason, nothing crashes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "base/options.h"
#include "base/safetensors.h"
#include "cli/programs.h"
#include "cli/small_world.h"
#include "data/motions.h"
#include "graph/model_file.h"
#include "layers/basic.h"
#include "media/clips.h"
#include "models/registry.h"
#include "tasks/recipe.h"

namespace longtake::test {
namespace {

using media::read_file;
using media::write_file;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class BadFiles : public SmallWorldTest {
 protected:
  static void expect_refused(const std::vector<std::string>& arguments, int code,
                             const std::vector<std::string>& mentioned) {
    const Outcome outcome = run(arguments);
    const std::string what = testing::PrintToString(arguments);
    EXPECT_EQ(outcome.code, code) << what << "\n" << outcome.err;
    EXPECT_EQ(outcome.signal, 0) << what << "\n" << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty()) << what;
    for (const std::string& text : mentioned) EXPECT_THAT(outcome.err, HasSubstr(text)) << what;
  }
};

TEST_F(BadFiles, AMisspeltKeyOfAModelOrInputSuggestsTheRightOne) {
  const std::vector<std::array<std::string, 3>> keys{{"hidden_size", "hiden_size", "hidden_size"},
                                                     {"kernels =", "kernel =", "kernels"},
                                                     {"[input]", "[inputs]", "input"},
                                                     {"crop_width", "crop_widht", "crop_width"},
                                                     {"[train]", "[trian]", "train"}};
  for (const auto& [right, wrong, suggestion] : keys) {
    expect_refused({"inspect", recipe_with(right, wrong)}, kUsage, {"changed.toml", "did you mean", suggestion});
  }
  expect_refused({"inspect", world().path("recipe.toml"), "model.hiden_size=3"}, kUsage, {"hiden_size", "hidden_size"});
  expect_refused({"evaluate", world().model(), "--data", world().path("recipe.toml"), "--set", "data.pth=x"}, kUsage,
                 {"pth", "path"});
}

TEST_F(BadFiles, AMisspeltKeyOfEventsOrDataSuggestsTheRightOne) {
  expect_refused({"predict", world().model(), world().clip(), "--events", recipe_with("off = ", "of = ")}, kUsage,
                 {"changed.toml", "did you mean", "\"off\""});
  expect_refused({"data", "describe", recipe_with("path = ", "pth = ")}, kUsage, {"changed.toml", "path"});
  expect_refused({"data", "describe", recipe_with("format = \"folders\"", "format = \"folders\"\nlables = [\"a\"]")},
                 kUsage, {"changed.toml", "lables", "did you mean", "labels"});
}

TEST_F(BadFiles, AWrongTypeIsNamedWithLineAndKey) {
  for (const auto& [right, wrong, key] :
       std::vector<std::array<std::string, 3>>{{"hidden_size = 6", "hidden_size = \"six\"", "model.hidden_size"},
                                               {"channels = [4, 6]", "channels = 4.5", "model.small_cnn.channels"},
                                               {"fps = 15.0", "fps = [15]", "input.fps"},
                                               {"standardise = true", "standardise = 1", "input.standardise"},
                                               {"[input]\n", "input = 3\n[unused]\n", "input"}}) {
    expect_refused({"inspect", recipe_with(right, wrong)}, kUsage, {"changed.toml", key});
  }
  expect_refused({"data", "describe", recipe_with("path = \"", "path = 3 # \"")}, kUsage,
                 {"changed.toml", "data.path"});
  expect_refused({"predict", world().model(), world().clip(), "--events", recipe_with("on = 0.3", "on = \"often\"")},
                 kUsage, {"changed.toml", "events.on"});
}

TEST_F(BadFiles, AnUnknownNameOrAValueOutOfRangeIsNamed) {
  for (const auto& [right, wrong, named, wanted] : std::vector<std::array<std::string, 4>>{
           {"\"lrcn\"", "\"lrnc\"", "lrnc", "lrcn"},
           {"encoder = \"small_cnn\"", "encoder = \"smal_cnn\"", "smal_cnn", "small_cnn"},
           {"aggregation = \"linear\"", "aggregation = \"median\"", "median", "linear"},
           {"hidden_size = 6", "hidden_size = -6", "hidden_size", "at least 1"},
           {"colour = \"gray\"", "colour = \"grey\"", "grey", "gray"},
           {"encoder_dropout = 0.2", "encoder_dropout = 1.5", "model.encoder_dropout", "below 1"},
           {"lstm_dropout = 0.2", "lstm_dropout = -0.5", "model.lstm_dropout", "at least 0"},
           {"features = 8", "dropout = 1.0", "model.small_cnn.dropout", "below 1"},
           {"hidden_size = 6", "lstm_layers = 9223372036854775807", "model.lstm_layers", "64"},
           {"kernels = [3, 3]", "kernels = [3, \"x\"]", "model.small_cnn.kernels", "[3, \"x\"]"},
           {"fps = 15.0", "fps = -1.0", "fps", "1000"}}) {
    expect_refused({"inspect", recipe_with(right, wrong)}, kUsage, {"changed.toml", named, wanted});
  }
}

TEST_F(BadFiles, SyntaxErrorsNameLineAndColumn) {
  write_file(path("broken.toml"), "[model]\nname = \n");
  expect_refused({"inspect", path("broken.toml")}, kUsage, {"broken.toml:2"});
  expect_refused({"inspect", path("no_such.toml")}, kFailed, {"no_such.toml", "No such file"});
  expect_refused({"inspect", world().path("recipe.toml"), "model.hidden_size"}, kUsage, {"model.hidden_size"});
}

TEST_F(BadFiles, LabelsThatTheModelDoesNotKnowAreNamed) {
  write_file(path("animals.csv"), "path,label\nclips/test/up/0000.mp4,up\nclips/test/left/0000.mp4,wombat\n");
  expect_refused({"evaluate", world().model(), "--data", path("animals.csv")}, kFailed, {"wombat", "animals.csv"});
}

TEST_F(BadFiles, OfAnotherKindSayWhatTheyAreNot) {
  std::filesystem::create_directories(path("alone"));
  const std::string clip = world().clip(), recipe = world().path("recipe.toml"), model = world().model();
  expect_refused({"predict", recipe, clip}, kFailed, {"recipe.toml", "is a recipe", "longtake train"});
  expect_refused({"predict", clip, clip}, kFailed, {"0000.mp4", "is a video", "longtake predict MODEL"});
  expect_refused({"inspect", clip}, kFailed, {"0000.mp4", "is a video"});
  for (const char* verb : {"describe", "check"})
    expect_refused({"data", verb, clip}, kFailed, {"0000.mp4", "a folder"});
  expect_refused({"evaluate", model, "--data", clip}, kFailed, {"0000.mp4", "a folder"});
  expect_refused({"data", "describe", recipe, "data.path=" + clip}, kFailed, {"0000.mp4", "is no folder"});
  expect_refused({"predict", path("clips"), clip}, kFailed, {"clips", "model.safetensors"});
  expect_refused({"predict", path("none.safetensors"), clip}, kFailed, {"none.safetensors", "No such file"});
  expect_refused({"data", "describe", model}, kFailed, {"model.safetensors"});
  write_file(path("alone/model.safetensors"), read_file(model));
  expect_refused({"evaluate", path("alone/model.safetensors")}, kUsage, {"model.safetensors", "--data"});
  expect_refused({"stream", model, clip, "--load-state", model}, kFailed, {"model.safetensors"});
  expect_refused({"stream", model, clip, "--load-state", recipe}, kFailed, {"recipe.toml"});
  // A model file under a recipe's name.
  write_file(path("model.toml"), read_file(model));
  expect_refused({"inspect", path("model.toml")}, kUsage, {"model.toml"});
}

TEST_F(BadFiles, AStateOfAnotherModelIsRefused) {
  graph::Model other;
  {
    const Options recipe = parse_toml(recipe_text("nowhere"), "recipe");
    Options changed = recipe;
    changed.set_override("model.hidden_size=7");
    other = models::build(changed.table("model"), {tasks::read_input(changed.table("input")), motion_labels()});
    graph::initialise(other, 1);
  }
  graph::save_model(other, path("other.safetensors"));
  const std::string state = path("other_state.safetensors");
  ASSERT_EQ(run({"stream", path("other.safetensors"), world().clip(), "--save-state", state, "--frames", "3"}).code,
            kDone);
  expect_refused({"stream", world().model(), world().clip(), "--load-state", state}, kFailed,
                 {"other_state.safetensors"});
}

TEST_F(BadFiles, AStateThatIsMalformedIsRefused) {
  const std::string whole = path("whole_state.safetensors"), bad = path("bad_state.safetensors");
  ASSERT_EQ(run({"stream", world().model(), world().clip(), "--save-state", whole, "--frames", "3"}).code, kDone);
  const SafetensorsFile state = read_safetensors(real_files(), whole);
  const auto expect_bad = [&](const SafetensorsFile& changed, const std::string& what) {
    SCOPED_TRACE(what);
    save_safetensors(real_files(), bad, changed);
    expect_refused({"stream", world().model(), world().clip(), "--load-state", bad}, kFailed,
                   {"bad_state.safetensors"});
  };
  for (const auto& [name, tensor] : state.tensors) {
    SafetensorsFile changed = state;
    changed.tensors.erase(name);
    expect_bad(changed, name + " is missing");
    changed = state;
    changed.tensors[name] = Tensor(DType::kInt32, tensor.shape());
    expect_bad(changed, name + " has another type");
    changed = state;
    Shape shape = tensor.shape();
    shape.push_back(3);
    changed.tensors[name] = Tensor(tensor.dtype(), shape);
    expect_bad(changed, name + " has another shape");
  }
  SafetensorsFile changed = state;
  changed.metadata["longtake.state.streams"] = "2";
  expect_bad(changed, "two streams");
}

// A program that runs models wants one with the input "frame" and the outputs of a classifier.
TEST_F(BadFiles, AModelThatIsNoClassifierOfVideoIsRefused) {
  graph::Model model;
  model.name = "adder";
  graph::Builder b(model, "main");
  const graph::ValueId x = b.input("x", {1});
  b.output("y", layers::relu(b, "relu", x));
  b.finish();
  graph::save_model(model, path("adder.safetensors"));
  for (const char* verb : {"predict", "stream"}) {
    expect_refused({verb, path("adder.safetensors"), world().clip()}, kFailed,
                   {"adder.safetensors", "does not classify video"});
  }
  expect_refused({"evaluate", path("adder.safetensors"), "--data", path("clips")}, kFailed, {"adder.safetensors"});
}

TEST_F(BadFiles, ATruncatedModelIsRefusedAtEveryLength) {
  const std::string bytes = read_file(world().model());
  for (std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{100},
                             bytes.size() / 2, bytes.size() - 1}) {
    write_file(path("cut.safetensors"), bytes.substr(0, length));
    expect_refused({"predict", path("cut.safetensors"), world().clip()}, kFailed, {"cut.safetensors"});
    expect_refused({"inspect", path("cut.safetensors")}, kFailed, {"cut.safetensors"});
  }
  write_file(path("long.safetensors"), bytes + "x");
  expect_refused({"inspect", path("long.safetensors")}, kFailed, {"long.safetensors"});
}

TEST_F(BadFiles, AHostileModelIsRefusedOrHarmless) {
  const std::string bytes = read_file(world().model());
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto with_length = [&](std::uint64_t length) {
    std::string changed = bytes;
    std::memcpy(changed.data(), &length, sizeof length);
    return changed;
  };
  for (const std::string& hostile :
       {with_length(~std::uint64_t{0}), with_length(std::uint64_t{1} << 62), with_length(header - 1), with_length(0)}) {
    write_file(path("hostile.safetensors"), hostile);
    expect_refused({"inspect", path("hostile.safetensors")}, kFailed, {"hostile.safetensors"});
  }
  std::mt19937 random(3);
  for (int trial = 0; trial < 40; ++trial) {
    std::string changed = bytes;
    for (int i = 0; i <= trial % 3; ++i) changed[8 + random() % header] = "0123456789-\"[]{},:ax"[random() % 20];
    write_file(path("hostile.safetensors"), changed);
    const Outcome outcome = run({"predict", path("hostile.safetensors"), world().clip()});
    EXPECT_EQ(outcome.signal, 0) << outcome.err;
    EXPECT_THAT(outcome.code, AnyOf(kDone, kFailed)) << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("longtake: unexpected"))) << outcome.err;
    if (outcome.code == kFailed) {
      EXPECT_THAT(outcome.err, HasSubstr("hostile.safetensors"));
    }
  }
}

TEST_F(BadFiles, ANewerModelSaysWhichVersionItNeeds) {
  std::string bytes = read_file(world().model());
  const std::string now = "\\\"version\\\":1";
  const std::size_t at = bytes.find(now);
  ASSERT_NE(at, std::string::npos);
  bytes[at + now.size() - 1] = '9';
  write_file(path("newer.safetensors"), bytes);
  expect_refused({"inspect", path("newer.safetensors")}, kFailed, {"newer.safetensors", "9", "1"});
}

TEST_F(BadFiles, WhatCannotBeWrittenIsNamed) {
  write_file(path("file"), "in the way");
  const std::string clip = world().clip(), model = world().model();
  for (const char* option : {"--output", "--overlay"}) {
    const Outcome outcome = run({"predict", model, clip, option, path("file") + "/inside"});
    EXPECT_EQ(outcome.code, kFailed) << option;
    EXPECT_THAT(outcome.err, HasSubstr(path("file"))) << option;
  }
  const Outcome outcome = run({"stream", model, clip, "--save-state", path("file") + "/state"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, HasSubstr(path("file")));
}

}  // namespace
}  // namespace longtake::test
