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
#include "layers/attention.h"
#include "layers/basic.h"
#include "layers/gru.h"
#include "layers/lstm.h"
#include "layers/patches.h"
#include "layers/slots.h"
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

// A window whose slots are not all valid.
std::function<void(Builder&)> slots(bool maximum) {
  return [=](Builder& b) {
    const auto w = layers::window(b, "w", b.input("x", {2}), {.size = 3, .stride = 2, .partial = true});
    b.output("y", maximum ? layers::max_over_slots(b, "s", w) : layers::mean_over_slots(b, "s", w));
  };
}

// Both directions over the whole sequence, an initial state from its end, and both forms of the GRU.
void both_ways(Builder& b) {
  const ValueId x = b.input("x", {2});
  const ValueId start = b.node("final", "end", {layers::tanh(b, "t", layers::linear(b, "l", x, 3))}).front();
  const ValueId forward = layers::gru(b, "forward", x, {.channels = 3, .initial = start});
  const ValueId reversed = b.node("reverse", "reversed", {x}).front();
  const ValueId back = layers::gru(b, "backward", reversed, {.channels = 2, .reset_after = true, .update_keeps = true});
  b.output("y", layers::concat(b, "both", {forward, b.node("reverse", "restored", {back}).front()}));
}

// Two levels of maps, the upper of which hears the lower.
void stacked_conv_gru(Builder& b) {
  const ValueId x = b.input("frame", {1, 4, 4});
  const ValueId low = layers::conv_gru(b, "low", x, {.channels = 2});
  const ValueId high = layers::conv_gru(b, "high", layers::max_pool(b, "smaller", x),
                                        {.channels = 2, .kernel = 1, .below = layers::max_pool(b, "p", low)});
  b.output("high", high);
}

// Two trajectory GRUs, the upper of which hears nothing after its beginning.
void trajectory_gru(Builder& b) {
  const ValueId x = b.input("frame", {1, 4, 3}), start = b.input("start", {2, 4, 3}, true);
  const auto cell = [&](const char* name, ValueId input, ValueId initial) {
    b.output(name, layers::conv_traj_gru(
                       b, name, input,
                       {.channels = 2, .links = 2, .motion_channels = 3, .motion_kernel = 3, .initial = initial}));
  };
  cell("hears", x, graph::kNoValue);
  cell("alone", graph::kNoValue, start);
}

// A query from the state of the tick before, in each form of the score.
std::function<void(Builder&)> attending(layers::Score score) {
  return [=](Builder& b) {
    const ValueId memory = b.input("memory", {4, 3});
    const ValueId h = b.delay("h", {3});
    const auto asked = layers::attention(b, "a", h, memory, {.score = score, .size = 5, .bias = true});
    const ValueId next = layers::tanh(b, "next", layers::linear(b, "in", asked.context, 3));
    b.connect(h, next);
    b.output("h", next);
    b.output("weights", asked.weights);
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
      {"conv_transpose2d", on({3, 2, 3},
                              [](Builder& b, ValueId x) {
                                return b
                                    .node("conv_transpose2d", "c", {x},
                                          {{"stride", std::vector<std::int64_t>{2, 3}},
                                           {"pad", std::vector<std::int64_t>{1, 0}}},
                                          {b.parameter({"w", {3, 4, 3, 2}}), b.parameter({"b", {4}})})
                                    .front();
                              })},
      {"conv_transpose2d_without_bias", on({2, 2, 2},
                                           [](Builder& b, ValueId x) {
                                             return layers::conv_transpose2d(
                                                 b, "c", x, {.channels = 3, .kernel = 2, .bias = false});
                                           })},
      {"warp",
       [](Builder& b) {
         b.output("y", layers::warp(b, "w", b.input("u", {2, 3, 4}), b.input("v", {4, 3, 4})));
       }},
      {"warp_of_one_row",
       [](Builder& b) {
         b.output("y", layers::warp(b, "w", b.input("u", {2, 1, 3}), b.input("v", {2, 1, 3})));
       }},
      {"coordinates", on({2, 3, 4},
                         [](Builder& b, ValueId x) {
                           return layers::conv2d(b, "c", layers::concat(b, "j", {x, layers::coordinates(b, "g", x)}),
                                                 {.channels = 2, .kernel = 2});
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
      {"log",
       on({4}, [](Builder& b, ValueId x) { return layers::log(b, "l", layers::affine(b, "positive", x, 1, 1.5)); })},
      {"leaky_relu", on({5}, [](Builder& b, ValueId x) { return layers::leaky_relu(b, "l", x, 0.2); })},
      {"clip", on({6}, [](Builder& b, ValueId x) { return layers::clip(b, "c", x, -0.5, 0.25); })},
      {"blend",
       [](Builder& b) {
         b.output("y", layers::blend(b, "b", b.input("z", {2, 3}), b.input("u", {2, 3}), b.input("v", {2, 3})));
       }},
      {"matmul",
       [](Builder& b) {
         b.output("y", layers::matmul(b, "m", b.input("u", {2, 3, 4}), b.input("v", {2, 4, 2})));
       }},
      {"masked_softmax", on({2, 3},
                            [](Builder& b, ValueId x) {
                              // Rows with one, two and no valid places.
                              const ValueId mask = layers::clip(b, "mask", layers::affine(b, "steep", x, 1e9, 0), 0, 1);
                              return layers::masked_softmax(b, "s", b.input("x2", {2, 3}), mask);
                            })},
      {"reshape", on({2, 3},
                     [](Builder& b, ValueId x) {
                       return layers::reshape(b, "r", x, {3, -1});
                     })},
      {"transpose", on({2, 3, 4},
                       [](Builder& b, ValueId x) {
                         return layers::transpose(b, "t", x, {2, 0, 1});
                       })},
      {"pixel_unshuffle", on({2, 4, 6}, [](Builder& b, ValueId x) { return layers::patchify(b, "p", x, 2); })},
      {"pixel_shuffle", on({8, 2, 3}, [](Builder& b, ValueId x) { return layers::unpatchify(b, "p", x, 2); })},
      {"slice", on({2, 5}, [](Builder& b, ValueId x) { return layers::slice(b, "s", x, 1, 2, 2); })},
      {"pad", on({2, 3},
                 [](Builder& b, ValueId x) {
                   return b
                       .node("pad", "p", {x},
                             {{"before", std::vector<std::int64_t>{1, 0}},
                              {"after", std::vector<std::int64_t>{0, 2}},
                              {"value", -1.5}})
                       .front();
                 })},
      {"slot_max", slots(true)},
      {"slot_mean", slots(false)},
      {"overlap_average", on({3, 2}, [](Builder& b, ValueId x) { return layers::overlap_average(b, "o", x); })},
      {"first", on({3}, [](Builder& b, ValueId x) { return b.node("first", "f", {x}).front(); })},
      {"final", on({3}, [](Builder& b, ValueId x) { return b.node("final", "f", {x}).front(); })},
      {"final_with_gaps", on({3}, [](Builder& b, ValueId x) { return b.node("final", "f", {x}).front(); }), false,
       true},
      {"reverse", on({3}, [](Builder& b, ValueId x) { return b.node("reverse", "r", {x}).front(); }), false, true},
      {"max_pool_dilated", on({2, 6, 5},
                              [](Builder& b, ValueId x) {
                                return b
                                    .node("max_pool", "p", {x},
                                          {{"kernel", std::vector<std::int64_t>{2, 2}},
                                           {"stride", std::vector<std::int64_t>{1, 2}},
                                           {"pad", std::vector<std::int64_t>{1, 0}},
                                           {"dilation", std::vector<std::int64_t>{2, 3}},
                                           {"ceil", false}})
                                    .front();
                              })},
      {"constant", on({2, 3},
                      [](Builder& b, ValueId x) {
                        return layers::mul(b, "m", x, layers::constant(b, "c", x, {2, 1}, graph::Initialiser::he()));
                      })},
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
      {"both_ways", both_ways},
      {"stacked_conv_gru", stacked_conv_gru},
      {"trajectory_gru", trajectory_gru},
      {"dot_attention", attending(layers::Score::kDot)},
      {"bilinear_attention", attending(layers::Score::kBilinear)},
      {"additive_attention", attending(layers::Score::kAdditive)},
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
