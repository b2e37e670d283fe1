// What the ops compute: the vectors of the specifications and numbers worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "graph/builder.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "training/device.h"
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
using testing::HasSubstr;

// An op on one frame.
std::vector<double> apply(Shape shape, std::initializer_list<double> x,
                          const std::function<ValueId(Builder&, ValueId)>& op,
                          const std::map<std::string, std::vector<double>>& weights = {}) {
  graph::Model model;
  Builder b(model, "main");
  b.output("y", op(b, b.input("x", shape)));
  b.finish();
  for (const auto& [name, values] : weights) set(model, name, values);
  Shape row = shape;
  row.insert(row.begin(), 1);
  return numbers(run(model, {Tensor::from<double>(row, x)}, {kStart})[0].data);
}

// Specs 14.1: a cell of one unit on one number.
graph::Outputs scalar_lstm(bool peepholes) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1});
  const ValueId h = b.input("h", {1}, true);
  const ValueId c = b.input("c", {1}, true);
  const auto cell =
      layers::lstm(b, "lstm", x, {.hidden_size = 1, .peepholes = peepholes, .initial_hidden = h, .initial_cell = c});
  b.output("h", cell.hidden);
  b.output("c", cell.cell);
  b.finish();
  set(model, "lstm.input.weight", {.1, .5, .9, 1.2});  // i, f, g, o
  set(model, "lstm.hidden.weight", {.2, .6, 1.0, 1.3});
  set(model, "lstm.input.bias", {.4, .8, 1.1, 1.5});
  if (peepholes) set(model, "lstm.peepholes", {.3, .7, 1.4});  // i, f, o
  return run(
      model,
      {Tensor::from<double>({1, 1}, {1}), Tensor::from<double>({1, 1}, {.5}), Tensor::from<double>({1, 1}, {-.5})},
      {kStart});
}

TEST(Lstm, WithPeepholesEqualsTheSpecifiedVector) {
  const graph::Outputs outputs = scalar_lstm(true);
  const double h = numbers(outputs[0].data)[0], c = numbers(outputs[1].data)[0];
  EXPECT_NEAR(c, .213815469, 1e-9);
  EXPECT_NEAR(h, .205276745, 1e-9);
  EXPECT_NEAR(h / std::tanh(c), .974651037, 1e-8);  // the output gate, which sees the new cell
}

TEST(Lstm, WithoutPeepholesEqualsTheSpecifiedVector) {
  const graph::Outputs outputs = scalar_lstm(false);
  EXPECT_NEAR(numbers(outputs[1].data)[0], .221004551, 1e-9);
  EXPECT_NEAR(numbers(outputs[0].data)[0], .210103949, 1e-9);
}

// Specs 14.7.
TEST(Aggregation, EqualsTheSpecifiedVectors) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId p = b.input("p", {2});
  for (const char* word : {"last", "max", "mean", "linear"}) {
    b.output(word, layers::aggregate(b, word, p, layers::parse_aggregation(word)));
  }
  b.finish();
  const graph::Outputs outputs = run(model, {Tensor::from<double>({3, 2}, {.7, .3, .4, .6, .2, .8})},
                                     {kStart, graph::kActive, graph::kActive | graph::kEnd});
  EXPECT_THAT(numbers(outputs[0].data), near({.7, .3, .4, .6, .2, .8}, 1e-15));
  EXPECT_THAT(numbers(outputs[1].data), near({.7, .3, .7, .6, .7, .8}, 1e-15));
  EXPECT_THAT(numbers(outputs[2].data), near({.7, .3, .55, .45, 1.3 / 3, 1.7 / 3}, 1e-15));
  // A single frame has gain 1; then (0, 1) and (0, .5, 1).
  EXPECT_THAT(numbers(outputs[3].data), near({.7, .3, .4, .6, .8 / 3, 2.2 / 3}, 1e-15));
}

TEST(Conv2d, CorrelatesWithPaddingStrideAndGroups) {
  const auto conv = [](layers::Conv2dOptions options) {
    return [options](Builder& b, ValueId x) { return layers::conv2d(b, "c", x, options); };
  };
  EXPECT_THAT(apply({1, 2, 3}, {1, 2, 3, 4, 5, 6}, conv({.channels = 1, .kernel = 2}),
                    {{"c.weight", {1, 10, 100, 1000}}, {"c.bias", {.5}}}),
              near({5421.5, 6532.5}, 1e-12));
  EXPECT_THAT(apply({1, 1, 3}, {1, 2, 3}, conv({.channels = 1, .kernel = 3, .stride = 2, .pad = 1}),
                    {{"c.weight", {9, 9, 9, 1, 10, 100, 9, 9, 9}}, {"c.bias", {0}}}),
              near({210, 32}, 1e-12));
  EXPECT_THAT(apply({2, 1, 1}, {3, 5}, conv({.channels = 2, .kernel = 1, .groups = 2}),
                    {{"c.weight", {10, 100}}, {"c.bias", {1, 2}}}),
              near({31, 502}, 1e-12));
}

// The kernel 1 to 9 at each of four places, two apart, the outermost rows and columns cut off: added up by hand.
TEST(ConvTranspose2d, AddsTheKernelAroundEveryPlace) {
  const auto up = [](layers::ConvTranspose2dOptions options) {
    return [options](Builder& b, ValueId x) { return layers::conv_transpose2d(b, "c", x, options); };
  };
  EXPECT_THAT(apply({1, 2, 2}, {1, 2, 3, 4}, up({.channels = 1, .kernel = 3, .stride = 2, .pad = 1}),
                    {{"c.weight", {1, 2, 3, 4, 5, 6, 7, 8, 9}}, {"c.bias", {100}}}),
              near({105, 114, 110, 114, 136, 124, 115, 134, 120}, 1e-12));
  EXPECT_THAT(apply({2, 1, 1}, {3, 5}, up({.channels = 3, .kernel = 1, .stride = 1, .bias = false}),
                    {{"c.weight", {1, 2, 3, 10, 20, 30}}}),
              near({53, 106, 159}, 1e-12));
}

// One place to the right everywhere; and half a place to the right in the upper row, one down in the lower row's
// middle, far away in its corners.
TEST(Warp, MovesAMapByEachField) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId x = b.input("x", {1, 2, 3}), flow = b.input("flow", {4, 2, 3});
  b.output("y", layers::warp(b, "w", x, flow));
  b.finish();
  const auto got = run(model,
                       {Tensor::from<double>({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}),
                        Tensor::from<double>({1, 4, 2, 3}, {1,   1,   1,   1,  1, 1,    0, 0, 0, 0, 0, 0,  //
                                                            0.5, 0.5, 0.5, 90, 0, -1e9, 0, 0, 0, 0, 1, 0})},
                       {kStart});
  EXPECT_THAT(numbers(got[0].data), near({0, 1, 2, 0, 4, 5, 0.5, 1.5, 2.5, 0, 2, 0}, 1e-12));
}

TEST(Coordinates, AreColumnRowAndOne) {
  const auto grid = [](Builder& b, ValueId x) { return layers::coordinates(b, "g", x); };
  EXPECT_THAT(apply({1, 2, 3}, {9, 9, 9, 9, 9, 9}, grid),
              near({-1, 0, 1, -1, 0, 1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0));
  EXPECT_THAT(apply({1, 1, 1}, {9}, grid), near({0, 0, 1}, 0));
}

TEST(Pooling, RoundsUpAsCaffeAndDividesByWhatItCovers) {
  const auto pool = [](bool maximum, layers::PoolOptions options) {
    return [=](Builder& b, ValueId x) {
      return maximum ? layers::max_pool(b, "p", x, options) : layers::average_pool(b, "p", x, options);
    };
  };
  const layers::PoolOptions up{.kernel = 2, .stride = 2, .ceil = true};
  EXPECT_THAT(apply({1, 1, 3}, {-1, -2, -3}, pool(true, {.kernel = 1, .stride = 2})), near({-1, -3}, 0));
  EXPECT_THAT(apply({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, pool(true, up)), near({5, 6, 8, 9}, 0));
  EXPECT_THAT(apply({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, pool(false, up)), near({3, 4.5, 7.5, 9}, 1e-15));
  const layers::PoolOptions padded{.kernel = 2, .stride = 2, .pad = 1};
  EXPECT_THAT(apply({1, 2, 2}, {-1, -2, -3, -4}, pool(true, padded)), near({-1, -2, -3, -4}, 0));
  EXPECT_THAT(apply({1, 2, 2}, {1, 2, 3, 4}, pool(false, padded)), near({1, 2, 3, 4}, 1e-15));
  const layers::PoolOptions counted{.kernel = 2, .stride = 2, .pad = 1, .count_padding = true};
  EXPECT_THAT(apply({1, 2, 2}, {1, 2, 3, 4}, pool(false, counted)), near({.25, .5, .75, 1}, 1e-15));
}

TEST(LocalResponseNorm, DividesByTheSquaresOfTheChannelsAround) {
  // size 3, alpha 3, beta 1, k 1: x / (1 + squares of c - 1 .. c + 1).
  const auto norm = [](Builder& b, ValueId x) {
    return layers::lrn(b, "n", x, {.size = 3, .alpha = 3, .beta = 1, .k = 1});
  };
  EXPECT_THAT(apply({3, 1, 1}, {1, 2, 3}, norm), near({1. / 6, 2. / 15, 3. / 14}, 1e-15));
  // The usual beta, worked out by a calculator: 2 / (1 + 4)^0.75.
  const auto usual = [](Builder& b, ValueId x) { return layers::lrn(b, "n", x, {.size = 1, .alpha = 1}); };
  EXPECT_THAT(apply({1, 1, 1}, {2}, usual), near({0.598139512}, 1e-9));
}

TEST(BatchNorm, UsesTheRunningStatisticsWhenItEvaluates) {
  const auto norm = [](Builder& b, ValueId x) { return layers::batch_norm(b, "n", x, {.epsilon = 1}); };
  EXPECT_THAT(
      apply({2}, {5, 7}, norm, {{"n.scale", {2, 1}}, {"n.shift", {1, 0}}, {"n.mean", {1, 7}}, {"n.variance", {3, 9}}}),
      near({5, 0}, 1e-15));
}

TEST(Softmax, RunsAlongItsAxis) {
  const double e = std::exp(1), lower = 1 / (1 + e), upper = e / (1 + e);
  const auto along = [](std::int64_t axis) {
    return [axis](Builder& b, ValueId x) { return layers::softmax(b, "s", x, axis); };
  };
  EXPECT_THAT(apply({2, 2}, {0, 1, 0, 1}, along(-1)), near({lower, upper, lower, upper}, 1e-15));
  EXPECT_THAT(apply({2, 2}, {0, 0, 1, 1}, along(0)), near({lower, lower, upper, upper}, 1e-15));
}

TEST(Dropout, KeepsEverythingWhenItEvaluates) {
  EXPECT_THAT(apply({3}, {1, 2, 3}, [](Builder& b, ValueId x) { return layers::dropout(b, "d", x, 0.9); }),
              near({1, 2, 3}, 0));
}

TEST(Window, SaysWhichSlotsAreFilledAndWhatItSpeaksAbout) {
  graph::Model model;
  Builder b(model, "main");
  const auto out = b.node("window", "w", {b.input("x", {1})},
                          {{"size", std::int64_t{3}},
                           {"stride", std::int64_t{1}},
                           {"ahead", std::int64_t{1}},
                           {"edge", std::string("same")}});
  b.output("y", out[0]);
  b.output("valid", out[1]);
  b.finish();
  const graph::Outputs outputs = run(model, {Tensor::from<double>({3, 1}, {1, 2, 3})},
                                     {kStart, graph::kActive, graph::kActive, graph::kFlush | graph::kEnd});
  EXPECT_THAT(numbers(outputs[0].data), near({0, 1, 2, 1, 2, 3, 2, 3, 0}, 0));
  EXPECT_THAT(numbers(outputs[1].data), near({0, 1, 1, 1, 1, 1, 1, 1, 0}, 0));
  EXPECT_THAT(outputs[0].rows,
              testing::ElementsAre(graph::OutputRow{1, 0, 0}, graph::OutputRow{2, 0, 1}, graph::OutputRow{3, 0, 2}));
}

template <class E>
void expect_error(const std::function<void()>& action, const std::string& what) {
  try {
    action();
    ADD_FAILURE() << "no error about " << what;
  } catch (const E& error) {
    EXPECT_THAT(error.what(), HasSubstr(what));
  }
}

TEST(TorchExecutor, RefusesWhatIsNotThere) {
  graph::Model model;
  Builder b(model, "main");
  b.output("y", layers::linear(b, "fc", b.input("x", {2}), 1));
  b.finish();
  expect_error<InvalidArgument>([&] { TorchExecutor(model, "main"); }, "'fc.weight' is missing");
  set(model, "fc.weight", {1, 1});
  set(model, "fc.bias", {0});
  expect_error<InvalidArgument>([&] { TorchExecutor(model, "other"); }, "no graph 'other'");
  expect_error<InvalidArgument>([&] { TorchExecutor(model, "main", {.dtype = DType::kInt32}); }, "int32");
  expect_error<ConfigError>([&] { TorchExecutor(model, "main", {.device = "gpu"}); }, "cpu, cuda");
  expect_error<ConfigError>([&] { check_device("cuda:x"); }, "cpu, cuda");

  TorchExecutor executor(model, "main");
  State other(2);
  graph::Outputs outputs;
  expect_error<InvalidArgument>([&] { executor.run({2, 0, {}, {{}}}, other, outputs); }, "not one of graph 'main'");
}

TEST(Device, OfCudaIsRefusedWhereThereIsNone) {
  try {
    check_device("cuda");
    GTEST_SKIP() << "this machine has a CUDA device";
  } catch (const Unsupported& error) {
    EXPECT_THAT(error.what(), HasSubstr("--device cpu"));
  }
  expect_error<Unsupported>([] { configure_torch(1, "cuda:99"); }, "cuda:99");
  EXPECT_THROW(configure_torch(-1, "cpu"), InvalidArgument);
}

}  // namespace
}  // namespace longtake::training
