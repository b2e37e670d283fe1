#include "training/graph_runner.h"

#include "training/bridge.h"
#include "training/execution.h"
#include "training/places.h"

namespace longtake::training {

using graph::Node;
using graph::NodeId;
using graph::Temporal;
using graph::ValueId;

void StreamState::detach() {
  for (auto& [name, tensor] : tensors) tensor = tensor.detach();
}

StreamState to_stream_state(const graph::Plan& plan, const State& state, const torch::TensorOptions& options) {
  graph::check_state(plan, state);
  StreamState out{State(state.streams()), {}};
  for (const graph::StateSpec& spec : plan.state) {
    if (spec.dtype == DType::kInt64) {
      out.counters.set(spec.name, state.at(spec.name));
    } else {
      out.tensors[spec.name] = to_torch(state.at(spec.name), options);
    }
  }
  return out;
}

State to_state(const StreamState& state) {
  State out = state.counters;
  for (const auto& [name, tensor] : state.tensors) out.set(name, from_torch(tensor));
  return out;
}

torch::Tensor Execution::empty_rows(ValueId value) const {
  return torch::zeros(with_rows(0, plan.shape(value)), weights.options());
}

torch::Tensor Execution::constant_row(const Shape& shape, double fill) const {
  return torch::full(with_rows(1, shape), fill, weights.options());
}

const torch::Tensor& OpCall::parameter(std::size_t index) const {
  static const torch::Tensor kAbsent;
  return index < parameters.size() ? parameters[index] : kAbsent;
}

GraphRunner::GraphRunner(const graph::Plan& plan, std::shared_ptr<const Weights> weights)
    : plan_(plan), weights_(std::move(weights)), schedule_(plan), joined_(plan.shapes.size(), false) {
  std::vector<int> step_of(plan.graph->nodes.size());
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (NodeId id : plan.steps[s].nodes) step_of[id] = static_cast<int>(s);
  }
  for (std::size_t n = 0; n < plan.graph->nodes.size(); ++n) {
    for (ValueId value : plan.graph->nodes[n].inputs) {
      if (value != graph::kNoValue && step_of[plan.graph->values[value].node] != step_of[n]) joined_[value] = true;
    }
  }
  for (const graph::Output& output : plan.graph->outputs) joined_[output.value] = true;
}

StreamState GraphRunner::initial_state(std::int64_t streams) const {
  return to_stream_state(plan_, graph::initial_state(plan_, streams), weights_->options());
}

namespace {

torch::Tensor input_rows(const Execution& e, ValueId value, const graph::ChunkInput& input,
                         const torch::Tensor& given) {
  const std::int64_t rows = e.schedule.rows_of(value).size();
  if (rows == 0) return e.empty_rows(value);
  const torch::Tensor seen = given.defined() ? given : view(input.data);
  if (given.defined() && given.sizes().vec() != with_rows(rows, e.plan.shape(value))) {
    throw InvalidArgument(fmt::format("what is given for input '{}' is {} but must be {} rows of {}",
                                      e.plan.graph->values[value].name, to_string(given.sizes().vec()), rows,
                                      to_string(e.plan.shape(value))));
  }
  return seen.to(e.device(), c10::typeMetaToScalarType(e.weights.options().dtype()));
}

void run_combinational(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  const graph::NodeSchedule& schedule = e.schedule.node(id);
  const graph::RowSet& rows = e.schedule.rows(schedule.rows);
  if (rows.size() == 0) {
    for (ValueId value : node.outputs) e.values[value] = e.empty_rows(value);
    return;
  }
  OpCall call{e, node, {}, {}, rows.rows};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const torch::Tensor& input = e.values[node.inputs[i]];
    const std::vector<std::int32_t>& gather = schedule.gather[i];
    const std::vector<std::int64_t> index(gather.begin(), gather.end());
    call.inputs.push_back(index.empty() ? input : input.index_select(0, index_tensor(index, input.device())));
  }
  for (const std::string& name : node.parameters) {
    call.parameters.push_back(name.empty() ? torch::Tensor() : e.weights.at(name));
  }
  const std::vector<torch::Tensor> outputs = evaluate(call);
  for (std::size_t i = 0; i < outputs.size(); ++i) e.values[node.outputs[i]] = outputs[i];
}

void run_node(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  switch (graph::definition_of(node).temporal) {
    case Temporal::kInput:
      return;
    case Temporal::kParameter: {
      const torch::Tensor& parameter = e.weights.at(node.parameters[0]);
      const ValueId value = node.outputs[0];
      e.values[value] = parameter.unsqueeze(0).expand(with_rows(e.schedule.rows_of(value).size(), e.plan.shape(value)));
      return;
    }
    case Temporal::kCombinational:
      return run_combinational(e, id);
    case Temporal::kDelay:
    case Temporal::kLatest:
    case Temporal::kLast:
      return run_show(e, id);
    case Temporal::kRunning:
      return run_running(e, id);
    case Temporal::kWindow:
      return run_window(e, id);
    case Temporal::kFirst:
    case Temporal::kWhole:
      return run_turn(e, id);
  }
}

}  // namespace

std::vector<RunnerOutput> GraphRunner::run(const graph::Chunk& chunk, std::span<const torch::Tensor> given,
                                           StreamState& state, const RunOptions& options) {
  const graph::Graph& graph = *plan_.graph;
  if (!given.empty() && given.size() != graph.inputs.size()) {
    throw InvalidArgument(fmt::format("{} tensors are given for the {} inputs of graph '{}'", given.size(),
                                      graph.inputs.size(), graph.name));
  }
  if (!options.samples.empty() && static_cast<std::int64_t>(options.samples.size()) != chunk.streams) {
    throw InvalidArgument(fmt::format("{} samples are named for {} streams", options.samples.size(), chunk.streams));
  }
  schedule_.build(chunk, state.counters);
  Execution e{plan_, schedule_, *weights_, options, joined_, state, std::vector<torch::Tensor>(graph.values.size())};
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    e.values[graph.inputs[i]] =
        input_rows(e, graph.inputs[i], chunk.inputs[i], given.empty() ? torch::Tensor() : given[i]);
  }
  for (const graph::Step& step : plan_.steps) {
    if (step.loop) {
      run_loop(e, step);
    } else {
      for (NodeId id : step.nodes) run_node(e, id);
    }
  }
  std::vector<RunnerOutput> outputs;
  for (const graph::Output& output : graph.outputs) {
    RunnerOutput out{e.values[output.value], {}};
    const std::int64_t lag = plan_.clocks[output.value].lag;
    for (const graph::Row& row : schedule_.rows_of(output.value).rows) {
      out.rows.push_back({row.tick, row.stream, schedule_.about(row, lag)});
    }
    outputs.push_back(std::move(out));
  }
  return outputs;
}

void apply_bindings(const graph::Model& model, const graph::Graph& from_graph, const std::vector<RunnerOutput>& outputs,
                    const graph::Graph& to_graph, graph::Chunk& chunk, std::vector<torch::Tensor>& given) {
  given.resize(to_graph.inputs.size());
  for (const graph::Binding& binding : model.bindings) {
    if (binding.from_graph != from_graph.name || binding.to_graph != to_graph.name) continue;
    std::size_t index = 0;
    while (from_graph.outputs[index].name != binding.from_output) ++index;  // check() has seen to its existence
    const RunnerOutput& from = outputs.at(index);
    std::vector<std::int64_t> newest(chunk.streams, -1);
    for (std::size_t r = 0; r < from.rows.size(); ++r) newest[from.rows[r].stream] = static_cast<std::int64_t>(r);
    for (std::int64_t s = 0; s < chunk.streams; ++s) {
      if (newest[s] >= 0) continue;
      throw InvalidArgument(fmt::format("graph '{}' gave stream {} no '{}' for '{}.{}'", from_graph.name, s,
                                        binding.from_output, binding.to_graph, binding.to_input));
    }
    const std::size_t input = to_graph.input_index(binding.to_input);
    given[input] = from.data.index_select(0, index_tensor(newest, from.data.device()));
    chunk.inputs.at(input) = {from_torch(given[input]), {}};
  }
}

}  // namespace longtake::training
