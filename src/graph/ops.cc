// The table of ops. Shapes are per row: [channels, height, width] for maps, [features] for vectors.
#include "graph/ops.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

namespace {

using Shapes = std::vector<Shape>;
using Sizes = std::vector<std::int64_t>;

std::vector<Shape> same_as_first(const OpContext& op) { return {op.inputs[0]}; }

std::int64_t one_per_element(const OpContext&, std::span<const Shape> outputs) { return element_count(outputs[0]); }

auto per_element(std::int64_t operations) {
  return
      [operations](const OpContext&, std::span<const Shape> outputs) { return operations * element_count(outputs[0]); };
}

void want_map(const OpContext& op) {
  if (op.inputs[0].size() != 3) op.fail("needs a map [channels, height, width]");
}

// A pair attribute such as kernel or stride, checked against a least value.
std::array<std::int64_t, 2> pair(const OpContext& op, const char* key, std::int64_t least) {
  const Sizes& sizes = op.node.attribute<Sizes>(key);
  if (sizes.size() != 2 || sizes[0] < least || sizes[1] < least) {
    op.fail(fmt::format("'{}' must be two sizes of at least {}", key, least));
  }
  return {sizes[0], sizes[1]};
}

Shapes infer_input(const OpContext& op) {
  const Sizes& shape = op.node.attribute<Sizes>("shape");
  for (std::int64_t size : shape) {
    if (size < 1) op.fail(fmt::format("input shape {} is not bound to sizes of at least 1", to_string(shape)));
  }
  return {shape};
}

Shapes infer_parameter(const OpContext& op) { return {op.parameters[0]}; }

Shapes infer_conv2d(const OpContext& op) {
  want_map(op);
  const auto stride = pair(op, "stride", 1);
  const auto pad = pair(op, "pad", 0);
  const auto dilation = pair(op, "dilation", 1);
  const std::int64_t groups = op.node.attribute<std::int64_t>("groups");
  const Shape& weight = op.parameters[0];
  if (weight.size() != 4) op.fail("the weight must be [out, in / groups, kernel height, kernel width]");
  if (groups < 1 || op.inputs[0][0] != weight[1] * groups || weight[0] % groups != 0) {
    op.fail(fmt::format("{} input channels in {} groups do not fit the weight", op.inputs[0][0], groups));
  }
  if (op.has_parameter(1) && op.parameters[1] != Shape{weight[0]}) op.fail("the bias must be [out]");
  Shape out{weight[0], 0, 0};
  for (int d = 0; d < 2; ++d) {
    out[d + 1] = window_count(op.inputs[0][d + 1], weight[d + 2], stride[d], pad[d], dilation[d], false);
    if (out[d + 1] < 1) op.fail("the map is smaller than the kernel");
  }
  return {out};
}

std::int64_t flops_conv2d(const OpContext& op, std::span<const Shape> outputs) {
  const Shape& weight = op.parameters[0];
  return element_count(outputs[0]) * (2 * weight[1] * weight[2] * weight[3] + (op.has_parameter(1) ? 1 : 0));
}

Shapes infer_linear(const OpContext& op) {
  const Shape& weight = op.parameters[0];
  if (op.inputs[0].empty()) op.fail("needs [..., features]");
  if (weight.size() != 2) op.fail("the weight must be [out, in]");
  if (op.inputs[0].back() != weight[1]) op.fail("the last size of the input does not fit the weight [out, in]");
  if (op.has_parameter(1) && op.parameters[1] != Shape{weight[0]}) op.fail("the bias must be [out]");
  Shape out = op.inputs[0];
  out.back() = weight[0];
  return {out};
}

std::int64_t flops_linear(const OpContext& op, std::span<const Shape> outputs) {
  return element_count(outputs[0]) * (2 * op.parameters[0][1] + (op.has_parameter(1) ? 1 : 0));
}

Shapes infer_pool(const OpContext& op) {
  want_map(op);
  const auto kernel = pair(op, "kernel", 1);
  const auto stride = pair(op, "stride", 1);
  const auto pad = pair(op, "pad", 0);
  const bool ceil = op.node.attribute<bool>("ceil");
  Shape out{op.inputs[0][0], 0, 0};
  for (int d = 0; d < 2; ++d) {
    if (pad[d] * 2 > kernel[d]) op.fail("'pad' must be at most half the kernel");
    out[d + 1] = window_count(op.inputs[0][d + 1], kernel[d], stride[d], pad[d], 1, ceil);
    if (out[d + 1] < 1) op.fail("the map is smaller than the kernel");
  }
  return {out};
}

std::int64_t flops_pool(const OpContext& op, std::span<const Shape> outputs) {
  const Sizes& kernel = op.node.attribute<Sizes>("kernel");
  return element_count(outputs[0]) * kernel[0] * kernel[1];
}

Shapes infer_global_pool(const OpContext& op) {
  want_map(op);
  return {{op.inputs[0][0]}};
}

std::int64_t one_per_input_element(const OpContext& op, std::span<const Shape>) { return element_count(op.inputs[0]); }

Shapes infer_lrn(const OpContext& op) {
  want_map(op);
  if (op.node.attribute<std::int64_t>("size") < 1) op.fail("'size' must be at least 1");
  return {op.inputs[0]};
}

std::int64_t flops_lrn(const OpContext& op, std::span<const Shape> outputs) {
  return element_count(outputs[0]) * (2 * op.node.attribute<std::int64_t>("size") + 4);
}

Shapes infer_batch_norm(const OpContext& op) {
  if (op.inputs[0].size() != 1 && op.inputs[0].size() != 3) op.fail("needs [channels] or [channels, height, width]");
  for (const Shape& parameter : op.parameters) {
    if (parameter != Shape{op.inputs[0][0]}) op.fail("scale, shift, mean and variance must be [channels]");
  }
  return {op.inputs[0]};
}

std::int64_t softmax_axis(const OpContext& op) {
  std::int64_t axis = op.node.attribute<std::int64_t>("axis");
  const auto rank = static_cast<std::int64_t>(op.inputs[0].size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) op.fail("'axis' is not one of the input's dimensions");
  return axis;
}

Shapes infer_softmax(const OpContext& op) {
  softmax_axis(op);
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

Shapes infer_concat(const OpContext& op) {
  const std::int64_t axis = op.node.attribute<std::int64_t>("axis");
  Shape out = op.inputs[0];
  if (axis < 0 || axis >= static_cast<std::int64_t>(out.size())) op.fail("'axis' is not one of the dimensions");
  for (std::size_t i = 1; i < op.inputs.size(); ++i) {
    Shape other = op.inputs[i];
    if (other.size() != out.size()) op.fail("the ranks differ");
    const std::int64_t more = other[axis];
    other[axis] = out[axis];
    if (other != out) op.fail(fmt::format("the sizes differ beside axis {}", axis));
    out[axis] += more;
  }
  return {out};
}

Shapes infer_flatten(const OpContext& op) { return {{element_count(op.inputs[0])}}; }

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

const std::vector<OpDefinition>& table() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"input", kInput, 0, 0, 0, infer_input, nullptr, nullptr},
      {"parameter", kParameter, 0, 0, 1, infer_parameter, nullptr, nullptr},
      {"conv2d", kCombinational, 1, 1, 2, infer_conv2d, flops_conv2d, nullptr},
      {"linear", kCombinational, 1, 1, 2, infer_linear, flops_linear, nullptr},
      {"max_pool", kCombinational, 1, 1, 0, infer_pool, flops_pool, nullptr},
      {"average_pool", kCombinational, 1, 1, 0, infer_pool, flops_pool, nullptr},
      {"global_max_pool", kCombinational, 1, 1, 0, infer_global_pool, one_per_input_element, nullptr},
      {"global_average_pool", kCombinational, 1, 1, 0, infer_global_pool, one_per_input_element, nullptr},
      {"lrn", kCombinational, 1, 1, 0, infer_lrn, flops_lrn, nullptr},
      {"batch_norm", kCombinational, 1, 1, 4, infer_batch_norm, per_element(2), nullptr},
      {"relu", kCombinational, 1, 1, 0, same_as_first, one_per_element, nullptr},
      {"sigmoid", kCombinational, 1, 1, 0, same_as_first, per_element(4), nullptr},
      {"tanh", kCombinational, 1, 1, 0, same_as_first, per_element(4), nullptr},
      {"softmax", kCombinational, 1, 1, 0, infer_softmax, per_element(6), nullptr},
      {"add", kCombinational, 2, 2, 0, infer_binary, one_per_element, nullptr},
      {"mul", kCombinational, 2, 2, 0, infer_binary, one_per_element, nullptr},
      {"affine", kCombinational, 1, 1, 0, infer_affine, per_element(2), nullptr},
      {"concat", kCombinational, 1, 64, 0, infer_concat, nullptr, nullptr},
      {"flatten", kCombinational, 1, 1, 0, infer_flatten, nullptr, nullptr},
      {"dropout", kCombinational, 1, 1, 0, infer_dropout, nullptr, nullptr},
      {"lstm_gates", kCombinational, 2, 2, 1, infer_lstm_gates, flops_lstm_gates, nullptr},
      {"delay", kDelay, 1, 3, 0, infer_delay, nullptr, state_of_output},
      {"running_max", kRunning, 1, 1, 0, same_as_first, one_per_element, state_of_output},
      {"running_mean", kRunning, 1, 1, 0, same_as_first, per_element(2), state_of_output},
      {"running_weighted_mean", kRunning, 2, 2, 0, infer_running_weighted_mean, per_element(4),
       state_running_weighted_mean},
      {"ramp", kRunning, 1, 1, 0, infer_ramp, nullptr, nullptr},
      {"window", kWindow, 1, 1, 0, infer_window, nullptr, state_window},
      {"latest", kLatest, 1, 1, 0, same_as_first, nullptr, state_of_output},
      {"last", kLast, 1, 1, 0, same_as_first, nullptr, state_of_output},
  };
  return ops;
}

}  // namespace

std::span<const OpDefinition> all_ops() { return table(); }

const OpDefinition& definition_of(const Node& node) {
  for (const OpDefinition& op : table()) {
    if (node.op == op.name) return op;
  }
  throw InvalidArgument(fmt::format("node '{}' uses op '{}', which this version does not know", node.name, node.op));
}

}  // namespace longtake::graph
