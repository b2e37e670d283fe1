#include "graph/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "longtake/error.h"

namespace longtake::graph {

template <class T>
const T& Node::attribute(const std::string& key) const {
  const auto found = attributes.find(key);
  if (found == attributes.end()) {
    throw InvalidArgument(fmt::format("op {} '{}' has no attribute '{}'", op, name, key));
  }
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) {
    throw InvalidArgument(fmt::format("op {} '{}': attribute '{}' has the wrong type", op, name, key));
  }
  return *value;
}

template const bool& Node::attribute<bool>(const std::string&) const;
template const std::int64_t& Node::attribute<std::int64_t>(const std::string&) const;
template const double& Node::attribute<double>(const std::string&) const;
template const std::string& Node::attribute<std::string>(const std::string&) const;
template const std::vector<std::int64_t>& Node::attribute<std::vector<std::int64_t>>(const std::string&) const;

std::size_t Graph::input_index(const std::string& wanted) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    names.push_back(values[inputs[i]].name);
    if (names.back() == wanted) return i;
  }
  throw InvalidArgument(fmt::format("graph '{}' has no input '{}'; it has: {}", name, wanted, fmt::join(names, ", ")));
}

ValueId Graph::input(const std::string& wanted) const { return inputs[input_index(wanted)]; }

const Output& Graph::output(const std::string& wanted) const {
  std::vector<std::string> names;
  for (const Output& candidate : outputs) {
    names.push_back(candidate.name);
    if (candidate.name == wanted) return candidate;
  }
  throw InvalidArgument(fmt::format("graph '{}' has no output '{}'; it has: {}", name, wanted, fmt::join(names, ", ")));
}

namespace {

std::optional<ValueId> find_input(const Graph& graph, const std::string& name) {
  for (ValueId input : graph.inputs) {
    if (graph.values[input].name == name) return input;
  }
  return std::nullopt;
}

}  // namespace

Graph close_feedback(const Graph& graph) {
  Graph closed = graph;
  for (const Feedback& feedback : graph.feedback) {
    if (feedback.discrete) {
      throw InvalidArgument(fmt::format("graph '{}': feedback from '{}' to '{}' is discrete; a driver must run it",
                                        graph.name, feedback.output, feedback.input));
    }
    const ValueId value = closed.input(feedback.input);
    const ValueId source = closed.output(feedback.output).value;
    // The input node turns into the delay, so that every reader of the input now reads what was fed back.
    Node& node = closed.nodes[closed.values[value].node];
    const auto shape = node.attribute<std::vector<std::int64_t>>("shape");
    node.op = "delay";
    node.attributes = {{"shape", shape}};
    const std::optional<ValueId> init = find_input(closed, feedback.input + ".init");
    node.inputs = {source, init.value_or(kNoValue), kNoValue};
    std::erase(closed.inputs, value);
  }
  closed.feedback.clear();
  return closed;
}

}  // namespace longtake::graph
