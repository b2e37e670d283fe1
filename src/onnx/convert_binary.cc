// Sums and products of two tensors whose sizes are repeated to fit, and their arithmetic on constants.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

// --- Values ----------------------------------------------------------------------------------------------------------

// Before version 7, `axis` said with which dimension of the first operand the second begins.
std::size_t trailing_ones(Node& node, std::size_t rank_a, std::size_t rank_b) {
  if (node.opset() >= 7) return 0;
  node.ignore("broadcast");
  const std::int64_t axis = node.integer("axis", -1);
  if (axis < 0) return 0;
  const auto end = static_cast<std::size_t>(axis) + rank_b;
  if (end > rank_a) node.bad("'axis' is beyond the first operand");
  return rank_a - end;
}

struct Operand {
  Value value;
  Axes axes;    // of a constant, all kData
  Shape sizes;  // of the data dimensions; of the others 1
};

Operand operand(const Converter& c, const Node& node, std::size_t index) {
  Operand result{c.value(node, index), {}, {}};
  if (const auto* bound = std::get_if<Bound>(&result.value)) {
    result.axes = bound->axes;
    std::size_t d = 0;
    for (Axis axis : bound->axes) result.sizes.push_back(axis == Axis::kData ? c.shape(*bound)[d++] : 1);
  } else {
    result.sizes = c.weight(node, index).shape();
    result.axes.assign(result.sizes.size(), Axis::kData);
  }
  return result;
}

void lengthen(Operand& operand, std::size_t rank) {
  operand.axes.insert(operand.axes.begin(), rank - operand.axes.size(), Axis::kData);
  operand.sizes.insert(operand.sizes.begin(), rank - operand.sizes.size(), 1);
}

// The dimensions of the result: what goes over frames must do so in both, unless one of them is repeated there.
Axes common_axes(const Node& node, const Operand& a, const Operand& b) {
  Axes axes;
  for (std::size_t d = 0; d < a.axes.size(); ++d) {
    const bool a_data = a.axes[d] == Axis::kData, b_data = b.axes[d] == Axis::kData;
    const bool fits = a.axes[d] == b.axes[d] || (a_data && a.sizes[d] == 1) || (b_data && b.sizes[d] == 1);
    if (!fits || (!a_data && !b_data && a.axes[d] != b.axes[d])) {
      node.unsupported(fmt::format("dimension {} goes over frames in one operand and not in the other", d));
    }
    axes.push_back(a_data ? b.axes[d] : a.axes[d]);
  }
  return axes;
}

Shape row_shape(const Operand& operand, const Axes& axes) {
  Shape shape;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    if (axes[d] == Axis::kData) shape.push_back(operand.sizes[d]);
  }
  return shape;
}

enum class Kind { kAdd, kSub, kMul, kDiv };

// A constant operand as the number or tensor that is added or multiplied: -b for a - b, 1 / b for a / b.
Tensor second_operand(const Node& node, Kind kind, Tensor numbers) {
  for (float& number : numbers.data<float>()) {
    if (kind == Kind::kSub) number = -number;
    if (kind == Kind::kDiv) number = 1 / number;
    if (!std::isfinite(number)) node.bad("its constant operand is not finite");
  }
  return numbers;
}

// x with a constant. `first` says that the constant is the first operand.
ValueId with_constant(Converter& c, const Node& node, Kind kind, ValueId x, const Tensor& numbers, const Shape& shape,
                      bool first) {
  if (first && kind == Kind::kDiv) node.unsupported("divides by a tensor that depends on the frame");
  const bool sums = kind == Kind::kAdd || kind == Kind::kSub;
  const bool negates = first && kind == Kind::kSub;  // c - x
  const Tensor ready = second_operand(node, negates ? Kind::kAdd : kind, numbers);
  const double sign = negates ? -1 : 1;
  const bool is_scalar = ready.count() == 1 && shape.size() <= c.builder().shape(x).size();
  if (is_scalar) {
    const double number = number_at(ready, 0);
    return c.emit(node, "", "affine", {x}, {{"scale", sums ? sign : number}, {"shift", sums ? number : 0.0}});
  }
  if (negates) x = c.emit(node, "negated", "affine", {x}, {{"scale", -1.0}, {"shift", 0.0}});
  const ValueId spread = c.spread(node, "constant", ready.reshaped(shape), x);
  return c.emit(node, "", sums ? "add" : "mul", {x, spread});
}

template <Kind kKind>
void convert_binary(Converter& c, Node& node) {
  if (node.inputs() != 2) node.bad("needs two inputs");
  Operand a = operand(c, node, 0), b = operand(c, node, 1);
  for (std::size_t ones = trailing_ones(node, a.axes.size(), b.axes.size()); ones > 0; --ones) {
    b.axes.push_back(Axis::kData);
    b.sizes.push_back(1);
  }
  const std::size_t rank = std::max(a.axes.size(), b.axes.size());
  lengthen(a, rank);
  lengthen(b, rank);
  const Axes axes = common_axes(node, a, b);
  const Shape a_shape = row_shape(a, axes), b_shape = row_shape(b, axes);
  common_shape(a_shape, b_shape);
  const auto rows = [&](const Operand& o, const Shape& shape, const char* part) {
    return c.reshape(node, part, std::get<Bound>(o.value).value, shape);
  };
  const bool a_constant = std::holds_alternative<Tensor>(a.value), b_constant = std::holds_alternative<Tensor>(b.value);
  ValueId result = graph::kNoValue;
  if (b_constant) {
    result = with_constant(c, node, kKind, rows(a, a_shape, "left"), std::get<Tensor>(b.value), b_shape, false);
  } else if (a_constant) {
    result = with_constant(c, node, kKind, rows(b, b_shape, "right"), std::get<Tensor>(a.value), a_shape, true);
  } else {
    const ValueId left = rows(a, a_shape, "left");
    ValueId right = rows(b, b_shape, "right");
    if (kKind == Kind::kDiv) node.unsupported("divides by a tensor that depends on the frame");
    if (kKind == Kind::kSub) right = c.emit(node, "negated", "affine", {right}, {{"scale", -1.0}, {"shift", 0.0}});
    result = c.emit(node, "", kKind == Kind::kMul ? "mul" : "add", {left, right});
  }
  c.set(node, 0, Bound{result, axes});
}

// Equal shapes only, as networks have it.
void convert_sum(Converter& c, Node& node) {
  const Bound first = c.bound(node, 0);
  ValueId sum = first.value;
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    const Bound& next = c.bound(node, i);
    if (next.axes != first.axes || c.shape(next) != c.shape(first)) {
      node.unsupported("adds tensors of different shapes; use Add, which repeats sizes");
    }
    sum = c.emit(node, i + 1 == node.inputs() ? "" : fmt::format("sum{}", i), "add", {sum, next.value});
  }
  c.set(node, 0, Bound{sum, first.axes});
}

void convert_neg(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  c.set(node, 0, Bound{c.emit(node, "", "affine", {x.value}, {{"scale", -1.0}, {"shift", 0.0}}), x.axes});
}

// --- Constants -------------------------------------------------------------------------------------------------------

std::int64_t fold_integers(const Node& node, Kind kind, std::int64_t a, std::int64_t b) {
  if (is_mark(a) || is_mark(b)) {
    const bool sums = kind == Kind::kAdd || kind == Kind::kSub;
    if (b == (sums ? 0 : 1)) return a;
    if (a == (sums ? 0 : 1) && (kind == Kind::kAdd || kind == Kind::kMul)) return b;
    node.unsupported("computes with the number of frames; only what is done to each frame on its own can be read");
  }
  std::int64_t result = 0;
  const bool overflows = kind == Kind::kAdd   ? __builtin_add_overflow(a, b, &result)
                         : kind == Kind::kSub ? __builtin_sub_overflow(a, b, &result)
                         : kind == Kind::kMul ? __builtin_mul_overflow(a, b, &result)
                                              : b == 0 || b == -1;
  if (kind == Kind::kDiv && !overflows) result = a / b;
  if (overflows || is_mark(result)) node.bad("its constants overflow or are divided by 0 or -1");
  return result;
}

float fold_floats(Kind kind, float a, float b) {
  switch (kind) {
    case Kind::kAdd:
      return a + b;
    case Kind::kSub:
      return a - b;
    case Kind::kMul:
      return a * b;
    case Kind::kDiv:
      return a / b;
  }
  return 0;
}

template <Kind kKind>
std::vector<Tensor> fold_binary(Node& node, std::span<const Tensor* const> inputs) {
  if (inputs.size() != 2) node.bad("needs two inputs");
  if (inputs[0]->dtype() != inputs[1]->dtype()) node.bad("its operands are of different types");
  if (node.opset() < 7 && node.has("axis")) node.unsupported("'axis' is not supported for constants");
  node.ignore("broadcast");
  const Shape shape = common_shape(inputs[0]->shape(), inputs[1]->shape());
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  if (element_count(shape) > kMost) node.bad("makes a constant of more than 2^24 numbers");
  const Tensor a = repeated(*inputs[0], shape), b = repeated(*inputs[1], shape);
  Tensor out(a.dtype(), shape);
  for (std::int64_t i = 0; i < out.count(); ++i) {
    if (out.dtype() == DType::kFloat32) {
      out.data<float>()[i] = fold_floats(kKind, a.data<float>()[i], b.data<float>()[i]);
    } else {
      out.data<std::int64_t>()[i] = fold_integers(node, kKind, a.data<std::int64_t>()[i], b.data<std::int64_t>()[i]);
    }
  }
  return {out};
}

}  // namespace

std::span<const OpEntry> binary_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Add", convert_binary<Kind::kAdd>, fold_binary<Kind::kAdd>},
      {"Sub", convert_binary<Kind::kSub>, fold_binary<Kind::kSub>},
      {"Mul", convert_binary<Kind::kMul>, fold_binary<Kind::kMul>},
      {"Div", convert_binary<Kind::kDiv>, fold_binary<Kind::kDiv>},
      {"Sum", convert_sum, nullptr},
      {"Neg", convert_neg, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
