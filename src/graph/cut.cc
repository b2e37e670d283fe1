#include "graph/cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "longtake/error.h"

namespace longtake::graph {

namespace {

bool lies_in(const Graph& graph, const Node& node, std::int32_t region) {
  for (std::int32_t r = node.region; r >= 0; r = graph.regions[r].parent) {
    if (r == region) return true;
  }
  return false;
}

// The graph with only the nodes that the outputs need, and without feedback.
Graph pruned(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size(), false);
  std::vector<NodeId> open;
  const auto want = [&](ValueId value) {
    if (value == kNoValue || needed[graph.values[value].node]) return;
    needed[graph.values[value].node] = true;
    open.push_back(graph.values[value].node);
  };
  for (const Output& output : graph.outputs) want(output.value);
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    for (ValueId value : graph.nodes[id].inputs) want(value);
  }
  return with_nodes(graph, needed);
}

}  // namespace

Graph with_nodes(const Graph& graph, const std::vector<bool>& kept) {
  Graph out;
  out.name = graph.name;
  out.feedback = graph.feedback;
  out.regions = graph.regions;
  std::vector<ValueId> renamed(graph.values.size(), kNoValue);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!kept[n]) continue;
    for (ValueId value : graph.nodes[n].outputs) {
      renamed[value] = static_cast<ValueId>(out.values.size());
      out.values.push_back(graph.values[value]);
      out.values.back().node = static_cast<NodeId>(out.nodes.size());
    }
    out.nodes.push_back(graph.nodes[n]);
  }
  const auto rename = [&](ValueId& value) {
    if (value != kNoValue) value = renamed[value];
  };
  for (Node& node : out.nodes) {
    std::for_each(node.inputs.begin(), node.inputs.end(), rename);
    std::for_each(node.outputs.begin(), node.outputs.end(), rename);
  }
  for (ValueId input : graph.inputs) {
    if (renamed[input] != kNoValue) out.inputs.push_back(renamed[input]);
  }
  for (Output output : graph.outputs) {
    rename(output.value);
    out.outputs.push_back(output);
  }
  return out;
}

std::vector<ValueId> region_outputs(const Graph& graph, const std::string& name) {
  const auto found = std::find_if(graph.regions.begin(), graph.regions.end(),
                                  [&](const Region& region) { return region.name == name && region.parent < 0; });
  if (found == graph.regions.end()) {
    throw InvalidArgument(fmt::format("graph '{}' has no region '{}'", graph.name, name));
  }
  const auto region = static_cast<std::int32_t>(found - graph.regions.begin());
  std::set<ValueId> leaving;
  const auto look = [&](ValueId value) {
    if (value != kNoValue && lies_in(graph, graph.producer(value), region)) leaving.insert(value);
  };
  for (const Node& node : graph.nodes) {
    if (!lies_in(graph, node, region)) std::for_each(node.inputs.begin(), node.inputs.end(), look);
  }
  for (const Output& output : graph.outputs) look(output.value);
  return {leaving.begin(), leaving.end()};
}

Graph up_to(const Graph& graph, std::span<const ValueId> values) {
  Graph part = graph;
  part.outputs.clear();
  part.feedback.clear();
  for (std::size_t i = 0; i < values.size(); ++i) part.outputs.push_back({std::to_string(i), values[i]});
  return pruned(part);
}

Graph from_on(const Graph& graph, std::span<const ValueId> values, std::span<const Shape> shapes) {
  Graph part = graph;
  // Each cut value's node becomes the input. A node with several outputs would lose the others.
  for (std::size_t i = 0; i < values.size(); ++i) {
    Node& node = part.nodes[part.values[values[i]].node];
    if (node.outputs.size() != 1) {
      throw InvalidArgument(fmt::format("graph '{}' cannot be cut at '{}', one of several results of a node",
                                        graph.name, graph.values[values[i]].name));
    }
    node = {std::to_string(i), "input", {}, {}, {{"shape", shapes[i]}, {"once", false}}, node.outputs, -1};
    part.values[values[i]].name = node.name;
  }
  part.inputs.assign(values.begin(), values.end());
  part = pruned(part);
  for (const Node& node : part.nodes) {
    const bool given = std::any_of(part.inputs.begin(), part.inputs.end(),
                                   [&](ValueId input) { return &part.producer(input) == &node; });
    if (node.op == "input" && !given) {
      throw InvalidArgument(fmt::format("graph '{}' cannot go on without its input '{}'", graph.name, node.name));
    }
  }
  return part;
}

Model with_graph(const Model& model, Graph graph) {
  Model out = model;
  std::set<std::string> used;
  for (const Node& node : graph.nodes) used.insert(node.parameters.begin(), node.parameters.end());
  std::erase_if(out.parameters, [&](const Parameter& parameter) { return !used.contains(parameter.name); });
  std::erase_if(out.weights, [&](const auto& weight) { return !used.contains(weight.first); });
  out.graphs = {std::move(graph)};
  out.bindings.clear();
  return out;
}

}  // namespace longtake::graph
