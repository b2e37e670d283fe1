// What makes constants: given ones, sizes of tensors, and tensors filled with one number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

std::vector<Tensor> fold_constant(Node& node, std::span<const Tensor* const>) {
  if (node.has("value")) return {node.tensor("value")};
  if (node.has("value_float")) return {Tensor::from<float>({}, {static_cast<float>(node.real("value_float", 0))})};
  if (node.has("value_int")) return {Tensor::from<std::int64_t>({}, {node.integer("value_int", 0)})};
  if (node.has("value_ints")) return {from_integers(node.sizes("value_ints", {}))};
  node.unsupported("only 'value', 'value_float', 'value_int' and 'value_ints' are supported");
}

// One number a stream or frame is the same for all of them: a size that goes over frames becomes 1, which is repeated.
Shape filled_shape(const Node& node, const Tensor& sizes) {
  if (sizes.dtype() != DType::kInt64 || sizes.shape().size() > 1) node.bad("the shape must be a list of integers");
  Shape shape = integers(sizes);
  if (shape.size() > 16) node.bad("has more than 16 dimensions");
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  std::int64_t count = 1;
  for (std::int64_t& size : shape) {
    if (is_mark(size)) size = 1;
    if (size < 0 || size > kMost || (count *= std::max<std::int64_t>(size, 1)) > kMost) {
      node.bad(fmt::format("makes a constant of {}; the most is 2^24 numbers", to_string(shape)));
    }
  }
  return shape;
}

std::vector<Tensor> fold_constant_of_shape(Node& node, std::span<const Tensor* const> inputs) {
  if (inputs.size() != 1) node.bad("needs one input");
  const Shape shape = filled_shape(node, *inputs[0]);
  const Tensor number = node.has("value") ? node.tensor("value") : Tensor(DType::kFloat32, {1});
  if (number.count() != 1) node.bad("'value' must be one number");
  return {strided(number, shape, Sizes(shape.size(), 0), 0)};
}

std::vector<Tensor> fold_expand(Node& node, std::span<const Tensor* const> inputs) {
  if (inputs.size() != 2) node.bad("needs two inputs");
  const Shape shape = common_shape(inputs[0]->shape(), filled_shape(node, *inputs[1]));
  return {repeated(*inputs[0], shape)};
}

// The part of the sizes that version 15 may ask for.
Tensor part_of(Node& node, const Sizes& sizes) {
  const auto rank = static_cast<std::int64_t>(sizes.size());
  const auto place = [&](const char* key, std::int64_t otherwise) {
    const std::int64_t at = node.integer(key, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = place("start", 0), end = place("end", rank);
  return from_integers({sizes.begin() + start, sizes.begin() + std::max(start, end)});
}

std::vector<Tensor> fold_shape(Node& node, std::span<const Tensor* const> inputs) {
  return {part_of(node, inputs[0]->shape())};
}

void convert_shape(Converter& c, Node& node) {
  const Bound& x = c.bound(node, 0);
  Sizes sizes;
  std::size_t d = 0;
  for (Axis axis : x.axes) sizes.push_back(axis == Axis::kData ? c.shape(x)[d++] : mark_of(axis));
  c.set(node, 0, part_of(node, sizes));
}

}  // namespace

std::span<const OpEntry> constant_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Constant", nullptr, fold_constant},
      {"ConstantOfShape", nullptr, fold_constant_of_shape},
      {"Expand", nullptr, fold_expand},
      {"Shape", convert_shape, fold_shape},
  };
  return kEntries;
}

}  // namespace longtake::onnx
