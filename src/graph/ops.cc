// The table of ops, put together from its groups. Shapes are per row: [channels, height, width] for maps, [features]
// for vectors.
#include "graph/ops.h"

#include <fmt/format.h>

#include "graph/op_groups.h"
#include "longtake/error.h"

namespace longtake::graph {

void OpContext::fail(const std::string& what) const {
  std::string message = fmt::format("op {} '{}': {} (", node.op, node.name, what);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!has_input(i)) continue;
    message += fmt::format("{}'{}' {}", message.back() == '(' ? "inputs: " : ", ", graph.values[node.inputs[i]].name,
                           to_string(inputs[i]));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!has_parameter(i)) continue;
    message += fmt::format("{}parameter '{}' {}", message.back() == '(' ? "" : ", ", node.parameters[i],
                           to_string(parameters[i]));
  }
  throw InvalidArgument(message + ")");
}

std::int64_t window_count(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t pad,
                          std::int64_t dilation, bool ceil) {
  const std::int64_t room = size + 2 * pad - (dilation * (kernel - 1) + 1);
  if (room < 0) return 0;
  std::int64_t count = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (count - 1) * stride >= size + pad) --count;
  return count;
}

Shapes same_as_first(const OpContext& op) { return {op.inputs[0]}; }

std::int64_t one_per_element(const OpContext&, std::span<const Shape> outputs) { return element_count(outputs[0]); }

std::int64_t axis_of(const OpContext& op) {
  std::int64_t axis = op.node.attribute<std::int64_t>("axis");
  const auto rank = static_cast<std::int64_t>(op.inputs[0].size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) op.fail("'axis' is not one of the input's dimensions");
  return axis;
}

std::span<const OpDefinition> all_ops() {
  static const std::vector<OpDefinition> ops = [] {
    std::vector<OpDefinition> all;
    for (const auto& group : {time_ops(), map_ops(), element_ops(), shape_ops()}) {
      all.insert(all.end(), group.begin(), group.end());
    }
    return all;
  }();
  return ops;
}

const OpDefinition& definition_of(const Node& node) {
  for (const auto& ops : {all_ops(), fused_ops()}) {
    for (const OpDefinition& op : ops) {
      if (node.op == op.name) return op;
    }
  }
  throw InvalidArgument(fmt::format("node '{}' uses op '{}', which this version does not know", node.name, node.op));
}

}  // namespace longtake::graph
