// Convolution, pooling, normalisation and warping of maps [channels, height, width].
#include <fmt/format.h>

#include <array>

#include "graph/op_groups.h"

namespace longtake::graph {

namespace {

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

// The way back from a convolution: every place of the input adds the kernel, times its numbers, to the output around
// it.
Shapes infer_conv_transpose2d(const OpContext& op) {
  want_map(op);
  const auto stride = pair(op, "stride", 1);
  const auto pad = pair(op, "pad", 0);
  const Shape& weight = op.parameters[0];
  if (weight.size() != 4) op.fail("the weight must be [in, out, kernel height, kernel width]");
  if (op.inputs[0][0] != weight[0]) op.fail(fmt::format("{} input channels do not fit the weight", op.inputs[0][0]));
  if (op.has_parameter(1) && op.parameters[1] != Shape{weight[1]}) op.fail("the bias must be [out]");
  Shape out{weight[1], 0, 0};
  for (int d = 0; d < 2; ++d) {
    out[d + 1] = (op.inputs[0][d + 1] - 1) * stride[d] + weight[d + 2] - 2 * pad[d];
    if (out[d + 1] < 1) op.fail("'pad' cuts the whole map away");
  }
  return {out};
}

std::int64_t flops_conv_transpose2d(const OpContext& op, std::span<const Shape> outputs) {
  const Shape& weight = op.parameters[0];
  return element_count(op.inputs[0]) * 2 * weight[1] * weight[2] * weight[3] +
         (op.has_parameter(1) ? element_count(outputs[0]) : 0);
}

// x [C, H, W] and L fields of motion [2 L, H, W] to [L C, H, W].
Shapes infer_warp(const OpContext& op) {
  want_map(op);
  const Shape &map = op.inputs[0], &flow = op.inputs[1];
  if (flow.size() != 3 || flow[0] < 2 || flow[0] % 2 != 0 || flow[1] != map[1] || flow[2] != map[2]) {
    op.fail(fmt::format("the motion must be [2 L, {}, {}], right and down by turns", map[1], map[2]));
  }
  return {{flow[0] / 2 * map[0], map[1], map[2]}};
}

// The column, the row and 1 of every place.
Shapes infer_coordinates(const OpContext& op) {
  want_map(op);
  return {{3, op.inputs[0][1], op.inputs[0][2]}};
}

Shapes infer_pool(const OpContext& op) {
  want_map(op);
  const auto kernel = pair(op, "kernel", 1);
  const auto stride = pair(op, "stride", 1);
  const auto pad = pair(op, "pad", 0);
  const bool ceil = op.node.attribute<bool>("ceil");
  std::array<std::int64_t, 2> dilation{1, 1};
  if (op.node.attributes.count("dilation") != 0) {
    if (op.node.op != "max_pool") op.fail("only max_pool can be dilated");
    dilation = pair(op, "dilation", 1);
  }
  Shape out{op.inputs[0][0], 0, 0};
  for (int d = 0; d < 2; ++d) {
    if (pad[d] * 2 > kernel[d]) op.fail("'pad' must be at most half the kernel");
    out[d + 1] = window_count(op.inputs[0][d + 1], kernel[d], stride[d], pad[d], dilation[d], ceil);
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

}  // namespace

std::vector<double> coordinate_values(std::int64_t height, std::int64_t width) {
  const auto along = [](std::int64_t place, std::int64_t size) {
    return size == 1 ? 0 : 2 * static_cast<double>(place) / static_cast<double>(size - 1) - 1;
  };
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) values.push_back(along(p % width, width));
  for (std::int64_t p = 0; p < height * width; ++p) values.push_back(along(p / width, height));
  values.resize(3 * height * width, 1);
  return values;
}

std::span<const OpDefinition> map_ops() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"conv2d", kCombinational, 1, 1, 2, infer_conv2d, flops_conv2d, nullptr},
      {"conv_transpose2d", kCombinational, 1, 1, 2, infer_conv_transpose2d, flops_conv_transpose2d, nullptr},
      {"warp", kCombinational, 2, 2, 0, infer_warp, per_element<8>, nullptr},
      {"coordinates", kCombinational, 1, 1, 0, infer_coordinates, nullptr, nullptr},
      {"max_pool", kCombinational, 1, 1, 0, infer_pool, flops_pool, nullptr},
      {"average_pool", kCombinational, 1, 1, 0, infer_pool, flops_pool, nullptr},
      {"global_max_pool", kCombinational, 1, 1, 0, infer_global_pool, one_per_input_element, nullptr},
      {"global_average_pool", kCombinational, 1, 1, 0, infer_global_pool, one_per_input_element, nullptr},
      {"lrn", kCombinational, 1, 1, 0, infer_lrn, flops_lrn, nullptr},
      {"batch_norm", kCombinational, 1, 1, 4, infer_batch_norm, per_element<2>, nullptr},
  };
  return ops;
}

}  // namespace longtake::graph
