#include "graph/builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/plan.h"
#include "longtake/error.h"

namespace longtake::graph {

Builder::Builder(Model& model, std::string graph_name) : model_(model) { graph_.name = std::move(graph_name); }

std::string Builder::scoped(const std::string& name) const {
  return region_ < 0 ? name : graph_.regions[region_].name + "." + name;
}

ValueId Builder::input(const std::string& name, Shape shape, bool once) {
  const ValueId value = node("input", name, {}, {{"shape", std::move(shape)}, {"once", once}}).front();
  graph_.inputs.push_back(value);
  return value;
}

std::string Builder::parameter(Parameter parameter) {
  parameter.name = scoped(parameter.name);
  for (const Parameter& known : model_.parameters) {
    if (known.name != parameter.name) continue;
    if (known.shape != parameter.shape) {
      throw InvalidArgument(fmt::format("parameter '{}' is declared as {} and as {}", parameter.name,
                                        to_string(known.shape), to_string(parameter.shape)));
    }
    return parameter.name;
  }
  model_.parameters.push_back(parameter);
  return parameter.name;
}

ValueId Builder::parameter_value(const std::string& name, const std::string& parameter) {
  return node("parameter", name, {}, {}, {parameter}).front();
}

std::vector<ValueId> Builder::node(const std::string& op, const std::string& name, std::vector<ValueId> inputs,
                                   Attributes attributes, std::vector<std::string> parameters) {
  Node node;
  node.name = scoped(name);
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.parameters = std::move(parameters);
  node.region = region_;
  const bool taken =
      std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const Node& other) { return other.name == node.name; });
  if (taken) throw InvalidArgument(fmt::format("graph '{}' already has a node '{}'", graph_.name, node.name));

  const std::vector<Shape> shapes = infer_node(model_, graph_, node, shapes_);
  const auto id = static_cast<NodeId>(graph_.nodes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    node.outputs.push_back(static_cast<ValueId>(graph_.values.size()));
    graph_.values.push_back(
        {i == 0 ? node.name : fmt::format("{}:{}", node.name, i), id, static_cast<std::int32_t>(i)});
    shapes_.push_back(shapes[i]);
  }
  graph_.nodes.push_back(node);
  return graph_.nodes.back().outputs;
}

ValueId Builder::delay(const std::string& name, Shape shape, ValueId init, ValueId like) {
  return node("delay", name, {kNoValue, init, like}, {{"shape", std::move(shape)}}).front();
}

void Builder::connect(ValueId delay, ValueId next) {
  Node& node = graph_.nodes[graph_.values.at(delay).node];
  if (node.op != "delay") throw InvalidArgument(fmt::format("'{}' is no delay, so it cannot be connected", node.name));
  if (node.inputs[0] != kNoValue) throw InvalidArgument(fmt::format("delay '{}' is connected already", node.name));
  if (shape(next) != shape(delay)) {
    throw InvalidArgument(fmt::format("delay '{}' keeps {} but its next value '{}' is {}", node.name,
                                      to_string(shape(delay)), graph_.values[next].name, to_string(shape(next))));
  }
  node.inputs[0] = next;
}

ValueId Builder::previous(const std::string& name, ValueId x) {
  return node("delay", name, {x, kNoValue, kNoValue}, {{"shape", shape(x)}, {"repeat_first", true}}).front();
}

void Builder::output(const std::string& name, ValueId value) {
  for (const Output& output : graph_.outputs) {
    if (output.name == name)
      throw InvalidArgument(fmt::format("graph '{}' already has output '{}'", graph_.name, name));
  }
  graph_.outputs.push_back({name, value});
}

void Builder::feedback(const std::string& output, const std::string& input, bool discrete) {
  graph_.output(output);
  graph_.input(input);
  graph_.feedback.push_back({output, input, discrete});
}

Builder::Scope Builder::region(const std::string& kind, const std::string& name) {
  graph_.regions.push_back({kind, scoped(name), region_});
  region_ = static_cast<std::int32_t>(graph_.regions.size()) - 1;
  return Scope(*this);
}

Builder::Scope::~Scope() { builder_.region_ = builder_.graph_.regions[builder_.region_].parent; }

void Builder::finish() {
  for (const Node& node : graph_.nodes) {
    if (node.op == "delay" && node.inputs[0] == kNoValue) {
      throw InvalidArgument(fmt::format("delay '{}' was never connected", node.name));
    }
  }
  model_.graphs.push_back(std::move(graph_));
}

}  // namespace longtake::graph
