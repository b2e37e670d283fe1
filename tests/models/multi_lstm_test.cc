// MultiLSTM's windows (1507.05738): which frames an answer has seen, and when it comes.
#include <gmock/gmock.h>

#include <algorithm>

#include "base/random.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "runtime/program.h"

namespace longtake::models {
namespace {

constexpr std::int64_t kWindow = 4;  // of the tiny model
constexpr std::int64_t kVideo = 9;   // frames

graph::Model multi_lstm_with(const std::vector<std::string>& overrides) {
  Options options = tiny_options(find("multi_lstm"));
  for (const std::string& override : overrides) options.set_override(override);
  graph::Model model = build(options, {find("multi_lstm").tiny_input, {"left", "right"}});
  graph::initialise(model, 3);
  return model;
}

// The logits of a video of random frames of which one, if there is one of that number, is another.
graph::ChunkOutput logits(const graph::Model& model, std::int64_t other = -1) {
  runtime::Program program(std::make_shared<const graph::Model>(model), "main");
  const Shape shape = program.plan().shape(program.plan().graph->inputs[0]);
  Tensor frames(DType::kFloat32, {kVideo, shape[0], shape[1], shape[2]});
  const auto numbers = frames.data<float>();
  const std::size_t size = numbers.size() / kVideo;
  for (std::int64_t f = 0; f < kVideo; ++f) {
    Random random(5, static_cast<std::uint64_t>(f == other ? 100 + f : f));
    for (float& number : numbers.subspan(f * size, size)) number = static_cast<float>(random.uniform(-2, 2));
  }
  graph::Chunk chunk{1, kVideo + program.plan().lag, {}, {}};
  chunk.flags.assign(kVideo, graph::kActive);
  chunk.flags.resize(chunk.ticks, graph::kFlush);
  chunk.flags.back() |= graph::kEnd;
  chunk.inputs.push_back({frames, {}});
  State state = program.initial_state(1);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  return *std::find_if(outputs.begin(), outputs.end(), [](const auto& output) { return output.name == "logits"; });
}

std::vector<float> row(const graph::ChunkOutput& output, std::int64_t frame) {
  const auto values = output.data.data<float>().subspan(2 * frame, 2);
  return {values.begin(), values.end()};
}

class MultiLstmWindows : public testing::TestWithParam<std::int64_t> {};

// Step i answers for i - offset - N + 1 ... i - offset, so the last to answer for a frame comes N - 1 + offset later.
TEST_P(MultiLstmWindows, AnswerForEveryFrameWithTheLastStepThatCoversIt) {
  const graph::Model model = multi_lstm_with({"offset=" + std::to_string(GetParam())});
  const std::int64_t lag = kWindow - 1 + GetParam();
  EXPECT_EQ(graph::make_plan(model, model.graph("main")).lag, lag);
  const graph::ChunkOutput output = logits(model);
  ASSERT_EQ(std::ssize(output.rows), kVideo);
  for (std::int64_t f = 0; f < kVideo; ++f) {
    EXPECT_EQ(output.rows[f].about, f);
    EXPECT_EQ(output.rows[f].tick, f + lag);
  }
}

TEST_P(MultiLstmWindows, HaveSeenWhatTheLastStepSawAndNoMore) {
  const graph::Model model = multi_lstm_with({"offset=" + std::to_string(GetParam())});
  const graph::ChunkOutput output = logits(model);
  for (std::int64_t other = 0; other < kVideo; ++other) {
    const graph::ChunkOutput changed = logits(model, other);
    for (std::int64_t f = 0; f < kVideo; ++f) {
      EXPECT_EQ(row(changed, f) != row(output, f), other <= f + kWindow - 1 + GetParam()) << f << " by " << other;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Offset, MultiLstmWindows, testing::Values(-3, -1, 0, 1, 3));

// One answer a step: with an offset it is about the frame of that many steps before.
TEST(MultiLstm, OfOneAnswerLooksAheadByTheOffset) {
  const graph::Model model = multi_lstm_with({"multiple_outputs=false", "offset=2"});
  const graph::ChunkOutput output = logits(model);
  ASSERT_EQ(std::ssize(output.rows), kVideo);
  EXPECT_EQ(output.rows[0].tick, 2);
  EXPECT_NE(row(logits(model, 6), 4), row(output, 4));
  EXPECT_EQ(row(logits(model, 7), 4), row(output, 4));
}

TEST(MultiLstm, RefusesOffsetsBeyondItsWindow) {
  for (const char* wrong : {"offset=4", "offset=-4"}) {
    EXPECT_THAT([&] { multi_lstm_with({wrong}); }, testing::ThrowsMessage<ConfigError>(testing::HasSubstr("offset")));
  }
}

}  // namespace
}  // namespace longtake::models
