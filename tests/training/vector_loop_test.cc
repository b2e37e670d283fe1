// Loops of vectors as a whole, in float32, against the same loops tick by tick in float64; sequences of several
// lengths, held and reset, on several streams.
#include "training/vector_loop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/builder.h"
#include "graph/schedule.h"
#include "layers/basic.h"
#include "layers/gru.h"
#include "layers/lstm.h"
#include "runtime/script.h"
#include "training/device.h"
#include "training/probe.h"

namespace longtake::test {
namespace {

using graph::Builder;
using graph::ValueId;

struct LoopCase {
  const char* name;
  std::function<void(Builder&)> build;
  bool whole = true;  // computed as a whole
};

ValueId start_of(Builder& b, const char* name, std::int64_t size) { return b.input(name, {size}, true); }

std::vector<LoopCase> loop_cases() {
  return {
      {"lstm",
       [](Builder& b) {
         const auto lstm = layers::lstm(b, "lstm", b.input("x", {5}), {.hidden_size = 7});
         b.output("h", lstm.hidden);
         b.output("c", lstm.cell);
       }},
      {"lstm_with_peepholes_and_a_start",
       [](Builder& b) {
         b.output("h", layers::lstm(b, "lstm", b.input("x", {5}),
                                    {.hidden_size = 21, .peepholes = true, .initial_hidden = start_of(b, "start", 21)})
                           .hidden);
       }},
      {"stack",
       [](Builder& b) {
         ValueId x = b.input("x", {5});
         for (const char* name : {"low", "high"}) x = layers::lstm(b, name, x, {.hidden_size = 17}).hidden;
         b.output("h", x);
       }},
      {"going_on_alone",
       [](Builder& b) {
         const ValueId h = start_of(b, "h", 6), c = start_of(b, "c", 6);
         b.output("h", layers::lstm(b, "lstm", graph::kNoValue,
                                    {.hidden_size = 6, .peepholes = true, .initial_hidden = h, .initial_cell = c})
                           .hidden);
       }},
      {"gru", [](Builder& b) { b.output("h", layers::gru(b, "gru", b.input("x", {5}), {.channels = 19})); }},
      {"gru_as_cudnn_has_it",
       [](Builder& b) {
         b.output("h", layers::gru(b, "gru", b.input("x", {5}),
                                   {.channels = 9,
                                    .reset_after = true,
                                    .update_keeps = true,
                                    .slope = 0.2,
                                    .initial = start_of(b, "start", 9)}));
       }},
      {"gru_that_hears_another",
       [](Builder& b) {
         const ValueId x = b.input("x", {5}), below = layers::gru(b, "low", x, {.channels = 4});
         b.output("h", layers::gru(b, "high", x, {.channels = 6, .below = below}));
       }},
      // Its output is not a vector: tick by tick.
      {"conv_gru",
       [](Builder& b) {
         b.output("h", layers::conv_gru(b, "gru", b.input("x", {2, 4, 4}), {.channels = 3}));
       },
       false},
  };
}

struct LoopProblem {
  graph::Model model;
  graph::Plan plan;
  Script script;
  graph::Chunk chunk;
};

LoopProblem problem_of(const LoopCase& c, std::int64_t streams = 5) {
  LoopProblem problem;
  Builder b(problem.model, "main");
  c.build(b);
  b.finish();
  fill_weights(problem.model, 4);
  problem.plan = graph::make_plan(problem.model, problem.model.graphs[0]);
  problem.script = make_script(problem.plan, {.ticks = 13, .streams = streams, .seed = 7});
  std::vector<std::int64_t> all;
  for (std::int64_t s = 0; s < streams; ++s) all.push_back(s);
  problem.chunk = cut(problem.plan, problem.script, 0, problem.script.ticks, all);
  return problem;
}

double error_of(const Tensor& got, const Tensor& right) {
  double norm = 0, error = 0;
  for (std::int64_t i = 0; i < right.count(); ++i) {
    const double r = right.data<double>()[i], d = got.data<double>()[i] - r;
    norm += r * r;
    error += d * d;
  }
  return std::sqrt(error / std::max(norm, 1e-300));
}

class VectorLoopGradient : public testing::TestWithParam<LoopCase> {};

TEST_P(VectorLoopGradient, AgreesWithDoublePrecision) {
  const LoopProblem problem = problem_of(GetParam());
  for (const std::int64_t piece : {0, 4}) {  // pieces hand gradients on through their states
    const Probed right = probe(problem.model, "main", in_float64(problem.chunk), {.piece_ticks = piece});
    const Probed got = probe(problem.model, "main", problem.chunk, {.piece_ticks = piece, .dtype = DType::kFloat32});
    EXPECT_NEAR(got.loss, right.loss, 1e-5);
    ASSERT_EQ(got.by_parameter.size(), right.by_parameter.size());
    for (const auto& [name, gradient] : right.by_parameter) {
      EXPECT_LT(error_of(got.by_parameter.at(name), gradient), 2e-6) << name;
    }
    for (std::size_t i = 0; i < right.by_input.size(); ++i) {
      EXPECT_LT(error_of(got.by_input[i], right.by_input[i]), 2e-6) << "input " << i;
    }
  }
}

TEST_P(VectorLoopGradient, HasTheSameBitsOnAnyNumberOfThreads) {
  const LoopProblem problem = problem_of(GetParam());
  std::vector<Probed> probed;
  for (const int threads : {1, 2, 3}) {
    training::configure_torch(threads, "cpu");
    probed.push_back(probe(problem.model, "main", problem.chunk, {.dtype = DType::kFloat32}));
  }
  training::configure_torch(1, "cpu");
  for (const Probed& other : probed) {
    EXPECT_EQ(other.loss, probed[0].loss);
    EXPECT_EQ(other.by_input, probed[0].by_input);
  }
}

TEST_P(VectorLoopGradient, IsComputedAsAWholeWhereItCan) {
  const LoopProblem problem = problem_of(GetParam());
  graph::Schedule schedule(problem.plan);
  State state = graph::initial_state(problem.plan, problem.chunk.streams);
  schedule.build(problem.chunk, state);
  int loops = 0;
  for (const graph::Step& step : problem.plan.steps) {
    if (!step.loop) continue;
    ++loops;
    EXPECT_EQ(training::VectorLoop::takes(problem.plan, schedule, step), GetParam().whole);
  }
  EXPECT_GT(loops, 0);
}

INSTANTIATE_TEST_SUITE_P(Cells, VectorLoopGradient, testing::ValuesIn(loop_cases()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace longtake::test
