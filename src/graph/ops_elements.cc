// What works element by element, softmax, and the gates of cells.
#include <fmt/format.h>

#include <algorithm>

#include "graph/op_groups.h"

namespace longtake::graph {

namespace {

Shapes infer_softmax(const OpContext& op) {
  axis_of(op);
  return {op.inputs[0]};
}

// Equal ranks; each size equal or 1 on one side.
Shapes infer_binary(const OpContext& op) {
  const Shape& a = op.inputs[0];
  const Shape& b = op.inputs[1];
  if (a.size() != b.size()) op.fail("needs two values of the same rank");
  Shape out(a.size());
  for (std::size_t d = 0; d < a.size(); ++d) {
    if (a[d] != b[d] && a[d] != 1 && b[d] != 1) op.fail("the sizes differ and neither is 1");
    out[d] = std::max(a[d], b[d]);
  }
  return {out};
}

Shapes infer_affine(const OpContext& op) {
  op.node.attribute<double>("scale");
  op.node.attribute<double>("shift");
  return {op.inputs[0]};
}

Shapes infer_dropout(const OpContext& op) {
  const double probability = op.node.attribute<double>("probability");
  if (!(probability >= 0 && probability < 1)) op.fail("'probability' must be at least 0 and below 1");
  return {op.inputs[0]};
}

Shapes infer_leaky_relu(const OpContext& op) {
  op.node.attribute<double>("slope");
  return {op.inputs[0]};
}

Shapes infer_clip(const OpContext& op) {
  if (!(op.node.attribute<double>("low") <= op.node.attribute<double>("high"))) op.fail("'low' is above 'high'");
  return {op.inputs[0]};
}

// The parameter, at every row of the input.
Shapes infer_constant(const OpContext& op) {
  if (!op.has_parameter(0)) op.fail("needs a parameter");
  return {op.parameters[0]};
}

// x and a mask of its shape, 1 where it counts and 0 where not.
Shapes infer_masked_softmax(const OpContext& op) {
  axis_of(op);
  if (op.inputs[1] != op.inputs[0]) op.fail("the mask must have the shape of the input");
  return {op.inputs[0]};
}

// z, a, b of one shape, to (1 - z) a + z b.
Shapes infer_blend(const OpContext& op) {
  if (op.inputs[1] != op.inputs[0] || op.inputs[2] != op.inputs[0]) op.fail("needs three values of the same shape");
  return {op.inputs[0]};
}

// a [4C, ...] and c_prev [C, ...] to h [C, ...] and c [C, ...].
Shapes infer_lstm_gates(const OpContext& op) {
  const Shape& gates = op.inputs[0];
  const Shape& cell = op.inputs[1];
  if (gates.empty() || gates.size() != cell.size() || gates[0] != 4 * cell[0] ||
      !std::equal(gates.begin() + 1, gates.end(), cell.begin() + 1)) {
    op.fail("needs gates [4 C, ...] and a cell [C, ...]");
  }
  if (op.has_parameter(0) && op.parameters[0] != Shape{3, cell[0]}) op.fail("peepholes must be [3, C]");
  return {cell, cell};
}

// Three sigmoids, two tanh, four products and sums; with peepholes three multiply-adds more. A transcendental counts 4.
std::int64_t flops_lstm_gates(const OpContext& op, std::span<const Shape> outputs) {
  return element_count(outputs[0]) * (24 + (op.has_parameter(0) ? 6 : 0));
}

}  // namespace

std::span<const OpDefinition> element_ops() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"relu", kCombinational, 1, 1, 0, same_as_first, one_per_element, nullptr},
      {"leaky_relu", kCombinational, 1, 1, 0, infer_leaky_relu, per_element<2>, nullptr},
      {"clip", kCombinational, 1, 1, 0, infer_clip, per_element<2>, nullptr},
      {"sigmoid", kCombinational, 1, 1, 0, same_as_first, per_element<4>, nullptr},
      {"log", kCombinational, 1, 1, 0, same_as_first, per_element<4>, nullptr},
      {"tanh", kCombinational, 1, 1, 0, same_as_first, per_element<4>, nullptr},
      {"softmax", kCombinational, 1, 1, 0, infer_softmax, per_element<6>, nullptr},
      {"masked_softmax", kCombinational, 2, 2, 0, infer_masked_softmax, per_element<7>, nullptr},
      {"add", kCombinational, 2, 2, 0, infer_binary, one_per_element, nullptr},
      {"mul", kCombinational, 2, 2, 0, infer_binary, one_per_element, nullptr},
      {"affine", kCombinational, 1, 1, 0, infer_affine, per_element<2>, nullptr},
      {"blend", kCombinational, 3, 3, 0, infer_blend, per_element<3>, nullptr},
      {"constant", kCombinational, 1, 1, 1, infer_constant, nullptr, nullptr},
      {"dropout", kCombinational, 1, 1, 0, infer_dropout, nullptr, nullptr},
      {"lstm_gates", kCombinational, 2, 2, 1, infer_lstm_gates, flops_lstm_gates, nullptr},
  };
  return ops;
}

}  // namespace longtake::graph
