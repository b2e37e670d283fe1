// How a Program is made: layouts, kernels, fusion and memory.
#include <fmt/format.h>

#include <algorithm>

#include "graph/weight_format.h"
#include "longtake/error.h"
#include "runtime/compiled.h"

namespace longtake::runtime {

using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Temporal;
using graph::ValueId;

namespace {

const Tensor* weight_of(const graph::Model& model, const std::string& name) {
  if (name.empty()) return nullptr;
  const auto found = model.weights.find(name);
  if (found == model.weights.end()) {
    throw InvalidArgument(
        fmt::format("model '{}' has no numbers for parameter '{}'; initialise or load it first", model.name, name));
  }
  const Shape& declared = model.parameter(name).shape;
  if (found->second.dtype() != DType::kFloat32 || found->second.shape() != declared) {
    throw InvalidArgument(fmt::format("weight '{}' is {} {} but must be float32 {}", name,
                                      name_of(found->second.dtype()), to_string(found->second.shape()),
                                      to_string(declared)));
  }
  return &found->second;
}

RunningKind running_kind(const Node& node) {
  if (node.op == "running_max") return RunningKind::kMax;
  if (node.op == "running_mean") return RunningKind::kMean;
  if (node.op == "running_weighted_mean") return RunningKind::kWeightedMean;
  if (node.op == "ramp") return RunningKind::kRamp;
  throw Unsupported(fmt::format("op {} '{}' is not known to the runtime", node.op, node.name));
}

Action action_of(Temporal temporal) {
  switch (temporal) {
    case Temporal::kInput:
      return Action::kInput;
    case Temporal::kParameter:
      return Action::kParameter;
    case Temporal::kCombinational:
      return Action::kKernel;
    case Temporal::kDelay:
    case Temporal::kLatest:
    case Temporal::kLast:
      return Action::kShow;
    case Temporal::kFirst:
    case Temporal::kWhole:
      return Action::kTurn;
    case Temporal::kRunning:
      return Action::kRunning;
    case Temporal::kWindow:
      return Action::kWindow;
  }
  return Action::kNothing;
}

std::vector<std::string> state_names(const graph::Plan& plan, const Node& node) {
  const graph::OpDefinition& op = graph::definition_of(node);
  std::vector<std::string> names;
  if (op.state) {
    for (const graph::StateSpec& spec : graph::with_context(plan, node, op.state)) names.push_back(spec.name);
  }
  return names;
}

// Of relu or clip.
Limits limits_of(const Node& node) {
  if (node.op == "relu") return {.low = 0};
  return {static_cast<float>(node.attribute<double>("low")), static_cast<float>(node.attribute<double>("high"))};
}

}  // namespace

void Program::compile() {
  const graph::Graph& graph = *plan_.graph;
  if (workspaces_.threads() > 1) pool_ = std::make_unique<ThreadPool>(workspaces_.threads());
  layouts_ = assign_layouts(plan_, kernels_.level != KernelLevel::kReference);
  for (const Shape& shape : plan_.shapes) sizes_.push_back(element_count(shape));
  outputs_of_node_.resize(graph.nodes.size());
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    outputs_of_node_[graph.values[graph.outputs[i].value].node].push_back(i);
  }
  nodes_.resize(graph.nodes.size());
  external_.assign(sizes_.size(), false);
  alias_of_.assign(sizes_.size(), kNoValue);
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    nodes_[n].action = action_of(graph::definition_of(graph.nodes[n]).temporal);
  find_aliases();

  std::size_t most_inputs = 1, most_outputs = 1;
  std::int64_t longest_row = 0;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = graph.nodes[n];
    Compiled& compiled = nodes_[n];
    compiled.state = state_names(plan_, node);
    most_inputs = std::max(most_inputs, node.inputs.size());
    most_outputs = std::max(most_outputs, node.outputs.size());
    if (compiled.action == Action::kKernel) compiled.kernel = compile_kernel(node);
    if (compiled.action == Action::kParameter) compiled.parameter = weight_of(*model_, node.parameters.at(0));
    if (compiled.action == Action::kRunning) compiled.running = running_kind(node);
    if (compiled.action == Action::kWindow) compiled.window = node.attribute<std::int64_t>("size");
    if (compiled.action == Action::kRunning || compiled.action == Action::kWindow) {  // whose rows may turn
      const ValueId out = node.outputs[0];
      longest_row = std::max(longest_row, sizes_[layouts_[out] == Layout::kChannelsLast ? out : node.inputs[0]]);
    }
  }
  storage_ = assign_storage(plan_, alias_of_, external_);
  slots_.resize(storage_.slots);
  gather_scratch_.resize(most_inputs);
  row_scratch_.reserve(longest_row);
  read_.resize(sizes_.size());
  write_.resize(sizes_.size());
  call_inputs_.resize(most_inputs);
  call_outputs_.resize(most_outputs);
}

// Values that need no memory of their own: inputs in the layout they came in, dropout, which keeps everything, and relu
// or clip where the op before applies it.
void Program::find_aliases() {
  const graph::Graph& graph = *plan_.graph;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId value = graph.inputs[i];
    Compiled& compiled = nodes_[graph.values[value].node];
    compiled.input = static_cast<std::int32_t>(i);
    external_[value] = layouts_[value] == Layout::kChannelsFirst;
    if (external_[value]) compiled.action = Action::kNothing;
  }
  if (kernels_.level == KernelLevel::kReference) return;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (const NodeId limit = limit_after(node); limit >= 0) {
      nodes_[limit].action = Action::kNothing;
      alias_of_[graph.nodes[limit].outputs[0]] = node.outputs[0];
    }
    const auto channels_first = [&](ValueId value) { return layouts_[value] == Layout::kChannelsFirst; };
    const bool reshapes = node.op == "flatten" || node.op == "reshape";
    const bool flat_already = reshapes && channels_first(node.inputs[0]) && channels_first(node.outputs[0]);
    if (node.op == "dropout" || flat_already) {
      nodes_[n].action = Action::kNothing;
      alias_of_[node.outputs[0]] = node.inputs[0];
    }
  }
}

// The relu or clip that is the only reader of the node's value, so that the node's kernel can apply it itself; -1 where
// there is none.
NodeId Program::limit_after(const Node& node) const {
  if (kernels_.level == KernelLevel::kReference || (node.op != "conv2d" && node.op != "linear")) return -1;
  const graph::Graph& graph = *plan_.graph;
  const ValueId value = node.outputs[0];
  for (const graph::Output& output : graph.outputs) {
    if (output.value == value) return -1;
  }
  int readers = 0;
  NodeId last = -1;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (ValueId input : graph.nodes[n].inputs) {
      if (input != value) continue;
      ++readers;
      last = static_cast<NodeId>(n);
    }
  }
  return readers == 1 && (graph.nodes[last].op == "relu" || graph.nodes[last].op == "clip") ? last : -1;
}

std::unique_ptr<Kernel> Program::compile_kernel(const Node& node) const {
  std::vector<const Tensor*> weights;
  for (const std::string& name : node.parameters) weights.push_back(weight_of(*model_, name));
  const bool is_matrix = node.op == "linear" && matrices_.contains(node.parameters[0]);
  const WeightFormat format = is_matrix ? weight_format_ : WeightFormat::kFloat32;
  // The weights are rounded at every level, the reference too. (Of int8, the kernels round the inputs besides.)
  Tensor matrix;
  if (is_matrix && format != model_->weight_format) {
    matrix = graph::rounded(*weights[0], format, node.parameters[0]);
    weights[0] = &matrix;
  }
  weights.resize(graph::definition_of(node).max_parameters);
  std::vector<Layout> input_layouts, output_layouts;
  for (ValueId value : node.inputs) input_layouts.push_back(layouts_[value]);
  for (ValueId value : node.outputs) output_layouts.push_back(layouts_[value]);
  const NodeId limit = limit_after(node);
  const Limits limits = limit < 0 ? Limits{} : limits_of(plan_.graph->nodes[limit]);
  return graph::with_context(plan_, node, [&](const graph::OpContext& op, std::span<const Shape> outputs) {
    return make_kernel(
        {op, outputs, weights, input_layouts, output_layouts, limits, kernels_.level, kernels_.precise, format});
  });
}

}  // namespace longtake::runtime
