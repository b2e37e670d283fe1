// A real network through the import: SqueezeNet 1.0 with ImageNet weights names what the photographs show, read,
// resized and cropped as a recipe's [input] says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "data/video_input.h"
#include "layers/basic.h"
#include "longtake/prepare.h"
#include "onnx/import.h"
#include "runtime/program.h"
#ifdef LONGTAKE_WITH_TRAINING
#include "training/torch_executor.h"
#endif

namespace longtake::test {
namespace {

std::filesystem::path folder() {
  const char* root = std::getenv("LONGTAKE_DATA");
  return std::filesystem::path(root != nullptr ? root : "../shared/data") / "squeezenet";
}

// As docs/onnx.md says for this file.
InputSpec input() {
  return {.width = 256,
          .height = 256,
          .resize = "shorter_side",
          .crop_width = 227,
          .crop_height = 227,
          .colour = "bgr",
          .mean = {104, 117, 123}};
}

std::shared_ptr<graph::Model> squeezenet() {
  const onnx::OnnxFile file = onnx::OnnxFile::read(folder() / "squeezenet1_0.onnx");
  auto model = std::make_shared<graph::Model>();
  graph::Builder b(*model, "main");
  const onnx::Axes axes{onnx::Axis::kRow, onnx::Axis::kData, onnx::Axis::kData, onnx::Axis::kData};
  const onnx::Imported imported =
      onnx::import_graph(file, b, {{file.inputs()[0].name, {b.input("frame", {3, 227, 227}), axes}}}, {});
  b.output("scores", layers::softmax(b, "scores", imported.taps[0].value));
  b.finish();
  model->weights = imported.weights;
  return model;
}

std::vector<float> scores(graph::Executor& executor, const std::string& picture) {
  const Clip clip = read_clip_for(input(), {.path = (folder() / "images" / picture).string()});
  Tensor frame(DType::kFloat32, {1, 3, 227, 227});
  const Shape shape(clip.frames.shape().begin() + 1, clip.frames.shape().end());
  prepare_frame(clip.frames.reshaped(shape), input(), {}, frame.data<float>());
  graph::Chunk chunk{1, 1, {graph::kActive | graph::kReset}, {}};
  chunk.inputs.push_back({frame, {}});
  State state = executor.initial_state(1);
  graph::Outputs outputs;
  executor.run(chunk, state, outputs);
  const auto values = outputs[0].data.data<float>();
  return {values.begin(), values.end()};
}

struct Photograph {
  const char* file;
  const char* name;
  double score;
};

void expect_names(graph::Executor& executor) {
  std::vector<std::string> names;
  std::ifstream words(folder() / "synset_words.txt");
  for (std::string line; std::getline(words, line);) names.push_back(line);
  ASSERT_EQ(names.size(), 1000U);
  for (const Photograph& photograph :
       {Photograph{"chelsea.png", "Egyptian cat", 0.70}, Photograph{"squirrel_cls.jpg", "fox squirrel", 0.999},
        Photograph{"butterfly.jpg", "ringlet", 0.92}, Photograph{"orange.jpg", "lemon", 0.95}}) {
    const std::vector<float> all = scores(executor, photograph.file);
    const auto best = std::max_element(all.begin(), all.end());
    EXPECT_NE(names[best - all.begin()].find(photograph.name), std::string::npos)
        << photograph.file << ": " << names[best - all.begin()];
    // The listed scores come from another program's resizing.
    EXPECT_NEAR(*best, photograph.score, 0.1) << photograph.file;
    std::cout << photograph.file << ": " << names[best - all.begin()] << " " << *best << "\n";
  }
}

TEST(SqueezeNet, NamesThePhotographsInTheRuntime) {
  if (!std::filesystem::exists(folder())) GTEST_SKIP() << "needs " << folder() << " (LONGTAKE_DATA)";
  runtime::Program program(squeezenet(), "main");
  expect_names(program);
}

#ifdef LONGTAKE_WITH_TRAINING
TEST(SqueezeNet, NamesThePhotographsInTheTrainer) {
  if (!std::filesystem::exists(folder())) GTEST_SKIP() << "needs " << folder() << " (LONGTAKE_DATA)";
  const auto model = squeezenet();
  training::TorchExecutor executor(*model, "main");
  expect_names(executor);
}
#endif

}  // namespace
}  // namespace longtake::test
