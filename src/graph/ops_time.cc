// What comes from outside, and what remembers.
#include <fmt/format.h>

#include "graph/op_groups.h"

namespace longtake::graph {

namespace {

Shapes infer_input(const OpContext& op) {
  const Sizes& shape = op.node.attribute<Sizes>("shape");
  for (std::int64_t size : shape) {
    if (size < 1) op.fail(fmt::format("input shape {} is not bound to sizes of at least 1", to_string(shape)));
  }
  return {shape};
}

Shapes infer_parameter(const OpContext& op) { return {op.parameters[0]}; }

// Inputs: next, init, like. 'shape' may leave sizes open (-1), which `like` (or else `init`) then gives.
Shapes infer_delay(const OpContext& op) {
  Shape shape = op.node.attribute<Sizes>("shape");
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] >= 1) continue;
    const Shape* source = op.has_input(2) ? &op.inputs[2] : op.has_input(1) ? &op.inputs[1] : nullptr;
    if (source == nullptr || source->size() != shape.size()) {
      op.fail(fmt::format("shape {} is open and neither 'like' nor 'init' gives the missing sizes", to_string(shape)));
    }
    shape[d] = (*source)[d];
  }
  if (op.has_input(1) && op.inputs[1] != shape) op.fail(fmt::format("init does not fit state {}", to_string(shape)));
  return {shape};
}

std::vector<StateSpec> state_of_output(const OpContext& op, std::span<const Shape> outputs) {
  return {{op.node.name, DType::kFloat32, outputs[0]}};
}

Shapes infer_running_weighted_mean(const OpContext& op) {
  if (op.inputs[1] != Shape{1}) op.fail("the weight must be [1]");
  return {op.inputs[0]};
}

// The weighted sum, the sum of weights, and the plain sum, which serves while the weights are all zero.
std::vector<StateSpec> state_running_weighted_mean(const OpContext& op, std::span<const Shape> outputs) {
  return {{op.node.name + ".weighted_sum", DType::kFloat32, outputs[0]},
          {op.node.name + ".weight", DType::kFloat32, {1}},
          {op.node.name + ".sum", DType::kFloat32, outputs[0]}};
}

Shapes infer_ramp(const OpContext&) { return {{1}}; }

// To [size, ...] and validity [size], oldest slot first.
Shapes infer_window(const OpContext& op) {
  const std::int64_t size = op.node.attribute<std::int64_t>("size");
  const std::int64_t ahead = op.node.attribute<std::int64_t>("ahead");
  const std::string& edge = op.node.attribute<std::string>("edge");
  if (size < 1) op.fail("'size' must be at least 1");
  if (op.node.attribute<std::int64_t>("stride") < 1) op.fail("'stride' must be at least 1");
  if (edge != "valid" && edge != "same") op.fail("'edge' must be \"valid\" or \"same\"");
  if (ahead < 0 || ahead >= size) op.fail("'ahead' must be at least 0 and below 'size'");
  if (ahead > 0 && edge == "valid") op.fail("'ahead' needs edge = \"same\"");
  Shape out{size};
  out.insert(out.end(), op.inputs[0].begin(), op.inputs[0].end());
  return {out, {size}};
}

std::vector<StateSpec> state_window(const OpContext& op, std::span<const Shape> outputs) {
  Shape history = outputs[0];
  history[0] -= 1;  // the newest slot is the frame itself
  return {{op.node.name, DType::kFloat32, history}};
}

}  // namespace

std::span<const OpDefinition> time_ops() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"input", kInput, 0, 0, 0, infer_input, nullptr, nullptr},
      {"parameter", kParameter, 0, 0, 1, infer_parameter, nullptr, nullptr},
      {"delay", kDelay, 1, 3, 0, infer_delay, nullptr, state_of_output},
      {"running_max", kRunning, 1, 1, 0, same_as_first, one_per_element, state_of_output},
      {"running_mean", kRunning, 1, 1, 0, same_as_first, per_element<2>, state_of_output},
      {"running_weighted_mean", kRunning, 2, 2, 0, infer_running_weighted_mean, per_element<4>,
       state_running_weighted_mean},
      {"ramp", kRunning, 1, 1, 0, infer_ramp, nullptr, nullptr},
      {"window", kWindow, 1, 1, 0, infer_window, nullptr, state_window},
      {"latest", kLatest, 1, 1, 0, same_as_first, nullptr, state_of_output},
      {"last", kLast, 1, 1, 0, same_as_first, nullptr, state_of_output},
      {"first", kFirst, 1, 1, 0, same_as_first, nullptr, nullptr},
      {"final", kWhole, 1, 1, 0, same_as_first, nullptr, nullptr},
      {"reverse", kWhole, 1, 1, 0, same_as_first, nullptr, nullptr},
  };
  return ops;
}

}  // namespace longtake::graph
