// Products with matrices.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

// x [..., in] and a constant matrix [in, out].
ValueId linear(Converter& c, const Node& node, const std::string& part, ValueId x, const Tensor& matrix, Tensor bias) {
  const std::string weight = c.parameter(node, "weight", transposed(matrix, {1, 0}));
  const std::string bias_name = bias.count() == 0 ? std::string() : c.parameter(node, "bias", std::move(bias));
  return c.emit(node, part, "linear", {x}, {}, {weight, bias_name});
}

// An operand of a product of values: its rows must be matrices.
ValueId factor(Converter& c, const Node& node, std::size_t index, const Bound& like) {
  if (!c.is_constant(node, index)) {
    const Bound& x = c.bound(node, index);
    if (x.axes != like.axes) node.unsupported("its operands have different dimensions");
    return x.value;
  }
  const Tensor& numbers = c.weight(node, index);
  Shape shape = numbers.shape();
  const std::size_t rank = c.shape(like).size();
  while (shape.size() > rank && shape.front() == 1) shape.erase(shape.begin());
  if (shape.size() != rank) node.unsupported("its operands have different numbers of dimensions");
  return c.spread(node, index == 0 ? "left" : "right", numbers.reshaped(shape), like.value);
}

void convert_matmul(Converter& c, Node& node) {
  const Bound x = c.bound(node, c.is_constant(node, 0) ? 1 : 0);
  Axes axes = x.axes;
  if (!c.is_constant(node, 0) && c.is_constant(node, 1) && c.weight(node, 1).shape().size() <= 2) {
    Tensor matrix = c.weight(node, 1);
    const bool vector = matrix.shape().size() == 1;
    if (vector) matrix = matrix.reshaped({matrix.count(), 1});
    if (matrix.shape().empty()) node.bad("a scalar is no matrix");
    c.row_axis(node, x, -1);  // the inner dimension must be ours
    ValueId out = linear(c, node, vector ? "column" : "", x.value, matrix, {});
    if (vector) {
      Shape shape = c.builder().shape(out);
      shape.pop_back();
      axes.pop_back();
      out = c.reshape(node, "", out, shape);
    }
    c.set(node, 0, Bound{out, axes});
    return;
  }
  const ValueId left = factor(c, node, 0, x), right = factor(c, node, 1, x);
  if (x.axes.size() < 2) node.unsupported("a product of two vectors is not supported");
  c.row_axis(node, x, -1);
  c.row_axis(node, x, -2);
  const Shape &a = c.builder().shape(left), &b = c.builder().shape(right);
  if (!std::equal(a.begin(), a.end() - 2, b.begin(), b.end() - 2)) {
    node.unsupported("sizes before the last two must be equal; they are not repeated");
  }
  c.set(node, 0, Bound{c.emit(node, "", "matmul", {left, right}), axes});
}

// alpha A' B' + beta C, B a constant.
void convert_gemm(Converter& c, Node& node) {
  const Bound a = c.bound(node, 0);
  if (a.axes.size() != 2) node.bad("A must have two dimensions");
  Tensor b = c.weight(node, 1);
  if (b.shape().size() != 2) node.bad("B must have two dimensions");
  const double alpha = node.real("alpha", 1), beta = node.real("beta", 1);
  node.ignore("broadcast");
  ValueId x = a.value;
  if (node.integer("transA", 0) != 0) {
    c.row_axis(node, a, 0);
    x = c.emit(node, "turned", "transpose", {x}, {{"permutation", Sizes{1, 0}}});
  }
  c.row_axis(node, a, 1);
  if (node.integer("transB", 0) != 0) b = transposed(b, {1, 0});
  for (float& number : b.data<float>()) number = static_cast<float>(number * alpha);
  Tensor offset;
  const bool bound_offset = node.has_input(2) && !c.is_constant(node, 2);
  if (node.has_input(2) && !bound_offset) {
    offset = c.weight(node, 2);
    for (float& number : offset.data<float>()) number = static_cast<float>(number * beta);
  }
  const std::int64_t features = b.shape()[1];
  const bool by_row = offset.shape().size() == 2 && offset.shape()[0] != 1;  // C differs between the rows of A
  const Tensor bias =
      offset.count() == 0 || by_row
          ? Tensor()
          : repeated(offset, offset.shape().size() < 2 ? Shape{features} : Shape{1, features}).reshaped({features});
  ValueId out = linear(c, node, by_row || bound_offset ? "product" : "", x, b, bias);
  if (bound_offset) {
    const Bound& added = c.bound(node, 2);
    if (added.axes != a.axes || c.shape(added) != c.builder().shape(out)) {
      node.unsupported("C is repeated, and depends on the frame; add it with Add");
    }
    const ValueId scaled = c.emit(node, "offset", "affine", {added.value}, {{"scale", beta}, {"shift", 0.0}});
    out = c.emit(node, "", "add", {out, scaled});
  }
  if (by_row) {
    c.row_axis(node, a, 0);
    out = c.emit(node, "", "add", {out, c.spread(node, "offset", offset, out)});
  }
  c.set(node, 0, Bound{out, a.axes});
}

}  // namespace

std::span<const OpEntry> product_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Gemm", convert_gemm, nullptr},
      {"MatMul", convert_matmul, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
