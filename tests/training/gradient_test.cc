// The gradient of every op, and of small graphs that use what time does to values, against finite differences in
// float64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "graph/builder.h"
#include "graph/plan.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "runtime/script.h"
#include "training/probe.h"

namespace longtake::test {
namespace {

using graph::Builder;
using graph::ValueId;

struct Case {
  const char* name;
  std::function<void(Builder&)> build;
  bool training = false;
  bool gaps = false;  // inputs absent at some ticks
};

// Builds a unary graph on an input of `shape`.
std::function<void(Builder&)> on(Shape shape, std::function<ValueId(Builder&, ValueId)> op) {
  return [shape, op](Builder& b) { b.output("y", op(b, b.input("x", shape))); };
}

std::function<void(Builder&)> window(std::int64_t size, std::int64_t stride, std::int64_t ahead, const char* edge) {
  return [=](Builder& b) {
    const auto out = b.node("window", "w", {b.input("x", {2})},
                            {{"size", size}, {"stride", stride}, {"ahead", ahead}, {"edge", std::string(edge)}});
    b.output("y", out[0]);
    b.output("valid", out[1]);
  };
}

void gates(Builder& b, Shape cell, bool peepholes) {
  Shape all = cell;
  all[0] *= 4;
  std::vector<std::string> parameters;
  if (peepholes) parameters.push_back(b.parameter({"p", {3, cell[0]}}));
  const auto out = b.node("lstm_gates", "gates", {b.input("a", all), b.input("c", cell)}, {}, parameters);
  b.output("h", out[0]);
  b.output("cell", out[1]);
}

// Delays outside of a loop: one after the other, with and without an initial value.
void delays(Builder& b) {
  const ValueId x = b.input("x", {3});
  const ValueId first = b.delay("first", {3}, b.input("start", {3}, true));
  b.connect(first, x);
  const ValueId second = b.delay("second", {3});
  b.connect(second, first);
  b.output("first", first);
  b.output("second", second);
}

// A loop with a learned initial state, an input that comes slower than the clock, and its result used outside.
void loop(Builder& b) {
  const ValueId x = b.node("latest", "newest", {b.input("x", {2})}).front();
  const ValueId h = b.delay("h", {3}, b.parameter_value("h0", b.parameter({"h0", {3}})));
  const ValueId sum = layers::add(b, "sum", layers::linear(b, "in", x, 3), layers::linear(b, "back", h, 3));
  const ValueId next = layers::tanh(b, "next", sum);
  b.connect(h, next);
  b.output("h", next);
  b.output("before", h);
  b.output("end", b.node("last", "end", {next}).front());
}

// Inputs of two clocks inside one loop: the state of a stream is kept over the ticks at which it is not computed.
void sparse_loop(Builder& b) {
  const ValueId h = b.delay("h", {2});
  const ValueId next =
      layers::tanh(b, "next", layers::add(b, "sum", b.input("x", {2}), layers::linear(b, "back", h, 2)));
  b.connect(h, layers::mul(b, "gated", next, b.input("gate", {2})));
  b.output("h", next);
}

void conv_lstm(Builder& b) {
  const ValueId x = b.input("frame", {1, 3, 3});
  const ValueId h = b.delay("h", {2, 3, 3});
  const ValueId c = b.delay("c", {2, 3, 3});
  const ValueId sum = layers::add(b, "sum", layers::conv2d(b, "in", x, {.channels = 8, .kernel = 3, .pad = 1}),
                                  layers::conv2d(b, "back", h, {.channels = 8, .kernel = 3, .pad = 1, .bias = false}));
  const auto next = b.node("lstm_gates", "gates", {sum, c}, {}, {b.parameter({"peepholes", {3, 2}})});
  b.connect(h, next[0]);
  b.connect(c, next[1]);
  b.output("h", next[0]);
}

void lrcn_like(Builder& b) {
  ValueId x = layers::conv2d(b, "conv", b.input("frame", {2, 6, 5}), {.channels = 4, .kernel = 3, .groups = 2});
  x = layers::max_pool(b, "pool", layers::tanh(b, "t", x), {.kernel = 2, .stride = 2, .ceil = true});
  x = layers::dropout(b, "drop", layers::flatten(b, "flat", layers::lrn(b, "norm", x)), 0.4);
  const auto top = layers::lstm(b, "lstm", x, {.hidden_size = 3, .peepholes = true});
  x = layers::linear(b, "scores", layers::dropout(b, "drop2", top.hidden, 0.5), 2);
  b.output("scores", x);
  b.output("video", layers::aggregate(b, "video", layers::softmax(b, "p", x), layers::Aggregation::kLinear));
}

std::vector<Case> op_cases() {
  return {
      {"conv2d", on({4, 5, 6},
                    [](Builder& b, ValueId x) {
                      return b
                          .node("conv2d", "c", {x},
                                {{"stride", std::vector<std::int64_t>{2, 1}},
                                 {"pad", std::vector<std::int64_t>{1, 2}},
                                 {"dilation", std::vector<std::int64_t>{1, 2}},
                                 {"groups", std::int64_t{2}}},
                                {b.parameter({"w", {6, 2, 3, 2}}), b.parameter({"b", {6}})})
                          .front();
                    })},
      {"linear", on({2, 3}, [](Builder& b, ValueId x) { return layers::linear(b, "l", x, 4); })},
      {"linear_without_bias",
       on({3}, [](Builder& b, ValueId x) { return layers::linear(b, "l", x, 4, {.bias = false}); })},
      {"max_pool", on({2, 5, 4},
                      [](Builder& b, ValueId x) {
                        return layers::max_pool(b, "p", x, {.kernel = 3, .stride = 2, .pad = 1, .ceil = true});
                      })},
      {"average_pool", on({2, 5, 4},
                          [](Builder& b, ValueId x) {
                            return layers::average_pool(b, "p", x, {.kernel = 3, .stride = 2, .pad = 1, .ceil = true});
                          })},
      {"average_pool_of_padding", on({2, 5, 4},
                                     [](Builder& b, ValueId x) {
                                       return layers::average_pool(
                                           b, "p", x, {.kernel = 3, .stride = 2, .pad = 1, .count_padding = true});
                                     })},
      {"global_max_pool", on({3, 2, 3}, [](Builder& b, ValueId x) { return layers::global_max_pool(b, "p", x); })},
      {"global_average_pool",
       on({3, 2, 3}, [](Builder& b, ValueId x) { return layers::global_average_pool(b, "p", x); })},
      {"lrn", on({6, 2, 2}, [](Builder& b, ValueId x) { return layers::lrn(b, "n", x, {.alpha = 0.8}); })},
      {"lrn_even",
       on({3, 2, 1}, [](Builder& b,
                        ValueId x) { return layers::lrn(b, "n", x, {.size = 4, .alpha = 0.8, .beta = 0.6, .k = 2}); })},
      {"batch_norm", on({2, 2, 3}, [](Builder& b, ValueId x) { return layers::batch_norm(b, "n", x); })},
      {"batch_norm_training", on({2, 2, 3}, [](Builder& b, ValueId x) { return layers::batch_norm(b, "n", x); }), true},
      {"batch_norm_frozen",
       on({3}, [](Builder& b, ValueId x) { return layers::batch_norm(b, "n", x, {.trainable = false}); }), true},
      {"relu", on({5}, [](Builder& b, ValueId x) { return layers::relu(b, "r", x); })},
      {"sigmoid", on({5}, [](Builder& b, ValueId x) { return layers::sigmoid(b, "s", x); })},
      {"tanh", on({5}, [](Builder& b, ValueId x) { return layers::tanh(b, "t", x); })},
      {"softmax", on({3, 2}, [](Builder& b, ValueId x) { return layers::softmax(b, "s", x, 0); })},
      {"softmax_last", on({3, 2}, [](Builder& b, ValueId x) { return layers::softmax(b, "s", x); })},
      {"add",
       [](Builder& b) {
         b.output("y", layers::add(b, "a", b.input("u", {2, 3}), b.input("v", {1, 3})));
       }},
      {"mul",
       [](Builder& b) {
         b.output("y", layers::mul(b, "m", b.input("u", {2, 1}), b.input("v", {2, 3})));
       }},
      {"add_with_gaps", [](Builder& b) { b.output("y", layers::add(b, "a", b.input("u", {2}), b.input("v", {2}))); },
       false, true},
      {"affine", on({4}, [](Builder& b, ValueId x) { return layers::affine(b, "a", x, -1.5, 0.25); })},
      {"concat",
       [](Builder& b) {
         b.output("y", layers::concat(b, "c", {b.input("u", {2, 1}), b.input("v", {2, 3})}, 1));
       }},
      {"flatten", on({2, 1, 3}, [](Builder& b, ValueId x) { return layers::flatten(b, "f", x); })},
      {"dropout", on({6}, [](Builder& b, ValueId x) { return layers::dropout(b, "d", x, 0.5); }), true},
      {"lstm_gates", [](Builder& b) { gates(b, {3}, false); }},
      {"lstm_gates_with_peepholes", [](Builder& b) { gates(b, {2}, true); }},
      {"lstm_gates_on_maps",
       [](Builder& b) {
         gates(b, {2, 2, 2}, true);
       }},
      {"delay", delays},
      {"running_max", on({3}, [](Builder& b, ValueId x) { return b.node("running_max", "r", {x}).front(); })},
      {"running_mean", on({3}, [](Builder& b, ValueId x) { return b.node("running_mean", "r", {x}).front(); }), false,
       true},
      {"running_weighted_mean", on({2},
                                   [](Builder& b, ValueId x) {
                                     const ValueId w = layers::sigmoid(b, "weight", b.input("w", {1}));
                                     return b.node("running_weighted_mean", "r", {x, w}).front();
                                   })},
      {"ramp",
       on({2}, [](Builder& b, ValueId x) { return layers::aggregate(b, "r", x, layers::Aggregation::kLinear); })},
      {"window", window(3, 2, 0, "valid")},
      {"window_ahead", window(4, 1, 2, "same")},
      {"latest", on({2}, [](Builder& b, ValueId x) { return b.node("latest", "l", {x}).front(); }), false, true},
      {"last", on({2}, [](Builder& b, ValueId x) { return b.node("last", "l", {x}).front(); })},
  };
}

std::vector<Case> graph_cases() {
  return {
      {"loop", loop, false, true},
      {"sparse_loop", sparse_loop, false, true},
      {"conv_lstm", conv_lstm},
      {"lrcn_like", lrcn_like, true},
  };
}

class Gradient : public testing::TestWithParam<Case> {};

struct Problem {
  graph::Model model;
  graph::Chunk chunk;
};

Problem make_problem(const Case& c) {
  Problem problem;
  Builder b(problem.model, "main");
  c.build(b);
  b.finish();
  fill_weights(problem.model, 3);
  for (auto& [name, tensor] : problem.model.weights) tensor = in_float64(tensor);
  const graph::Plan plan = graph::make_plan(problem.model, problem.model.graphs[0]);
  const Script script = make_script(plan, {.ticks = 9, .streams = 2, .gaps = c.gaps, .seed = 5});
  problem.chunk = in_float64(cut(plan, script, 0, script.ticks, {0, 1}));
  return problem;
}

// Compares some elements of `analytic` with what moving the same elements of `moved` does to the loss.
void check(const Case& c, const Problem& problem, Tensor& moved, const Tensor& analytic, const std::string& what) {
  constexpr double kStep = 1e-5;
  std::mt19937 random(9);
  const ProbeOptions options{.training = c.training, .gradients = false};
  for (int i = 0; i < 8 && moved.count() > 0; ++i) {
    const auto at = moved.count() <= 8 ? i % moved.count() : static_cast<std::int64_t>(random() % moved.count());
    double& element = moved.data<double>()[at];
    const double before = element;
    element = before + kStep;
    const double up = probe(problem.model, "main", problem.chunk, options).loss;
    element = before - kStep;
    const double down = probe(problem.model, "main", problem.chunk, options).loss;
    element = before;
    const double numeric = (up - down) / (2 * kStep);
    EXPECT_NEAR(analytic.data<double>()[at], numeric, 1e-7 * (1 + std::abs(numeric))) << what << " element " << at;
  }
}

TEST_P(Gradient, EqualsFiniteDifferences) {
  const Case& c = GetParam();
  Problem problem = make_problem(c);
  const Probed probed = probe(problem.model, "main", problem.chunk, {.training = c.training});
  for (const auto& [name, gradient] : probed.by_parameter) {
    check(c, problem, problem.model.weights.at(name), gradient, name);
  }
  for (std::size_t i = 0; i < probed.by_input.size(); ++i) {
    check(c, problem, problem.chunk.inputs[i].data, probed.by_input[i], "input " + std::to_string(i));
  }
}

const auto kName = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Op, Gradient, testing::ValuesIn(op_cases()), kName);
INSTANTIATE_TEST_SUITE_P(Graph, Gradient, testing::ValuesIn(graph_cases()), kName);

TEST(Gradient, IsCheckedForEveryOp) {
  std::set<std::string> seen;
  for (const std::vector<Case>& cases : {op_cases(), graph_cases()}) {
    for (const Case& c : cases) {
      const Problem problem = make_problem(c);
      for (const graph::Node& node : problem.model.graphs[0].nodes) seen.insert(node.op);
    }
  }
  std::set<std::string> all;
  for (const graph::OpDefinition& op : graph::all_ops()) all.insert(op.name);
  EXPECT_EQ(seen, all);
}

}  // namespace
}  // namespace longtake::test
