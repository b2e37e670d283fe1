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

// The same with a leaky ReLU: z = s(.2), r = s(.5), h = z / 2 + (1 - z) g where g is .5 + .3 r, or a fifth of its
// negative; worked out in double precision apart from this code.
TEST(Gru, MayHaveALeakyRelu) {
  const auto h = [](double sign) {
    graph::Model model;
    Builder b(model, "main");
    const ValueId x = b.input("x", {1});
    const ValueId start = b.input("h", {1}, true);
    layers::GruOptions options{.channels = 1, .bias = false, .reset_after = true, .update_keeps = true, .slope = 0.2};
    options.initial = start;
    b.output("h", layers::gru(b, "gru", x, options));
    b.finish();
    set(model, "gru.input.weight", {.1, .3, sign * .5});
    set(model, "gru.hidden.weight", {.2, .4});
    set(model, "gru.candidate.weight", {sign * .6});
    const auto got = run(model, {Tensor::from<double>({1, 1}, {1}), Tensor::from<double>({1, 1}, {.5})}, {kStart});
    return numbers(got[0].data)[0];
  };
  EXPECT_NEAR(h(1), .5840630086888061, 1e-12);
  EXPECT_NEAR(h(-1), .21308779664972555, 1e-12);
}

// Some numbers for every parameter whose name begins so.
void fill(graph::Model& model, const std::string& prefix, double& next) {
  for (const graph::Parameter& parameter : model.parameters) {
    if (!parameter.name.starts_with(prefix)) continue;
    std::vector<double> values;
    for (std::int64_t i = 0; i < element_count(parameter.shape); ++i) values.push_back(std::sin(next += 1));
    set(model, parameter.name, values);
  }
}

std::vector<double> weight(const graph::Model& model, const std::string& name) {
  return numbers(model.weights.at(name));
}

// What goes on by itself is what hears zeros.
TEST(Gru, WithoutAnInputIsOneWhoseInputSaysNothing) {
  for (const bool trajectory : {false, true}) {
    graph::Model model;
    Builder b(model, "main");
    const ValueId x = b.input("x", {1, 3, 2}), start = b.input("start", {2, 3, 2}, true);
    for (const auto& [name, input] : std::map<std::string, ValueId>{{"alone", graph::kNoValue}, {"silent", x}}) {
      const layers::GruOptions form{
          .channels = 2, .hidden_kernel = 5, .reset_after = true, .update_keeps = true, .slope = 0.2, .initial = start};
      b.output(name, trajectory ? layers::conv_traj_gru(b, name, input, {.channels = 2, .links = 3, .initial = start})
                                : layers::conv_gru(b, name, input, form));
    }
    b.finish();
    double next = 0;
    fill(model, "alone", next);
    // Gates z, r from hidden.bias; the candidate's own bias is inside the reset.
    const std::vector<double> gates = weight(model, "alone.hidden.bias");
    set(model, "silent.input.weight", std::vector<double>(6 * 9, 0));
    set(model, "silent.input.bias", {gates[0], gates[1], gates[2], gates[3], 0, 0});
    std::vector<std::string> same{"hidden.weight", "candidate.weight", "candidate.bias"};
    if (trajectory) {
      set(model, "silent.motion_input.weight", std::vector<double>(32 * 25, 0));
      set(model, "silent.motion_input.bias", weight(model, "alone.motion_hidden.bias"));
      for (const char* name : {"motion_hidden.weight", "motion.weight", "motion.bias"}) same.emplace_back(name);
    }
    for (const std::string& name : same) set(model, "silent." + name, weight(model, "alone." + name));
    const graph::Outputs outputs =
        run(model,
            {Tensor::from<double>({2, 1, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
             Tensor::from<double>({1, 2, 3, 2}, {.1, .2, .3, .4, .5, .6, -.1, -.2, -.3, -.4, -.5, -.6})},
            {kStart, graph::kActive});
    EXPECT_THAT(numbers(outputs[0].data), near(numbers(outputs[1].data), 1e-12))
        << (trajectory ? "trajectory" : "plain");
  }
}

// Specs 14, invariant k: where nothing moves, the L states that arrive are the state before, so that their weights add
// up to those of a convolutional GRU that sees no neighbours.
TEST(ConvTrajGru, WithoutMotionIsAConvGruOfOnePlace) {
  constexpr std::int64_t kLinks = 3, kChannels = 2;
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1, 3, 4});
  b.output("trajectory", layers::conv_traj_gru(b, "trajectory", x, {.channels = kChannels, .links = kLinks}));
  b.output("plain",
           layers::conv_gru(
               b, "plain", x,
               {.channels = kChannels, .hidden_kernel = 1, .reset_after = true, .update_keeps = true, .slope = 0.2}));
  b.finish();
  double next = 0;
  fill(model, "trajectory", next);
  for (const char* name : {"trajectory.motion.weight", "trajectory.motion.bias"}) {
    set(model, name, std::vector<double>(element_count(model.parameter(name).shape), 0));
  }
  for (const char* name : {"input.weight", "input.bias", "candidate.bias"}) {
    set(model, std::string("plain.") + name, weight(model, std::string("trajectory.") + name));
  }
  for (const char* name : {"hidden.weight", "candidate.weight"}) {
    const std::vector<double> links = weight(model, std::string("trajectory.") + name);
    std::vector<double> sums(links.size() / kLinks, 0);
    for (std::size_t i = 0; i < links.size(); ++i) {  // [out, link, channel] to [out, channel]
      sums[i / (kLinks * kChannels) * kChannels + i % kChannels] += links[i];
    }
    set(model, std::string("plain.") + name, sums);
  }
  std::vector<double> frames;
  for (int i = 0; i < 3 * 12; ++i) frames.push_back(std::cos(i));
  const graph::Outputs outputs = run(model, {Tensor::from<double>({3, 1, 3, 4}, std::span<const double>(frames))},
                                     {kStart, graph::kActive, graph::kActive});
  EXPECT_THAT(numbers(outputs[0].data), near(numbers(outputs[1].data), 1e-12));
}

// All gates open, one link whose motion is one place to the right and weighs 1: what was there at the beginning leaves
// by the right edge.
TEST(ConvTrajGru, CarriesItsStateAlongTheMotion) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId start = b.input("start", {1, 1, 3}, true);
  b.output("h", layers::conv_traj_gru(b, "cell", graph::kNoValue, {.channels = 1, .links = 1, .initial = start}));
  b.finish();
  for (const graph::Parameter& parameter : model.parameters) {
    set(model, parameter.name, std::vector<double>(element_count(parameter.shape), 0));
  }
  set(model, "cell.hidden.bias", {-50, 50});  // z, r
  set(model, "cell.candidate.weight", {1});
  set(model, "cell.motion.bias", {1, 0});
  TorchExecutor executor(model, "main", {.dtype = DType::kFloat64});
  State state = executor.initial_state(1);
  graph::Outputs outputs;
  executor.run({1, 3, {kStart, graph::kActive, graph::kActive}, {{Tensor::from<double>({1, 1, 1, 3}, {1, 2, 3}), {}}}},
               state, outputs);
  EXPECT_THAT(numbers(outputs[0].data), near({0, 1, 2, 0, 0, 1, 0, 0, 0}, 1e-12));
}

TEST(ConvTrajGru, RefusesEvenKernelsAndNoLinks) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1, 3, 4});
  EXPECT_THROW(layers::conv_traj_gru(b, "a", x, {.channels = 1, .input_kernel = 2}), InvalidArgument);
  EXPECT_THROW(layers::conv_traj_gru(b, "b", x, {.channels = 1, .motion_kernel = 4}), InvalidArgument);
  EXPECT_THROW(layers::conv_traj_gru(b, "c", x, {.channels = 1, .links = 0}), InvalidArgument);
  EXPECT_THROW(layers::conv_traj_gru(b, "d", graph::kNoValue, {.channels = 1}), InvalidArgument);
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
