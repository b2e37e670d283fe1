#include "graph/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graph/ops.h"
#include "graph/plan.h"
#include "longtake/error.h"

namespace longtake::graph {

const Graph& Model::graph(const std::string& wanted) const {
  std::string names;
  for (const Graph& graph : graphs) {
    if (graph.name == wanted) return graph;
    names += (names.empty() ? "" : ", ") + graph.name;
  }
  throw InvalidArgument(fmt::format("model '{}' has no graph '{}'; it has: {}", name, wanted, names));
}

const Parameter& Model::parameter(const std::string& wanted) const {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == wanted) return parameter;
  }
  throw InvalidArgument(fmt::format("model '{}' has no parameter '{}'", name, wanted));
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters) {
    if (parameter.trainable) count += element_count(parameter.shape);
  }
  return count;
}

namespace {

void check_names(const Model& model) {
  std::set<std::string> names;
  for (const Parameter& parameter : model.parameters) {
    if (!names.insert(parameter.name).second) {
      throw InvalidArgument(fmt::format("model '{}' has two parameters '{}'", model.name, parameter.name));
    }
    element_count(parameter.shape);
  }
  names.clear();
  for (const Graph& graph : model.graphs) {
    if (!names.insert(graph.name).second) {
      throw InvalidArgument(fmt::format("model '{}' has two graphs '{}'", model.name, graph.name));
    }
  }
  names.clear();
  for (const std::string& label : model.labels) {
    if (!names.insert(label).second) {
      throw InvalidArgument(fmt::format("model '{}' has the label '{}' twice", model.name, label));
    }
  }
}

// Every index of a graph points somewhere: a loaded file may say anything.
void check_structure(const Graph& graph) {
  const auto bad = [&](const std::string& what) {
    throw InvalidArgument(fmt::format("graph '{}': {}", graph.name, what));
  };
  const auto values = static_cast<ValueId>(graph.values.size());
  const auto nodes = static_cast<NodeId>(graph.nodes.size());
  const auto regions = static_cast<std::int32_t>(graph.regions.size());
  std::set<std::string> names;
  ValueId next = 0;
  for (NodeId n = 0; n < nodes; ++n) {
    const Node& node = graph.nodes[n];
    if (!names.insert(node.name).second) bad(fmt::format("two nodes are named '{}'", node.name));
    if (node.region < -1 || node.region >= regions) bad(fmt::format("node '{}' is in no known region", node.name));
    for (ValueId value : node.inputs) {
      if (value < kNoValue || value >= values) bad(fmt::format("node '{}' reads an unknown value", node.name));
    }
    if (node.op == "delay" && (node.inputs.size() != 3 || node.inputs[0] == kNoValue)) {
      bad(fmt::format("delay '{}' is not connected", node.name));
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i, ++next) {
      const bool fits = node.outputs[i] == next && next < values && graph.values[next].node == n &&
                        graph.values[next].index == static_cast<std::int32_t>(i);
      if (!fits) bad(fmt::format("the outputs of node '{}' are not numbered in order", node.name));
    }
  }
  if (next != values) bad("it has values that no node gives");
  for (std::int32_t r = 0; r < regions; ++r) {
    if (graph.regions[r].parent < -1 || graph.regions[r].parent >= r) bad("a region comes before the one it is in");
  }
  for (ValueId value : graph.inputs) {
    if (value < 0 || value >= values || graph.producer(value).op != "input") bad("an input is no input node");
  }
  for (const Node& node : graph.nodes) {
    const auto is_its_op = [&](const OpDefinition& op) { return node.op == op.name; };
    if (std::none_of(all_ops().begin(), all_ops().end(), is_its_op)) {
      bad(fmt::format("'{}' uses op '{}', which no model of this version holds", node.name, node.op));
    }
  }
  for (const Output& output : graph.outputs) {
    if (output.value < 0 || output.value >= values) bad(fmt::format("output '{}' is no value", output.name));
  }
  for (const Feedback& feedback : graph.feedback) {
    graph.output(feedback.output);
    graph.input(feedback.input);
  }
}

void check_binding(const Model& model, const Binding& binding, const std::map<std::string, Plan>& plans) {
  const Graph& from = model.graph(binding.from_graph);
  const Graph& to = model.graph(binding.to_graph);
  const Shape& given = plans.at(from.name).shape(from.output(binding.from_output).value);
  const ValueId input = to.input(binding.to_input);
  const Shape& wanted = plans.at(to.name).shape(input);
  const std::string what =
      fmt::format("binding {}.{} = {}.{}", to.name, binding.to_input, from.name, binding.from_output);
  if (!to.producer(input).attribute<bool>("once")) {
    throw InvalidArgument(fmt::format("{}: '{}' is not a `once` input", what, binding.to_input));
  }
  if (given != wanted) {
    throw InvalidArgument(fmt::format("{}: {} does not fit {}", what, to_string(given), to_string(wanted)));
  }
}

}  // namespace

void check(const Model& model) {
  check_names(model);
  std::map<std::string, Plan> plans;
  for (const Graph& graph : model.graphs) {
    check_structure(graph);
    plans.emplace(graph.name, make_plan(model, graph));
  }
  for (const Binding& binding : model.bindings) check_binding(model, binding, plans);
  for (const auto& [name, tensor] : model.weights) {
    const Parameter& parameter = model.parameter(name);
    if (tensor.shape() != parameter.shape) {
      throw InvalidArgument(fmt::format("weight '{}' is {} but the model declares {}", name, to_string(tensor.shape()),
                                        to_string(parameter.shape)));
    }
  }
}

}  // namespace longtake::graph
