// Invariant f, and a in the trainer: both executors compute the same model.
#include <fmt/format.h>

#include <cmath>

#include "invariants/fixture.h"
#include "training/torch_executor.h"

namespace longtake::invariants {

namespace {

constexpr std::int64_t kTicks = 50;

// One stream that never ends, so that nothing corrects what drifts. Whole clips end.
test::Script long_video(const graph::Plan& plan) {
  test::Script script = videos_of_lengths(plan, {kTicks});
  if (!plan.whole_sequences) script.flags.back() &= ~graph::kEnd;
  return script;
}

// The largest difference by output.
std::map<std::string, double> drift(const test::Results& a, const test::Results& b) {
  std::map<std::string, double> worst;
  for (const auto& [key, value] : a) {
    double& most = worst[std::get<0>(key)];
    for (std::size_t i = 0; i < value.second.size(); ++i) {
      most = std::max<double>(most, std::abs(value.second[i] - b.at(key).second[i]));
    }
  }
  return worst;
}

}  // namespace

TEST_P(Invariants, A_InTheTrainerChunksChangeNothing) {
  for (const graph::Graph& graph : graphs()) {
    training::TorchExecutor trainer(*model_, graph.name);
    if (trainer.plan().whole_sequences) GTEST_SKIP() << "graph " << graph.name << " takes clips whole";
    for (const test::Script& script : scripts(trainer.plan())) {
      const test::Run whole = test::run_in_chunks(trainer, script, {script.ticks});
      ASSERT_FALSE(whole.results.empty());
      for (const std::vector<std::int64_t>& lengths : {std::vector<std::int64_t>{1}, random_lengths(script.ticks, 1)}) {
        const test::Run cut = test::run_in_chunks(trainer, script, lengths);
        expect_close(cut.results, whole.results);
        expect_close(cut.state, whole.state);
      }
    }
  }
}

TEST_P(Invariants, F_TrainerAndRuntimeAgreePerStepFromEqualState) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    if (executor->plan().whole_sequences) GTEST_SKIP() << "graph " << graph.name << " has no steps";
    training::TorchExecutor trainer(*model_, graph.name);
    const test::Script script = long_video(executor->plan());
    State state = executor->initial_state(1);
    EXPECT_EQ(trainer.initial_state(1), state);
    graph::Outputs outputs;
    for (std::int64_t t = 0; t < script.ticks; ++t) {
      SCOPED_TRACE(t);
      const graph::Chunk chunk = test::cut(executor->plan(), script, t, t + 1, {0});
      State of_trainer = state;
      test::Results expected, got;
      executor->run(chunk, state, outputs);
      test::collect(outputs, t, {0}, expected);
      trainer.run(chunk, of_trainer, outputs);
      test::collect(outputs, t, {0}, got);
      expect_close(got, expected);
      expect_close(of_trainer, state);
    }
  }
}

TEST_P(Invariants, F_TrainerAndRuntimeAgreeAfterFiftySteps) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    training::TorchExecutor trainer(*model_, graph.name);
    const test::Script script = long_video(executor->plan());
    const std::vector<std::int64_t> lengths = lengths_for(executor->plan(), script, {1});
    const test::Run expected = test::run_in_chunks(*executor, script, lengths);
    const test::Run got = test::run_in_chunks(trainer, script, lengths);
    expect_close(got.results, expected.results);
    expect_close(got.state, expected.state);
    for (const auto& [output, worst] : drift(got.results, expected.results)) {
      fmt::print("{}: graph {}, output {}: trainer and runtime drift apart by {:.1e} at most in {} free steps\n",
                 model_->name, graph.name, output, worst, script.ticks);
    }
  }
}

TEST_P(Invariants, F_TrainerAndRuntimeAgreeOnStreamsThatComeAndGo) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    training::TorchExecutor trainer(*model_, graph.name);
    for (const test::Script& script : scripts(executor->plan())) {
      const test::Run expected = test::run_in_chunks(*executor, script, {script.ticks});
      const test::Run got = test::run_in_chunks(trainer, script, {script.ticks});
      expect_close(got.results, expected.results);
      expect_close(got.state, expected.state);
    }
  }
}

}  // namespace longtake::invariants
