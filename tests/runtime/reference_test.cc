// The reference kernels against numbers from the papers, the specification's independent vectors and hand calculation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/plan.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "runtime/kernel_case.h"
#include "runtime/program.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using graph::ValueId;
using test::KernelCase;
using testing::ElementsAre;
using testing::FloatNear;

std::vector<float> run(const std::function<void(Builder&)>& build, std::vector<std::vector<float>> inputs,
                       std::map<std::string, std::vector<float>> weights = {}) {
  KernelCase kernel(build, 1);
  for (const auto& [name, values] : weights) {
    kernel.model().weights[name] =
        Tensor::from<float>(kernel.model().parameter(name).shape, std::span<const float>(values));
  }
  return kernel.run(KernelLevel::kReference, inputs, 1)[0];
}

// One step of an LSTM with one unit from a carried state, at every level.
void expect_lstm(bool peepholes, float hidden, float cell) {
  for (KernelLevel level : {KernelLevel::kReference, best_kernel_level()}) {
    graph::Model model;
    Builder b(model, "main");
    b.output("h", layers::lstm(b, "lstm", b.input("x", {1}), {.hidden_size = 1, .peepholes = peepholes}).hidden);
    b.finish();
    const auto set = [&](const std::string& name, std::vector<float> values) {
      model.weights[name] = Tensor::from<float>(model.parameter(name).shape, std::span<const float>(values));
    };
    // Order i, f, g, o; peepholes i, f, o.
    set("lstm.input.weight", {0.1f, 0.5f, 0.9f, 1.2f});
    set("lstm.hidden.weight", {0.2f, 0.6f, 1.0f, 1.3f});
    set("lstm.input.bias", {0.4f, 0.8f, 1.1f, 1.5f});
    if (peepholes) set("lstm.peepholes", {0.3f, 0.7f, 1.4f});
    Program program(std::make_shared<const graph::Model>(model), "main", {.kernels = level});
    State state = program.initial_state(1);
    state.at("lstm.h").data<float>()[0] = 0.5f;
    state.at("lstm.c").data<float>()[0] = -0.5f;
    state.at("clock.ticks").data<std::int64_t>()[0] = 1;  // the sequence has begun, so nothing is reset
    state.at("clock.frames").data<std::int64_t>()[0] = 1;
    graph::Outputs outputs;
    program.run({1, 1, {graph::kActive}, {{Tensor::from<float>({1, 1}, {1.0f}), {}}}}, state, outputs);
    EXPECT_NEAR(outputs[0].data.data<float>()[0], hidden, 2e-7f);
    EXPECT_NEAR(state.at("lstm.c").data<float>()[0], cell, 2e-7f);
    EXPECT_NEAR(state.at("lstm.h").data<float>()[0], hidden, 2e-7f);
  }
}

// Computed in double precision, independently of this project.
TEST(Lstm, WithPeepholesUsesTheNewCellInTheOutputGate) { expect_lstm(true, 0.205276745f, 0.213815469f); }
TEST(Lstm, WithoutPeepholes) { expect_lstm(false, 0.210103949f, 0.221004551f); }

TEST(Linear, AddsTheBias) {
  EXPECT_THAT(run([](Builder& b) { layers::linear(b, "fc", b.input("x", {2}), 2); }, {{3, 5}},
                  {{"fc.weight", {1, 10, -1, 2}}, {"fc.bias", {0.5f, -0.5f}}}),
              ElementsAre(53.5f, 6.5f));
}

TEST(Convolution, CorrelatesWithZeroPadding) {
  // The kernel takes each place times 1 plus its right neighbour times 10.
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::conv2d(b, "conv", b.input("x", {1, 2, 3}), {.channels = 1, .pad = 1});
                  },
                  {{1, 2, 3, 4, 5, 6}}, {{"conv.weight", {0, 0, 0, 0, 1, 10, 0, 0, 0}}, {"conv.bias", {100}}}),
              ElementsAre(121, 132, 103, 154, 165, 106));
}

TEST(Convolution, GroupsSeeTheirOwnChannels) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::conv2d(b, "conv", b.input("x", {2, 1, 2}), {.channels = 2, .kernel = 1, .groups = 2});
                  },
                  {{1, 2, 3, 4}}, {{"conv.weight", {10, 100}}, {"conv.bias", {0, 1}}}),
              ElementsAre(10, 20, 301, 401));
}

TEST(Convolution, StrideAndDilationSkipPlaces) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::conv2d(b, "conv", b.input("x", {1, 5, 5}),
                                   {.channels = 1, .kernel = 2, .stride = 2, .dilation = 2, .bias = false});
                  },
                  {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}},
                  {{"conv.weight", {1, 1, 1, 1}}}),
              ElementsAre(0 + 2 + 10 + 12, 2 + 4 + 12 + 14, 10 + 12 + 20 + 22, 12 + 14 + 22 + 24));
}

// The kernel 1 to 9 at each of four places, two apart, the outermost rows and columns cut off: added up by hand.
TEST(TransposedConvolution, AddsTheKernelAroundEveryPlace) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::conv_transpose2d(b, "up", b.input("x", {1, 2, 2}),
                                             {.channels = 1, .kernel = 3, .stride = 2, .pad = 1});
                  },
                  {{1, 2, 3, 4}}, {{"up.weight", {1, 2, 3, 4, 5, 6, 7, 8, 9}}, {"up.bias", {100}}}),
              ElementsAre(105, 114, 110, 114, 136, 124, 115, 134, 120));
}

TEST(TransposedConvolution, HasItsWeightsByInputThenOutput) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::conv_transpose2d(b, "up", b.input("x", {2, 1, 1}),
                                             {.channels = 3, .kernel = 1, .stride = 1, .bias = false});
                  },
                  {{3, 5}}, {{"up.weight", {1, 2, 3, 10, 20, 30}}}),
              ElementsAre(53, 106, 159));
}

// A kernel smaller than its stride leaves places that hear nothing.
TEST(TransposedConvolution, LeavesGapsBetweenSmallKernels) {
  EXPECT_THAT(
      run(
          [](Builder& b) {
            layers::conv_transpose2d(b, "up", b.input("x", {1, 2, 2}), {.channels = 1, .kernel = 1, .stride = 2});
          },
          {{1, 2, 3, 4}}, {{"up.weight", {10}}, {"up.bias", {1}}}),
      ElementsAre(11, 1, 21, 1, 1, 1, 31, 1, 41));
}

// Two fields of motion at once: one place to the right everywhere; and half a place to the right in the upper row, one
// down in the lower row's middle, far away in its corners.
TEST(Warp, MovesAMapByEachField) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::warp(b, "warped", b.input("x", {1, 2, 3}), b.input("flow", {4, 2, 3}));
                  },
                  {{1, 2, 3, 4, 5, 6}, {1,    1,    1,    1,  1, 1,      0, 0, 0, 0, 0, 0,  //
                                        0.5f, 0.5f, 0.5f, 90, 0, -1e30f, 0, 0, 0, 0, 1, 0}}),
              ElementsAre(0, 1, 2, 0, 4, 5, 0.5f, 1.5f, 2.5f, 0, 2, 0));
}

// Between four places: 1/4 and 3/4 of the way. 0.25 (0.25 1 + 0.75 2) + 0.75 (0.25 3 + 0.75 4).
TEST(Warp, IsBilinearInBothChannels) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::warp(b, "warped", b.input("x", {2, 2, 2}), b.input("flow", {2, 2, 2}));
                  },
                  {{1, 2, 3, 4, 10, 20, 30, 40}, {-0.75f, 0, 0, 0, -0.75f, 0, 0, 0}}),
              ElementsAre(3.25f, 2, 3, 4, 32.5f, 20, 30, 40));
}

TEST(Warp, OfAMotionThatIsNoNumberGivesNone) {
  for (const float broken : {NAN, INFINITY}) {
    const auto got = run(
        [](Builder& b) {
          layers::warp(b, "warped", b.input("x", {1, 1, 2}), b.input("flow", {2, 1, 2}));
        },
        {{1, 2}, {broken, 0, 0, 0}});
    EXPECT_THAT(got[0], testing::IsNan());
    EXPECT_EQ(got[1], 2);
  }
}

TEST(Coordinates, AreColumnRowAndOne) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::coordinates(b, "grid", b.input("x", {1, 2, 3}));
                  },
                  {{9, 9, 9, 9, 9, 9}}),
              ElementsAre(-1, 0, 1, -1, 0, 1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::coordinates(b, "grid", b.input("x", {2, 1, 1}));
                  },
                  {{9, 9}}),
              ElementsAre(0, 0, 1));
}

// 227 -> 111 -> 55 -> 26 -> 13 -> 13 -> 6: Caffe rounds the size of pooled maps up.
TEST(CaffeNetHybrid, HasTheSizesOfThePaper) {
  graph::Model model;
  Builder b(model, "main");
  ValueId x = b.input("frame", {3, 227, 227});
  std::vector<std::int64_t> sizes;
  const auto note = [&](ValueId value) {
    sizes.push_back(b.shape(value)[2]);
    return value;
  };
  const layers::PoolOptions pool{.kernel = 3, .stride = 2, .ceil = true};
  x = note(layers::conv2d(b, "conv1", x, {.channels = 96, .kernel = 7, .stride = 2}));
  x = note(layers::max_pool(b, "pool1", x, pool));
  x = note(layers::conv2d(b, "conv2", x, {.channels = 384, .kernel = 5, .stride = 2, .groups = 2}));
  x = note(layers::max_pool(b, "pool2", x, pool));
  x = note(layers::conv2d(b, "conv3", x, {.channels = 512, .kernel = 3, .pad = 1}));
  x = note(layers::max_pool(b, "pool5", x, pool));
  EXPECT_THAT(sizes, ElementsAre(111, 55, 26, 13, 13, 6));
}

TEST(MaxPool, CoversTheEdgeWhenRoundingUp) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::max_pool(b, "pool", b.input("x", {1, 4, 4}), {.kernel = 3, .ceil = true});
                  },
                  {{-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -16}}),
              ElementsAre(-1, -3, -9, -11));
}

TEST(AveragePool, DividesByTheMapsOwnPlacesOrByThePaddingToo) {
  for (bool count_padding : {false, true}) {
    const auto got = run(
        [&](Builder& b) {
          layers::average_pool(b, "pool", b.input("x", {1, 2, 2}),
                               {.kernel = 2, .stride = 2, .pad = 1, .count_padding = count_padding});
        },
        {{4, 8, 12, 16}});
    if (count_padding) {
      EXPECT_THAT(got, ElementsAre(1, 2, 3, 4));
    } else {
      EXPECT_THAT(got, ElementsAre(4, 8, 12, 16));
    }
  }
}

// x / (1 + 2/3 (sum of squares of the three channels around))^1: hand calculation.
TEST(Lrn, DividesAlphaByTheSize) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::lrn(b, "lrn", b.input("x", {3, 1, 1}), {.size = 3, .alpha = 2, .beta = 1});
                  },
                  {{1, 2, 3}}),
              ElementsAre(FloatNear(1 / (1 + 10.0f / 3), 1e-6f), FloatNear(2 / (1 + 28.0f / 3), 1e-6f),
                          FloatNear(3 / (1 + 26.0f / 3), 1e-6f)));
}

TEST(BatchNorm, UsesTheRunningStatistics) {
  EXPECT_THAT(run([](Builder& b) { layers::batch_norm(b, "bn", b.input("x", {2}), {.epsilon = 1}); }, {{5, 7}},
                  {{"bn.scale", {2, 3}}, {"bn.shift", {1, -1}}, {"bn.mean", {4, 10}}, {"bn.variance", {3, 8}}}),
              ElementsAre(2, -4));
}

TEST(Softmax, OfEqualNumbersIsEven) {
  EXPECT_THAT(run([](Builder& b) { layers::softmax(b, "softmax", b.input("x", {4})); }, {{1000, 1000, 1000, 1000}}),
              testing::Each(0.25f));
}

TEST(Multiply, RepeatsSizesOfOne) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::mul(b, "mul", b.input("x", {2, 1}), b.input("y", {1, 3}));
                  },
                  {{2, 3}, {1, 10, 100}}),
              ElementsAre(2, 20, 200, 3, 30, 300));
}

TEST(Concat, JoinsTheGivenDimension) {
  EXPECT_THAT(run(
                  [](Builder& b) {
                    layers::concat(b, "concat", {b.input("x", {2, 1}), b.input("y", {2, 2})}, 1);
                  },
                  {{1, 2}, {3, 4, 5, 6}}),
              ElementsAre(1, 3, 4, 2, 5, 6));
}

}  // namespace
}  // namespace longtake::runtime
