// longtake export: the file, its check in another engine, and what is refused.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "graph/builder.h"
#include "graph/model_file.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

using Export = SmallWorldTest;

bool has_node() { return std::system("node --version >/dev/null 2>&1") == 0; }

TEST_F(Export, WritesAFileAndSaysWhatItIs) {
  const Outcome outcome = run({"export", world().model(), "-o", path("step.onnx")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("step.onnx"), HasSubstr("graph 'main'"), HasSubstr("docs/onnx.md")));
  EXPECT_THAT(media::read_file(path("step.onnx")), HasSubstr("state.clock.ticks.next"));
}

TEST_F(Export, WritesAModelWithSmallerWeights) {
  for (const std::string format : {"float16", "int8"}) {
    const std::string file = path(format + ".safetensors");
    const Outcome outcome = run({"export", world().model(), "-o", file, "--weight-format", format});
    ASSERT_EQ(outcome.code, kDone) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("weights as " + format), HasSubstr("bytes")));
    EXPECT_LT(std::filesystem::file_size(file), std::filesystem::file_size(world().model()));
    const std::string again = path("again.safetensors"), other = format == "int8" ? "float16" : "int8";
    const Outcome twice = run({"export", file, "-o", again, "--weight-format", other});
    EXPECT_EQ(twice.code, kUsage);
    EXPECT_THAT(twice.err, HasSubstr("are " + format + " already"));
  }
}

TEST_F(Export, IsCheckedInAnotherEngine) {
  if (!has_node()) GTEST_SKIP() << "there is no Node, the other engine's host";
  const Outcome outcome = run({"export", world().model(), "-o", path("checked.onnx"), "--check"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("greatest difference"), HasSubstr("after 50")));
}

TEST_F(Export, ChecksWhatWasRoundedAsFloat32) {
  if (!has_node()) GTEST_SKIP() << "there is no Node, the other engine's host";
  ASSERT_EQ(run({"export", world().model(), "-o", path("rounded.safetensors"), "--weight-format", "int8"}).code, kDone);
  const Outcome outcome = run({"export", path("rounded.safetensors"), "-o", path("rounded.onnx"), "--check"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
}

TEST_F(Export, SaysWhenThereIsNoEngine) {
  const std::string command = "\"$LONGTAKE\" export '" + world().model() + "' -o '" + path("alone.onnx") + "' --check";
  const Outcome without_node = run_shell("PATH=/nowhere; " + command);
  EXPECT_EQ(without_node.code, kFailed);
  EXPECT_THAT(without_node.err, HasSubstr("there is no Node"));
  EXPECT_TRUE(std::filesystem::exists(path("alone.onnx")));
  if (!has_node()) GTEST_SKIP() << "there is no Node, the other engine's host";
  const Outcome without_package = run_shell("export NODE_PATH=/nowhere; cd '" + path("") + "' && " + command);
  EXPECT_EQ(without_package.code, kFailed);
  EXPECT_THAT(without_package.err, AllOf(HasSubstr("onnxruntime-web"), HasSubstr("npm install")));
}

TEST_F(Export, RefusesWhatItCannotDo) {
  const Outcome nowhere = run({"export", world().model(), "-o", path("missing/step.onnx")});
  EXPECT_EQ(nowhere.code, kFailed);
  EXPECT_THAT(nowhere.err, HasSubstr("missing/step.onnx"));
  const Outcome graph = run({"export", world().model(), "-o", path("step.onnx"), "--graph", "mian"});
  EXPECT_EQ(graph.code, kUsage);
  EXPECT_THAT(graph.err, AllOf(HasSubstr("--graph"), HasSubstr("main")));
  const Outcome name = run({"export", world().model(), "-o", path("step.pt")});
  EXPECT_EQ(name.code, kUsage);
  EXPECT_THAT(name.err, AllOf(HasSubstr(".onnx"), HasSubstr(".safetensors")));
  const Outcome itself = run({"export", world().model(), "-o", world().model()});
  EXPECT_EQ(itself.code, kUsage);
  EXPECT_THAT(itself.err, HasSubstr("is the model itself"));
  const Outcome format = run({"export", world().model(), "-o", path("step.onnx"), "--weight-format", "int8"});
  EXPECT_EQ(format.code, kUsage);
  EXPECT_THAT(format.err, HasSubstr("an ONNX file is float32"));
  const Outcome recipe = run({"export", path("recipe.toml"), "-o", path("step.onnx")});
  EXPECT_EQ(recipe.code, kFailed);
  EXPECT_THAT(recipe.err, HasSubstr("is a recipe"));
}

TEST_F(Export, RefusesAModelThatNeedsWholeClips) {
  graph::Model model;
  graph::Builder b(model, "main");
  b.output("y", b.node("final", "mean_of_clip", {b.input("frame", {3})}).front());
  b.finish();
  graph::save_model(model, path("whole.safetensors"));
  const Outcome outcome = run({"export", path("whole.safetensors"), "-o", path("whole.onnx")});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("mean_of_clip"), HasSubstr("needs whole sequences")));
  EXPECT_FALSE(std::filesystem::exists(path("whole.onnx")));
}

}  // namespace
}  // namespace longtake::test
