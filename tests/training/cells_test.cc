// Cells and attention against the vectors of the specifications, which were computed independently, and against each
// other where one is a special case of another. In float64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/builder.h"
#include "layers/attention.h"
#include "layers/gru.h"
#include "layers/slots.h"
#include "longtake/error.h"
#include "training/float64.h"

namespace longtake::training {
namespace {

using test::kStart;
using test::near;
using test::numbers;
using test::run;
using test::set;

using graph::Builder;
using graph::ValueId;

// Specs 14.2: one unit, x = 1, h' = 0.5; z (.1, .2), r (.3, .4), candidate (.5, .6).
double scalar_gru(layers::GruOptions options, double bias) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1});
  options.channels = 1;
  options.initial = b.input("h", {1}, true);
  b.output("h", layers::gru(b, "gru", x, options));
  b.finish();
  set(model, "gru.input.weight", {.1, .3, .5});
  set(model, "gru.hidden.weight", {.2, .4});
  set(model, "gru.candidate.weight", {.6});
  if (options.bias) {
    set(model, "gru.input.bias", {0, 0, 0});
    if (options.reset_after) set(model, "gru.candidate.bias", {bias});
  }
  return numbers(
      run(model, {Tensor::from<double>({1, 1}, {1}), Tensor::from<double>({1, 1}, {.5})}, {kStart})[0].data)[0];
}

TEST(Gru, EqualsTheSpecifiedVectorsInEveryForm) {
  EXPECT_NEAR(scalar_gru({.bias = false}, 0), .552719303, 1e-9);
  EXPECT_NEAR(scalar_gru({.bias = false, .reset_after = true, .update_keeps = true}, 0), .543162914, 1e-9);
  EXPECT_NEAR(scalar_gru({.bias = true, .reset_after = true, .update_keeps = true}, .1), .560566356, 1e-9);
}

// A convolution on a single place is a product with the centre of its kernel.
TEST(ConvGru, OnOnePlaceIsAGru) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {2});
  b.output("gru", layers::gru(b, "gru", x, {.channels = 3}));
  b.output("conv",
           layers::flatten(b, "flat",
                           layers::conv_gru(b, "conv", layers::reshape(b, "map", x, {2, 1, 1}), {.channels = 3})));
  b.finish();
  double next = 0;
  for (const char* name : {"input.weight", "hidden.weight", "candidate.weight", "input.bias"}) {
    const std::int64_t count = element_count(model.parameter(std::string("gru.") + name).shape);
    const bool bias = std::string(name) == "input.bias";
    std::vector<double> values, kernels;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(std::sin(next += 1));
      for (int k = 0; k < (bias ? 1 : 9); ++k) kernels.push_back(bias || k == 4 ? values.back() : 7);
    }
    set(model, std::string("gru.") + name, values);
    set(model, std::string("conv.") + name, kernels);
  }
  const graph::Outputs outputs =
      run(model, {Tensor::from<double>({3, 2}, {.3, -.2, .8, .1, -.5, .6})}, {kStart, graph::kActive, graph::kActive});
  EXPECT_THAT(numbers(outputs[1].data), near(numbers(outputs[0].data), 1e-14));
}

// Specs 14.6: query (1, 2), memory (1, 0), (0, 1), (1, 1).
graph::Outputs attend(layers::AttentionOptions options, const std::map<std::string, std::vector<double>>& weights,
                      std::vector<double> mask = {}) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId query = b.input("query", {2}), memory = b.input("memory", {3, 2});
  std::vector<Tensor> inputs{Tensor::from<double>({1, 2}, {1, 2}), Tensor::from<double>({1, 3, 2}, {1, 0, 0, 1, 1, 1})};
  if (!mask.empty()) {
    options.mask = b.input("mask", {3});
    inputs.push_back(Tensor::from<double>({1, 3}, std::span<const double>(mask)));
  }
  const auto attention = layers::attention(b, "a", query, memory, options);
  b.output("weights", attention.weights);
  b.output("context", attention.context);
  b.finish();
  for (const auto& [name, values] : weights) set(model, name, values);
  return run(model, inputs, {kStart});
}

TEST(Attention, EqualsTheSpecifiedVectorsForEveryScore) {
  const graph::Outputs dot = attend({}, {});
  EXPECT_THAT(numbers(dot[0].data), near({.090030573, .244728471, .665240956}, 1e-9));
  EXPECT_THAT(numbers(dot[1].data), near({.755271529, .909969427}, 1e-9));
  // s^T W h with W = [[.5, -.5], [.25, 1]]; the weight is W transposed.
  const graph::Outputs bilinear = attend({.score = layers::Score::kBilinear}, {{"a.query.weight", {.5, .25, -.5, 1}}});
  EXPECT_THAT(numbers(bilinear[0].data), near({.140244383, .231223898, .628531719}, 1e-9));
  EXPECT_THAT(numbers(bilinear[1].data), near({.768776102, .859755617}, 1e-9));
  const graph::Outputs additive =
      attend({.score = layers::Score::kAdditive, .size = 2},
             {{"a.query.weight", {.1, .2, -.4, .3}}, {"a.key.weight", {.3, .4, -.2, .1}}, {"a.score.weight", {1, -1}}});
  EXPECT_THAT(numbers(additive[0].data), near({.349671292, .275322196, .375006512}, 1e-9));
  EXPECT_THAT(numbers(additive[1].data), near({.724677804, .650328708}, 1e-9));
}

TEST(Attention, SharesItsWeightsAmongThoseThatCount) {
  const graph::Outputs some = attend({}, {}, {1, 1, 0});
  const double lower = 1 / (1 + std::exp(1.0));
  EXPECT_THAT(numbers(some[0].data), near({lower, 1 - lower, 0}, 1e-14));
  const graph::Outputs none = attend({}, {}, {0, 0, 0});
  EXPECT_THAT(numbers(none[0].data), near({0, 0, 0}, 0));
  EXPECT_THAT(numbers(none[1].data), near({0, 0}, 0));
}

TEST(Attention, RefusesAScoreItDoesNotKnow) { EXPECT_THROW(layers::parse_score("cosine"), ConfigError); }

// Three frames with answers for the last three frames each, oldest slot first.
TEST(OverlapAverage, IsTheMeanOfAllAnswersThatAFrameGets) {
  graph::Model model;
  Builder b(model, "main");
  b.output("y", layers::overlap_average(b, "o", b.input("x", {3, 1})));
  b.finish();
  const graph::Outputs outputs =
      run(model, {Tensor::from<double>({4, 3, 1}, {9, 9, 1, 9, 2, 3, 4, 5, 6, 7, 8, 10})},
          {kStart, graph::kActive, graph::kActive, graph::kActive, graph::kFlush, graph::kFlush | graph::kEnd});
  // Frame 0 is answered for at ticks 0, 1 and 2: 1, 2, 4; frame 1 at 1, 2, 3: 3, 5, 7; then 6, 8 and 10.
  EXPECT_THAT(numbers(outputs[0].data), near({7. / 3, 5, 7, 10}, 1e-14));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(outputs[0].rows[i].about, static_cast<std::int64_t>(i));
}

// The same answers, each for the frame before, the frame itself and the one after it.
TEST(OverlapAverage, WithAnOffsetAnswersForFramesToCome) {
  graph::Model model;
  Builder b(model, "main");
  b.output("y", layers::overlap_average(b, "o", b.input("x", {3, 1}), -1));
  b.finish();
  const graph::Outputs outputs =
      run(model, {Tensor::from<double>({4, 3, 1}, {0, 9, 1, 9, 2, 3, 4, 5, 6, 7, 8, 10})},
          {kStart, graph::kActive, graph::kActive, graph::kActive, graph::kFlush | graph::kEnd});
  // Frame 0 is answered for at ticks 0 and 1: 9, 9; frame 1 at 0, 1, 2: 1, 2, 4; then 3, 5, 7; frame 3 at 2, 3: 6, 8.
  EXPECT_THAT(numbers(outputs[0].data), near({9, 7. / 3, 5, 7}, 1e-14));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(outputs[0].rows[i].about, static_cast<std::int64_t>(i));
    EXPECT_EQ(outputs[0].rows[i].tick, static_cast<std::int32_t>(i + 1));
  }
}

// What a model says at the end of a clip may depend on all of it, in both directions.
TEST(WholeSequences, TurnRoundAndShowTheirEnd) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1});
  b.output("reverse", b.node("reverse", "r", {x}).front());
  b.output("final", b.node("final", "f", {x}).front());
  b.output("first", b.node("first", "g", {x}).front());
  b.finish();
  const graph::Outputs outputs =
      run(model, {Tensor::from<double>({5, 1}, {1, 2, 3, 4, 5})},
          {kStart, graph::kActive, graph::kActive | graph::kEnd, kStart, graph::kActive | graph::kEnd});
  EXPECT_THAT(numbers(outputs[0].data), near({3, 2, 1, 5, 4}, 0));
  EXPECT_THAT(numbers(outputs[1].data), near({3, 5}, 0));
  EXPECT_THAT(numbers(outputs[2].data), near({1, 4}, 0));
  EXPECT_THAT(
      [&] {
        run(model, {Tensor::from<double>({2, 1}, {1, 2})}, {kStart, graph::kActive});
      },
      testing::ThrowsMessage<InvalidArgument>(testing::HasSubstr("does not end in it")));
}

}  // namespace
}  // namespace longtake::training
