#include "onnx/stepping.h"

#include <limits>
#include <numeric>

namespace longtake::test {

void Stepping::add(const std::shared_ptr<const graph::Model>& model, graph::Executor& executor, Script script,
                   Carried carried, const onnx::ExportOptions& options) {
  Ours& ours = ours_.emplace_back(Ours{model, executor.plan(), std::vector<graph::Outputs>(script.ticks), {}});
  onnx::EngineRun& run = runs_.emplace_back();
  run.onnx = onnx::export_onnx(*model, ours.plan.graph->name, options);
  const onnx::StepSignature signature = onnx::step_signature(ours.plan);
  for (std::uint8_t& flag : script.flags) {
    if (!signature.end) flag &= ~graph::kEnd;
    if (!signature.flush) flag &= ~graph::kFlush;
  }
  std::vector<std::int64_t> streams(script.streams);
  std::iota(streams.begin(), streams.end(), 0);
  State state = executor.initial_state(script.streams);
  for (std::int64_t t = 0; t < script.ticks; ++t) {
    const graph::Chunk tick = cut(ours.plan, script, t, t + 1, streams);
    run.ticks.push_back(onnx::feeds_of(ours.plan, tick, options, std::numeric_limits<float>::quiet_NaN()));
    if (t == 0 || carried == Carried::kFromEqualState) run.ticks.back().merge(onnx::feeds_of(ours.plan, state));
    executor.run(tick, state, ours.outputs[t]);
    ours.states.push_back(state);
  }
}

std::vector<std::vector<onnx::Difference>> Stepping::differences() const {
  const auto engine = onnx::run_in_engine(runs_);
  std::vector<std::vector<onnx::Difference>> differences(runs_.size());
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const Ours& ours = ours_[r];
    for (std::size_t t = 0; t < runs_[r].ticks.size(); ++t) {
      differences[r].push_back(
          onnx::compare(ours.plan, ours.outputs[t], ours.states[t], runs_[r].ticks[t], engine[r][t]));
    }
  }
  return differences;
}

void expect_agreement(const std::vector<onnx::Difference>& differences) {
  for (std::size_t t = 0; t < differences.size(); ++t) {
    EXPECT_TRUE(differences[t].agrees()) << "tick " << t << ", " << differences[t].where << ": "
                                         << differences[t].greatest;
  }
}

}  // namespace longtake::test
