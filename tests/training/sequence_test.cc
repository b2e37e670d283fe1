// How sequences are cut into pieces, who shares a batch, how long the others are and whether a piece is run twice
// change no output and no gradient, dropout included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/builder.h"
#include "graph/plan.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "runtime/script.h"
#include "training/probe.h"
#include "training/slices.h"
#include "training/torch_executor.h"

namespace longtake::test {
namespace {

using graph::Builder;
using graph::ValueId;
using training::TorchExecutor;

// Everything that time does to values, with dropout outside and inside of the loop.
graph::Model make_model() {
  graph::Model model;
  Builder b(model, "main");
  ValueId x = layers::conv2d(b, "conv", b.input("frame", {2, 6, 5}), {.channels = 4, .kernel = 3});
  x = layers::max_pool(b, "pool", layers::relu(b, "relu", x), {.kernel = 2, .stride = 2, .ceil = true});
  x = layers::dropout(b, "drop", layers::flatten(b, "flat", layers::lrn(b, "norm", x)), 0.3);
  const ValueId start = b.input("start", {5}, true);
  const auto low = layers::lstm(b, "lstm", x, {.hidden_size = 5, .peepholes = true, .initial_hidden = start});
  const ValueId h = b.delay("h", {3});
  const ValueId sum = layers::add(b, "sum", layers::linear(b, "in", low.hidden, 3), layers::linear(b, "back", h, 3));
  const ValueId next = layers::dropout(b, "drop2", layers::tanh(b, "tanh", sum), 0.3);
  b.connect(h, next);
  const ValueId p = layers::softmax(b, "softmax", next);
  b.output("frame", p);
  b.output("max", layers::aggregate(b, "max", p, layers::Aggregation::kMax));
  b.output("mean", layers::aggregate(b, "mean", p, layers::Aggregation::kMean));
  b.output("linear", layers::aggregate(b, "linear", p, layers::Aggregation::kLinear));
  b.output("last", b.node("last", "final", {p}).front());
  const auto window = b.node("window", "window", {p},
                             {{"size", std::int64_t{3}},
                              {"stride", std::int64_t{2}},
                              {"ahead", std::int64_t{0}},
                              {"edge", std::string("valid")}});
  b.output("window", window[0]);
  b.output("slow", b.node("latest", "latest", {window[0]}).front());
  b.finish();
  fill_weights(model, 4);
  return model;
}

constexpr double kTolerance = 1e-12;

class TrainedSequences : public testing::Test {
 protected:
  TrainedSequences()
      : plan_(graph::make_plan(model_, model_.graphs[0])),
        script_(make_script(plan_, {.ticks = 24, .streams = 3, .gaps = true, .seed = 2})) {}

  graph::Chunk chunk(const std::vector<std::int64_t>& streams) const {
    return in_float64(cut(plan_, script_, 0, script_.ticks, streams));
  }
  Probed run(const std::vector<std::int64_t>& streams, ProbeOptions options) const {
    options.samples.assign(streams.begin(), streams.end());
    return probe(model_, "main", chunk(streams), options);
  }

  graph::Model model_ = make_model();
  graph::Plan plan_;
  Script script_;
};

void expect_same(const Probed& a, const Probed& b) {
  EXPECT_NEAR(a.loss, b.loss, kTolerance * (1 + std::abs(b.loss)));
  EXPECT_LT(difference(a.by_parameter, b.by_parameter), kTolerance);
  ASSERT_EQ(a.by_input.size(), b.by_input.size());
  for (std::size_t i = 0; i < a.by_input.size(); ++i) EXPECT_LT(difference(a.by_input[i], b.by_input[i]), kTolerance);
}

TEST_F(TrainedSequences, RunAgainInPiecesHaveTheGradientOfTheWhole) {
  const Probed whole = run({0, 1, 2}, {.training = true});
  for (const std::int64_t ticks : {1, 2, 5, 7, 23, 24, 100}) {
    SCOPED_TRACE(ticks);
    const Probed pieces = run({0, 1, 2}, {.training = true, .piece_ticks = ticks});
    expect_same(pieces, whole);
    for (const auto& [name, tensor] : whole.state.tensors()) {
      if (tensor.dtype() == DType::kFloat64) {
        EXPECT_LT(difference(pieces.state.at(name), tensor), kTolerance) << name;
      } else {
        EXPECT_EQ(pieces.state.at(name), tensor) << name;
      }
    }
  }
}

TEST_F(TrainedSequences, AddUpOverTheStreamsOfABatch) {
  const Probed batch = run({0, 1, 2}, {.training = true});
  const Probed pair = run({2, 0}, {.training = true});
  const Probed first = run({0}, {.training = true}), second = run({1}, {.training = true});
  const Probed third = run({2}, {.training = true});
  const auto sum = [](const std::vector<const Probed*>& parts) {
    Probed total = *parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
      total.loss += parts[i]->loss;
      for (auto& [name, tensor] : total.by_parameter) {
        const Tensor& other = parts[i]->by_parameter.at(name);
        for (std::int64_t e = 0; e < tensor.count(); ++e) tensor.data<double>()[e] += other.data<double>()[e];
      }
    }
    return total;
  };
  const Probed all = sum({&first, &second, &third}), two = sum({&first, &third});
  EXPECT_NEAR(batch.loss, all.loss, kTolerance);
  EXPECT_LT(difference(batch.by_parameter, all.by_parameter), kTolerance);
  EXPECT_NEAR(pair.loss, two.loss, kTolerance);
  EXPECT_LT(difference(pair.by_parameter, two.by_parameter), kTolerance);
}

TEST_F(TrainedSequences, OfOtherStepsSeedsOrSamplesAreDroppedDifferently) {
  const double loss = run({0}, {.training = true}).loss;
  EXPECT_EQ(run({0}, {.training = true}).loss, loss);
  EXPECT_NE(run({0}, {.training = true, .step = 1}).loss, loss);
  EXPECT_NE(run({0}, {.training = true, .seed = 2}).loss, loss);
  EXPECT_NE(run({0}, {.training = false}).loss, loss);
}

TEST_F(TrainedSequences, TruncatedAtAWindowGoOnWithTheSameState) {
  const Probed whole = run({0, 1, 2}, {.training = true});
  const Probed truncated = run({0, 1, 2}, {.training = true, .piece_ticks = 3, .truncated = true});
  EXPECT_NEAR(truncated.loss, whole.loss, kTolerance);
  EXPECT_GT(difference(truncated.by_parameter, whole.by_parameter), 1e-3);
  // Windows of single sequences cut nothing.
  graph::Model model;
  Builder b(model, "main");
  const auto lstm = layers::lstm(b, "lstm", b.input("x", {2}), {.hidden_size = 3});
  b.output("h", lstm.hidden);
  b.finish();
  fill_weights(model, 1);
  graph::Chunk chunk{
      1, 4, {graph::kActive | graph::kReset, graph::kActive, graph::kActive | graph::kReset, graph::kActive}, {}};
  chunk.inputs.push_back({Tensor::from<double>({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), {}});
  expect_same(probe(model, "main", chunk, {.piece_ticks = 2, .truncated = true}), probe(model, "main", chunk));
}

// Bitwise on the tensors that hold no floating-point sums over rows of different calls; within rounding elsewhere.
void expect_close(const Run& a, const Run& b) {
  ASSERT_EQ(a.results.size(), b.results.size());
  for (const auto& [key, result] : b.results) {
    const auto found = a.results.find(key);
    ASSERT_NE(found, a.results.end());
    EXPECT_EQ(found->second.first, result.first);
    for (std::size_t i = 0; i < result.second.size(); ++i) EXPECT_NEAR(found->second.second[i], result.second[i], 1e-5);
  }
}

TEST_F(TrainedSequences, InTheExecutorDependNeitherOnChunksNorOnOthers) {
  TorchExecutor executor(model_, "main");
  const test::Run whole = run_in_chunks(executor, script_, {24});
  EXPECT_GT(whole.results.size(), 100u);
  expect_close(run_in_chunks(executor, script_, {1}), whole);
  expect_close(run_in_chunks(executor, script_, {5, 1, 7}), whole);
  expect_close(run_alone(executor, script_), whole);
}

TEST_F(TrainedSequences, GoOnFromASavedState) {
  TorchExecutor executor(model_, "main");
  graph::Outputs outputs, again;
  State state = executor.initial_state(3);
  executor.run(cut(plan_, script_, 0, 10, {0, 1, 2}), state, outputs);
  State restored = State::from_bytes(state.to_bytes(), "test");
  EXPECT_EQ(restored, state);
  executor.run(cut(plan_, script_, 10, 24, {0, 1, 2}), state, outputs);
  TorchExecutor(model_, "main").run(cut(plan_, script_, 10, 24, {0, 1, 2}), restored, again);
  EXPECT_EQ(restored, state);
  ASSERT_EQ(again.size(), outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(again[i].data, outputs[i].data);
}

TEST_F(TrainedSequences, TakeAMemoryBudget) {
  const std::int64_t bytes = training::bytes_per_tick(plan_, DType::kFloat32);
  EXPECT_EQ(training::ticks_in_budget(plan_, DType::kFloat32, 3, 3 * bytes * 7), 7);
  EXPECT_EQ(training::ticks_in_budget(plan_, DType::kFloat64, 3, 3 * bytes * 7), 3);
  EXPECT_EQ(training::ticks_in_budget(plan_, DType::kFloat32, 3, 1), 1);
}

TEST_F(TrainedSequences, AreSlicedWithTheirRows) {
  const graph::Chunk whole = cut(plan_, script_, 0, 24, {0, 1, 2});
  for (const auto& [first, count] : {std::pair{0, 24}, {3, 6}, {23, 1}, {5, 0}}) {
    const graph::Chunk expected = cut(plan_, script_, first, first + count, {0, 1, 2});
    const graph::Chunk sliced = training::slice(plan_, whole, first, count);
    EXPECT_EQ(sliced.flags, expected.flags);
    for (std::size_t i = 0; i < expected.inputs.size(); ++i) {
      EXPECT_EQ(sliced.inputs[i].rows, expected.inputs[i].rows);
      EXPECT_EQ(sliced.inputs[i].data, expected.inputs[i].data);
    }
  }
  EXPECT_THROW(training::slice(plan_, whole, 20, 5), InvalidArgument);
}

}  // namespace
}  // namespace longtake::test
