// What the order of frames means to each classifier, and what needs the whole of a clip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "runtime/program.h"

namespace longtake::models {
namespace {

constexpr std::int64_t kFrames = 12;

graph::Model small(const std::string& name, const std::string& more = "") {
  Options options = tiny_options(find(name));
  if (!more.empty()) options.set_override(more);
  graph::Model model = build(options, {find(name).tiny_input, {"left", "right", "up"}});
  graph::initialise(model, 3);
  return model;
}

// The newest row of "scores" after the frames in this order.
std::vector<float> answer(const graph::Model& model, const std::vector<int>& order) {
  runtime::Program program(std::make_shared<const graph::Model>(model), "main");
  const Shape shape = program.plan().shape(program.plan().graph->inputs[0]);
  Tensor frames(DType::kFloat32, {static_cast<std::int64_t>(order.size()), shape[0], shape[1], shape[2]});
  const std::int64_t size = element_count(shape);
  for (std::size_t i = 0; i < order.size(); ++i) {
    Random random(5, static_cast<std::uint64_t>(order[i]));
    for (std::int64_t p = 0; p < size; ++p) {
      frames.data<float>()[static_cast<std::int64_t>(i) * size + p] = static_cast<float>(random.uniform(-2, 2));
    }
  }
  graph::Chunk chunk{1, static_cast<std::int64_t>(order.size()), {}, {}};
  chunk.flags.assign(order.size(), graph::kActive);
  chunk.flags.front() |= graph::kReset;
  chunk.flags.back() |= graph::kEnd;
  chunk.inputs.push_back({frames, {}});
  State state = program.initial_state(1);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  for (const graph::ChunkOutput& output : outputs) {
    if (output.name != "scores") continue;
    const auto values = output.data.data<float>();
    return {values.end() - 3, values.end()};
  }
  return {};
}

std::vector<int> in_order() {
  std::vector<int> order;
  for (int i = 0; i < kFrames; ++i) order.push_back(i);
  return order;
}

std::vector<int> backwards() {
  std::vector<int> order = in_order();
  std::reverse(order.begin(), order.end());
  return order;
}

// By construction: the maximum over all frames does not know which came first.
TEST(Order, MeansNothingToConvAndLatePooling) {
  for (const char* name : {"conv_pooling", "late_pooling"}) {
    const graph::Model model = small(name);
    EXPECT_EQ(answer(model, in_order()), answer(model, backwards())) << name;
  }
}

TEST(Order, MeansSomethingToModelsThatRememberIt) {
  for (const char* name : {"deep_lstm", "fc_lstm", "gru_rcn", "visual_attention", "time_domain_conv"}) {
    const graph::Model model = small(name);
    EXPECT_NE(answer(model, in_order()), answer(model, backwards())) << name;
  }
}

// Windows of four frames every three need 4 frames for an answer; a shorter clip is one window.
TEST(Windows, LongerThanTheClipGiveOneAnswerAtItsEnd) {
  for (const char* name : {"slow_pooling", "local_pooling", "time_domain_conv"}) {
    const graph::Model model = small(name);
    EXPECT_EQ(answer(model, {1}).size(), 3U) << name;
    EXPECT_EQ(answer(model, {1, 2, 3}).size(), 3U) << name;
    EXPECT_NE(answer(model, {1, 2, 3}), answer(model, {1, 2, 4})) << name;
  }
}

TEST(Bidirectional, SeesTheWholeClipFromBothEnds) {
  const graph::Model model = small("gru_rcn", "bidirectional=true");
  std::vector<int> other_end = in_order();
  other_end.front() = 99;
  EXPECT_NE(answer(model, in_order()), answer(model, other_end));
  runtime::Program program(std::make_shared<const graph::Model>(model), "main");
  EXPECT_FALSE(program.plan().causal());
  EXPECT_TRUE(program.plan().whole_sequences);
}

TEST(VisualAttention, MayBeginWithTheMeanOfTheWholeClip) {
  const graph::Model model = small("visual_attention", "initial_state=clip");
  EXPECT_EQ(answer(model, in_order()).size(), 3U);
  EXPECT_TRUE(graph::make_plan(model, model.graph("main")).whole_sequences);
  for (const char* start : {"zero", "learned", "first"}) {
    const graph::Model causal = small("visual_attention", std::string("initial_state=") + start);
    EXPECT_TRUE(graph::make_plan(causal, causal.graph("main")).causal()) << start;
  }
}

}  // namespace
}  // namespace longtake::models
