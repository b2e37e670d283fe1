// How a stream is cut into chunks, and who shares a call, changes no bit of any result or state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "graph/builder.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using graph::kNoValue;
using graph::ValueId;

struct SequenceCase {
  const char* name;
  std::function<void(Builder&)> build;
};

void small_cnn_lstm(Builder& b) {
  ValueId x = b.input("frame", {3, 11, 9});
  x = layers::relu(b, "relu1", layers::conv2d(b, "conv1", x, {.channels = 10, .kernel = 3, .stride = 2, .pad = 1}));
  x = layers::lrn(b, "norm1", layers::max_pool(b, "pool1", x, {.kernel = 3, .stride = 2, .ceil = true}));
  x = layers::conv2d(b, "conv2", x, {.channels = 8, .kernel = 3, .pad = 1, .groups = 2});
  x = layers::flatten(b, "flat", layers::batch_norm(b, "bn", x));
  x = layers::relu(b, "relu3", layers::linear(b, "fc", x, 13));
  const auto hidden =
      layers::lstm(b, "lstm", layers::dropout(b, "drop", x, 0.5), {.hidden_size = 7, .peepholes = true});
  x = layers::softmax(b, "softmax", layers::linear(b, "scores", hidden.hidden, 5));
  b.output("scores", x);
  b.output("mean", layers::aggregate(b, "mean", x, layers::Aggregation::kMean));
  b.output("max", layers::aggregate(b, "max", x, layers::Aggregation::kMax));
  b.output("linear", layers::aggregate(b, "linear", x, layers::Aggregation::kLinear));
  b.output("last", b.node("last", "final", {x}).front());
}

// A ConvLSTM: delays of maps inside a loop, their sizes taken from another value.
void conv_lstm(Builder& b) {
  const ValueId x = b.input("frame", {2, 6, 5});
  const ValueId from_input = layers::conv2d(b, "input", x, {.channels = 12, .kernel = 3, .pad = 1});
  const ValueId init = b.parameter_value("h0", b.parameter({"h0", {3, 6, 5}}));
  const ValueId h = b.delay("h", {3, 6, 5}, init);
  const ValueId c = b.delay("c", {3, 6, 5});
  const ValueId sum = layers::add(
      b, "sum", from_input, layers::conv2d(b, "hidden", h, {.channels = 12, .kernel = 3, .pad = 1, .bias = false}));
  const auto next = b.node("lstm_gates", "gates", {sum, c}, {}, {b.parameter({"peepholes", {3, 3}})});
  b.connect(h, next[0]);
  b.connect(c, next[1]);
  b.output("hidden", next[0]);
  b.output("cell", b.node("last", "final", {next[1]}).front());
}

// Initial states given from outside, a delay outside of any loop, and values brought back by `latest`.
void delays(Builder& b) {
  const ValueId x = b.input("x", {4});
  const ValueId slow = b.input("slow", {4});
  const ValueId start = b.input("start", {4}, true);
  const ValueId before = b.delay("before", {4}, start);
  b.connect(before, x);
  const ValueId long_before = b.delay("long_before", {4});
  b.connect(long_before, before);
  const ValueId sum = b.delay("sum_before", {4}, start);
  const ValueId total = layers::add(b, "total", layers::affine(b, "half", sum, 0.5, 0.125), before);
  b.connect(sum, total);
  b.output("before", before);
  b.output("long_before", long_before);
  b.output("total", total);
  const ValueId newest = b.node("latest", "newest", {slow}).front();
  b.output("newest", newest);
  b.output("previous", b.previous("previous", slow));
  b.output("product", layers::mul(b, "product", newest, x));
  b.output("both", layers::add(b, "both", slow, x));
  b.output("end", b.node("last", "end", {total}).front());
}

ValueId window(Builder& b, const char* name, ValueId x, std::int64_t size, std::int64_t stride, std::int64_t ahead,
               const char* edge) {
  const auto slots =
      b.node("window", name, {x}, {{"size", size}, {"stride", stride}, {"ahead", ahead}, {"edge", std::string(edge)}});
  b.output(std::string(name) + "_valid", slots[1]);
  return slots[0];
}

void windows(Builder& b) {
  const ValueId x = b.input("x", {3});
  b.output("valid", window(b, "w1", x, 4, 3, 0, "valid"));
  const ValueId same = window(b, "w2", x, 3, 1, 0, "same");
  b.output("same", same);
  const ValueId flat = layers::linear(b, "mix", layers::flatten(b, "flat", same), 4);
  b.output("mix", layers::add(b, "plus", flat, layers::linear(b, "direct", x, 4)));
  b.output("ahead", window(b, "w3", x, 5, 1, 2, "same"));
  b.output("slow", b.node("latest", "slow", {window(b, "w4", x, 2, 2, 0, "same")}).front());
}

// Windows and running summaries of maps, which are stored channels-last inside.
void maps(Builder& b) {
  const ValueId x = b.input("x", {3, 4, 5});
  const ValueId map = layers::conv2d(b, "conv", x, {.channels = 6, .kernel = 3});
  b.output("map", map);
  b.output("window", window(b, "w", map, 3, 1, 1, "same"));
  b.output("mean", layers::aggregate(b, "mean", map, layers::Aggregation::kMean));
  b.output("latest", b.node("latest", "latest", {map}).front());
  b.output("joined", layers::concat(b, "joined", {map, layers::relu(b, "relu", map)}));
  b.output("softmax", layers::softmax(b, "softmax", map, 0));
  // A window of matrices is a map to what reads it.
  const ValueId rows = layers::reshape(b, "rows", x, {12, 5});
  const ValueId stacked = window(b, "stacked", rows, 3, 1, 1, "same");
  b.output("stacked", stacked);
  b.output("of_stacked", layers::conv2d(b, "of_stacked", stacked, {.channels = 4, .kernel = 3}));
  b.output("mask", layers::mul(b, "mask", map, layers::conv2d(b, "place", x, {.channels = 1, .kernel = 3})));
}

class Sequence : public testing::TestWithParam<std::tuple<SequenceCase, KernelLevel, int>> {
 protected:
  void SetUp() override {
    Builder b(model_, "main");
    std::get<SequenceCase>(GetParam()).build(b);
    b.finish();
    test::fill_weights(model_, 3);
    program_ = std::make_unique<Program>(std::make_shared<const graph::Model>(model_), "main",
                                         ProgramOptions{.threads = std::get<int>(GetParam()), .kernels = level()});
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
      scripts_.push_back(test::make_script(
          program_->plan(), {.ticks = 24, .streams = 3, .holds = seed % 2 == 0, .gaps = seed > 2, .seed = seed}));
    }
  }
  KernelLevel level() const { return std::get<KernelLevel>(GetParam()); }

  graph::Model model_;
  std::unique_ptr<Program> program_;
  std::vector<test::Script> scripts_;
};

void expect_same(const test::Run& a, const test::Run& b) {
  EXPECT_EQ(a.results.size(), b.results.size());
  for (const auto& [key, value] : a.results) {
    const auto other = b.results.find(key);
    const auto where = testing::Message()
                       << std::get<0>(key) << " at tick " << std::get<1>(key) << " of stream " << std::get<2>(key);
    ASSERT_NE(other, b.results.end()) << where;
    EXPECT_EQ(value.first, other->second.first) << where;
    EXPECT_EQ(value.second, other->second.second) << where;
  }
  EXPECT_EQ(a.state, b.state);
}

TEST_P(Sequence, FrameByFrameEqualsAnyChunking) {
  for (const test::Script& script : scripts_) {
    const test::Run whole = test::run_in_chunks(*program_, script, {script.ticks});
    ASSERT_FALSE(whole.results.empty());
    expect_same(whole, test::run_in_chunks(*program_, script, {1}));
    expect_same(whole, test::run_in_chunks(*program_, script, {5, 1, 7, 2}));
  }
}

TEST_P(Sequence, BatchedEqualsAlone) {
  for (const test::Script& script : scripts_) {
    expect_same(test::run_in_chunks(*program_, script, {script.ticks}), test::run_alone(*program_, script));
  }
}

TEST_P(Sequence, EveryLevelAgreesWithTheReference) {
  Program reference(std::make_shared<const graph::Model>(model_), "main", {.kernels = KernelLevel::kReference});
  for (const test::Script& script : scripts_) {
    const test::Run expected = test::run_in_chunks(reference, script, {script.ticks});
    const test::Run got = test::run_in_chunks(*program_, script, {3});
    ASSERT_EQ(expected.results.size(), got.results.size());
    for (const auto& [key, value] : expected.results) {
      EXPECT_THAT(got.results.at(key).second, testing::Pointwise(testing::FloatNear(2e-5f), value.second))
          << std::get<0>(key) << " at tick " << std::get<1>(key) << " of stream " << std::get<2>(key);
    }
  }
}

TEST_P(Sequence, AHeldTickChangesNothing) {
  for (const test::Script& script : scripts_) {
    // The same script with a held tick put before every tick.
    test::Script stretched = script;
    stretched.ticks = 2 * script.ticks;
    stretched.flags.assign(2 * script.flags.size(), 0);
    for (std::int64_t t = 0; t < script.ticks; ++t) {
      for (std::int64_t s = 0; s < script.streams; ++s) {
        stretched.flags[(2 * t + 1) * script.streams + s] = script.flags[t * script.streams + s];
      }
    }
    for (std::size_t i = 0; i < script.inputs.size(); ++i) {
      stretched.inputs[i].clear();
      for (const auto& [at, row] : script.inputs[i]) stretched.inputs[i][{2 * at.first + 1, at.second}] = row;
    }
    const test::Run held = test::run_in_chunks(*program_, stretched, {3});
    test::Run squeezed{{}, held.state};
    for (const auto& [key, value] : held.results) {
      EXPECT_EQ(std::get<1>(key) % 2, 1);
      squeezed.results[{std::get<0>(key), std::get<1>(key) / 2, std::get<2>(key)}] = value;
    }
    expect_same(test::run_in_chunks(*program_, script, {script.ticks}), squeezed);
  }
}

// Streams leave a batch, swap places, are forked, and go on as if nothing had happened.
TEST_P(Sequence, GatheredAndForkedStreamsGoOn) {
  const test::Script& script = scripts_.back();
  const test::Run whole = test::run_in_chunks(*program_, script, {script.ticks});
  const std::int64_t half = script.ticks / 2;
  State state = program_->initial_state(3);
  graph::Outputs outputs;
  program_->run(test::cut(program_->plan(), script, 0, half, {0, 1, 2}), state, outputs);
  const std::vector<std::int64_t> order{2, 0, 2};
  State chosen = state.gather(order);
  test::Results results;
  program_->run(test::cut(program_->plan(), script, half, script.ticks, order), chosen, outputs);
  test::collect(outputs, half, order, results);
  EXPECT_EQ(chosen, whole.state.gather(order));
  for (const auto& [key, value] : results) EXPECT_EQ(whole.results.at(key), value);
}

TEST_P(Sequence, ResetEqualsASeparateVideo) {
  for (const test::Script& script : scripts_) {
    const test::Run whole = test::run_in_chunks(*program_, script, {script.ticks});
    for (std::int64_t s = 0; s < script.streams; ++s) {
      // From each reset of stream `s` on, starting from nothing.
      for (std::int64_t t = 1; t < script.ticks; ++t) {
        if ((script.flags[t * script.streams + s] & graph::kReset) == 0) continue;
        State state = program_->initial_state(1);
        graph::Outputs outputs;
        program_->run(test::cut(program_->plan(), script, t, script.ticks, {s}), state, outputs);
        test::Results results;
        test::collect(outputs, t, {s}, results);
        for (const auto& [key, value] : results) EXPECT_EQ(whole.results.at(key), value);
        EXPECT_EQ(state, whole.state.gather(std::vector<std::int64_t>{s}));
      }
    }
  }
}

std::vector<KernelLevel> levels() {
  std::vector<KernelLevel> result{KernelLevel::kReference, KernelLevel::kPortable};
  for (KernelLevel level : {KernelLevel::kAvx2, KernelLevel::kAvx512}) {
    if (level <= best_kernel_level()) result.push_back(level);
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Graphs, Sequence,
                         testing::Combine(testing::Values(SequenceCase{"SmallCnnLstm", small_cnn_lstm},
                                                          SequenceCase{"ConvLstm", conv_lstm},
                                                          SequenceCase{"Delays", delays},
                                                          SequenceCase{"Windows", windows}, SequenceCase{"Maps", maps}),
                                          testing::ValuesIn(levels()), testing::Values(1, 2)),
                         [](const auto& parameter) {
                           return std::string(std::get<SequenceCase>(parameter.param).name) + "_" +
                                  name_of(std::get<KernelLevel>(parameter.param)) + "_" +
                                  std::to_string(std::get<int>(parameter.param)) + "threads";
                         });

}  // namespace
}  // namespace longtake::runtime
