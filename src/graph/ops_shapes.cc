// Products, and what joins, cuts and turns values.
#include <fmt/format.h>

#include <algorithm>

#include "graph/op_groups.h"

namespace longtake::graph {

namespace {

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

// 'shape' may leave one size open (-1), which the number of elements then gives.
Shapes infer_reshape(const OpContext& op) {
  Shape shape = op.node.attribute<Sizes>("shape");
  const std::int64_t count = element_count(op.inputs[0]);
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& size : shape) {
    if (size == -1 && open == nullptr) {
      open = &size;
    } else if (size < 1 || size > count) {
      op.fail(fmt::format("cannot take the shape {}", to_string(shape)));
    } else {
      known *= size;
      if (known > count) op.fail(fmt::format("cannot take the shape {}", to_string(shape)));
    }
  }
  if (open != nullptr && count % known == 0) *open = count / known;
  if (element_count(shape) != count) op.fail(fmt::format("cannot take the shape {}", to_string(shape)));
  return {shape};
}

Shapes infer_transpose(const OpContext& op) {
  const Sizes& permutation = op.node.attribute<Sizes>("permutation");
  Sizes sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  Shape out;
  for (std::size_t d = 0; d < sorted.size(); ++d) {
    if (sorted[d] != static_cast<std::int64_t>(d)) sorted.clear();
  }
  if (sorted.size() != op.inputs[0].size()) op.fail("'permutation' must name every dimension once");
  for (std::int64_t d : permutation) out.push_back(op.inputs[0][d]);
  return {out};
}

// The side of the patches of pixel_unshuffle and pixel_shuffle, whose input is a map.
std::int64_t patch_of(const OpContext& op) {
  const std::int64_t patch = op.node.attribute<std::int64_t>("patch");
  if (op.inputs[0].size() != 3) op.fail("needs a map [channels, height, width]");
  if (patch < 1 || patch > 4096) op.fail("'patch' must be from 1 to 4096");
  return patch;
}

// [C, H, W] to [C patch patch, H / patch, W / patch]: channel (c patch + y) patch + x has the pixels y rows and x
// columns into the patches of channel c.
Shapes infer_pixel_unshuffle(const OpContext& op) {
  const std::int64_t patch = patch_of(op);
  const Shape& map = op.inputs[0];
  if (map[1] % patch != 0 || map[2] % patch != 0) {
    op.fail(fmt::format("patches of {0} x {0} pixels do not divide maps of {1} x {2}", patch, map[1], map[2]));
  }
  return {{map[0] * patch * patch, map[1] / patch, map[2] / patch}};
}

// The way back.
Shapes infer_pixel_shuffle(const OpContext& op) {
  const std::int64_t patch = patch_of(op);
  const Shape& map = op.inputs[0];
  if (map[0] % (patch * patch) != 0) {
    op.fail(fmt::format("{} channels are not patches of {} x {} pixels", map[0], patch, patch));
  }
  return {{map[0] / (patch * patch), map[1] * patch, map[2] * patch}};
}

Shapes infer_slice(const OpContext& op) {
  const std::int64_t axis = axis_of(op), begin = op.node.attribute<std::int64_t>("begin");
  const std::int64_t size = op.node.attribute<std::int64_t>("size");
  if (begin < 0 || size < 1 || begin + size > op.inputs[0][axis]) {
    op.fail(fmt::format("cannot take {} from {} on of dimension {}", size, begin, axis));
  }
  Shape out = op.inputs[0];
  out[axis] = size;
  return {out};
}

// 'before' and 'after' say per dimension how many elements of 'value' are added.
Shapes infer_pad(const OpContext& op) {
  const Sizes &before = op.node.attribute<Sizes>("before"), &after = op.node.attribute<Sizes>("after");
  op.node.attribute<double>("value");
  Shape out = op.inputs[0];
  if (before.size() != out.size() || after.size() != out.size())
    op.fail("'before' and 'after' need a size a dimension");
  for (std::size_t d = 0; d < out.size(); ++d) {
    if (before[d] < 0 || after[d] < 0) op.fail("'before' and 'after' must not be negative");
    out[d] += before[d] + after[d];
  }
  return {out};
}

// [..., M, K] and [..., K, N] to [..., M, N], with equal sizes in front.
Shapes infer_matmul(const OpContext& op) {
  const Shape &a = op.inputs[0], &b = op.inputs[1];
  const std::size_t rank = a.size();
  if (rank < 2 || b.size() != rank || a[rank - 1] != b[rank - 2] || !std::equal(a.begin(), a.end() - 2, b.begin())) {
    op.fail("needs [..., M, K] and [..., K, N]");
  }
  Shape out = a;
  out[rank - 1] = b[rank - 1];
  return {out};
}

std::int64_t flops_matmul(const OpContext& op, std::span<const Shape> outputs) {
  return 2 * element_count(outputs[0]) * op.inputs[0].back();
}

// The slots of a window [N, ...] and their validity [N], to [...]: over the valid ones.
Shapes infer_slots(const OpContext& op) {
  const Shape& slots = op.inputs[0];
  if (slots.size() < 2 || op.inputs[1] != Shape{slots[0]}) op.fail("needs slots [N, ...] and their validity [N]");
  return {Shape(slots.begin() + 1, slots.end())};
}

std::int64_t flops_slots(const OpContext& op, std::span<const Shape>) { return element_count(op.inputs[0]); }

// [N, N, ...] and [N]: see overlap_average in layers/slots.h.
Shapes infer_overlap_average(const OpContext& op) {
  const Shape& windows = op.inputs[0];
  if (windows.size() < 3 || windows[0] != windows[1] || op.inputs[1] != Shape{windows[0]}) {
    op.fail("needs N windows of N slots, [N, N, ...], and their validity [N]");
  }
  return {Shape(windows.begin() + 2, windows.end())};
}

std::int64_t flops_overlap_average(const OpContext& op, std::span<const Shape> outputs) {
  return element_count(outputs[0]) * (2 * op.inputs[0][0] + 1);
}

}  // namespace

std::span<const OpDefinition> shape_ops() {
  using enum Temporal;
  static const std::vector<OpDefinition> ops = {
      // name, temporal, inputs min and max, parameters, shapes, cost, state
      {"linear", kCombinational, 1, 1, 2, infer_linear, flops_linear, nullptr},
      {"matmul", kCombinational, 2, 2, 0, infer_matmul, flops_matmul, nullptr},
      {"concat", kCombinational, 1, 64, 0, infer_concat, nullptr, nullptr},
      {"flatten", kCombinational, 1, 1, 0, infer_flatten, nullptr, nullptr},
      {"reshape", kCombinational, 1, 1, 0, infer_reshape, nullptr, nullptr},
      {"transpose", kCombinational, 1, 1, 0, infer_transpose, nullptr, nullptr},
      {"pixel_unshuffle", kCombinational, 1, 1, 0, infer_pixel_unshuffle, nullptr, nullptr},
      {"pixel_shuffle", kCombinational, 1, 1, 0, infer_pixel_shuffle, nullptr, nullptr},
      {"slice", kCombinational, 1, 1, 0, infer_slice, nullptr, nullptr},
      {"pad", kCombinational, 1, 1, 0, infer_pad, nullptr, nullptr},
      {"slot_max", kCombinational, 2, 2, 0, infer_slots, flops_slots, nullptr},
      {"slot_mean", kCombinational, 2, 2, 0, infer_slots, flops_slots, nullptr},
      {"overlap_average", kCombinational, 2, 2, 0, infer_overlap_average, flops_overlap_average, nullptr},
  };
  return ops;
}

}  // namespace longtake::graph
