// Ops that no model holds: what an executor makes of several nodes to run them in one go. They mean what those nodes
// mean.
#include <algorithm>

#include "graph/op_groups.h"

namespace longtake::graph {

namespace {

// h [C, H, W], c [C, H, W] and x [D, H, W], if there is one, to the next h and c: lstm_gates of the sum of two
// convolutions that keep the grid. Parameters: weight and bias of h's, of x's, peepholes.
Shapes infer_conv_lstm_step(const OpContext& op) {
  const Shape& hidden = op.inputs[0];
  if (hidden.size() != 3 || op.inputs[1] != hidden) op.fail("needs a hidden state and a cell of the same grid");
  const auto fits = [&](const Shape& weight, std::int64_t channels) {
    return weight.size() == 4 && weight[0] == 4 * hidden[0] && weight[1] == channels && weight[2] == weight[3] &&
           weight[2] % 2 == 1;
  };
  if (!fits(op.parameters[0], hidden[0])) op.fail("the hidden weight must be [4 C, C, kernel, kernel]");
  if (op.has_input(2)) {
    const Shape& x = op.inputs[2];
    const bool same_grid = x.size() == 3 && std::equal(x.begin() + 1, x.end(), hidden.begin() + 1);
    if (!same_grid || !fits(op.parameters[2], x[0])) op.fail("the input does not fit the state or its weight");
  }
  return {hidden, hidden};
}

std::int64_t flops_conv_lstm_step(const OpContext& op, std::span<const Shape> outputs) {
  const Shape& weight = op.parameters[0];
  const std::int64_t channels = weight[1] + (op.has_input(2) ? op.inputs[2][0] : 0);
  const std::int64_t taps = 2 * channels * weight[2] * weight[3];
  return element_count(outputs[0]) * (4 * (taps + 1) + 24 + (op.has_parameter(4) ? 6 : 0));
}

}  // namespace

std::span<const OpDefinition> fused_ops() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"conv_lstm_step", kCombinational, 2, 3, 5, infer_conv_lstm_step, flops_conv_lstm_step, nullptr},
  };
  return ops;
}

}  // namespace longtake::graph
