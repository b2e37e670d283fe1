// What is done to one tensor element by element, and softmax.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

constexpr double kLargest = std::numeric_limits<float>::max();

// An op without attributes.
template <const char* const& kOp>
void convert_plain(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  c.set(node, 0, Bound{c.emit(node, "", kOp, {x.value}), x.axes});
}

constexpr const char* kRelu = "relu";
constexpr const char* kSigmoid = "sigmoid";
constexpr const char* kTanh = "tanh";

void convert_leaky_relu(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const double slope = node.real("alpha", 0.01);
  c.set(node, 0, Bound{c.emit(node, "", "leaky_relu", {x.value}, {{"slope", slope}}), x.axes});
}

// One end of Clip: an attribute in the versions before 11, else an input.
double clip_end(const Converter& c, Node& node, const char* key, std::size_t index, double open) {
  double end = open;
  if (node.opset() < 11) {
    end = node.real(key, open);
  } else if (node.has_input(index)) {
    const Tensor& numbers = c.weight(node, index);
    if (numbers.count() != 1) node.bad(fmt::format("'{}' must be one number", key));
    end = number_at(numbers, 0);
  }
  if (std::isnan(end)) node.bad(fmt::format("'{}' is not a number", key));
  return std::clamp(end, -kLargest, kLargest);
}

void convert_clip(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const double low = clip_end(c, node, "min", 1, -kLargest), high = clip_end(c, node, "max", 2, kLargest);
  if (low > high) node.unsupported("has 'min' above 'max'");
  c.set(node, 0, Bound{c.emit(node, "", "clip", {x.value}, {{"low", low}, {"high", high}}), x.axes});
}

// max(0, min(1, alpha x + beta))
ValueId hard_sigmoid(Converter& c, const Node& node, const std::string& part, ValueId x, double alpha, double beta) {
  const ValueId line = c.emit(node, "line", "affine", {x}, {{"scale", alpha}, {"shift", beta}});
  return c.emit(node, part, "clip", {line}, {{"low", 0.0}, {"high", 1.0}});
}

void convert_hard_sigmoid(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const double alpha = node.real("alpha", 0.2), beta = node.real("beta", 0.5);
  c.set(node, 0, Bound{hard_sigmoid(c, node, "", x.value, alpha, beta), x.axes});
}

void convert_hard_swish(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const ValueId gate = hard_sigmoid(c, node, "gate", x.value, 1.0 / 6, 0.5);
  c.set(node, 0, Bound{c.emit(node, "", "mul", {x.value, gate}), x.axes});
}

// x above 0, slope x below; the slope is repeated over x.
void convert_prelu(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  Tensor slope = c.weight(node, 1);
  const std::size_t rank = c.shape(x).size();
  const bool per_channel = node.opset() < 7 && slope.shape().size() == 1 && slope.count() > 1;
  if (per_channel) {  // before repeating was general
    Shape aligned(rank, 1);
    aligned[c.row_axis(node, x, 1)] = slope.count();
    slope = slope.reshaped(aligned);
  }
  if (slope.shape().size() == x.axes.size() && slope.shape().size() > rank && slope.shape()[0] == 1) {
    slope = slope.reshaped(Shape(slope.shape().begin() + 1, slope.shape().end()));
  }
  if (slope.shape().size() > rank) node.unsupported("has a slope for each frame");
  Shape shape = slope.shape();
  shape.insert(shape.begin(), rank - shape.size(), 1);
  const ValueId slopes = c.spread(node, "slope", slope.reshaped(shape), x.value);
  const ValueId negated = c.emit(node, "negated", "affine", {x.value}, {{"scale", -1.0}, {"shift", 0.0}});
  const ValueId below = c.emit(node, "below", "relu", {negated});
  const ValueId scaled = c.emit(node, "scaled", "mul", {below, slopes});
  const ValueId lowered = c.emit(node, "lowered", "affine", {scaled}, {{"scale", -1.0}, {"shift", 0.0}});
  const ValueId above = c.emit(node, "above", "relu", {x.value});
  c.set(node, 0, Bound{c.emit(node, "", "add", {above, lowered}), x.axes});
}

// Before version 13, over all dimensions from `axis` on together.
void convert_softmax(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const bool together = node.opset() < 13;
  const std::int64_t axis = Converter::axis_from_zero(node, node.integer("axis", together ? 1 : -1), x.axes.size());
  const std::int64_t row_axis = c.row_axis(node, x, axis);
  const Shape shape = c.shape(x);
  if (!together || row_axis + 1 == static_cast<std::int64_t>(shape.size())) {
    c.set(node, 0, Bound{c.emit(node, "", "softmax", {x.value}, {{"axis", row_axis}}), x.axes});
    return;
  }
  if (std::any_of(x.axes.begin() + axis, x.axes.end(), [](Axis a) { return a != Axis::kData; })) {
    node.unsupported("goes over frames");
  }
  Shape flat(shape.begin(), shape.begin() + row_axis);
  flat.push_back(-1);
  const ValueId line = c.reshape(node, "flat", x.value, flat);
  const ValueId soft = c.emit(node, "softmax", "softmax", {line}, {{"axis", row_axis}});
  c.set(node, 0, Bound{c.reshape(node, "", soft, shape), x.axes});
}

void convert_dropout(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  if (node.has_output(1)) node.unsupported("its mask is not supported; only its first output is");
  double ratio = node.opset() < 12 ? node.real("ratio", 0.5) : 0.5;
  if (node.opset() >= 12 && node.has_input(1)) {
    const Tensor& numbers = c.weight(node, 1);
    if (numbers.count() != 1) node.bad("'ratio' must be one number");
    ratio = number_at(numbers, 0);
  }
  if (node.has_input(2) && (c.constant(node, 2).count() != 1 || number_at(c.constant(node, 2), 0) != 0)) {
    node.unsupported("is exported for training; export the model in evaluation mode");
  }
  node.ignore("is_test");
  node.ignore("seed");
  if (!(ratio >= 0 && ratio < 1)) node.bad("'ratio' must be at least 0 and below 1");
  if (c.options().frozen) {
    c.set(node, 0, x);
  } else {
    c.set(node, 0, Bound{c.emit(node, "", "dropout", {x.value}, {{"probability", ratio}}), x.axes});
  }
}

void convert_identity(Converter& c, Node& node) { c.set(node, 0, c.bound(node, 0)); }

void convert_cast(Converter& c, Node& node) {
  node.ignore("saturate");
  if (node.integer("to", 0) != onnx_format::TensorProto::FLOAT) {
    node.unsupported("turns numbers that depend on the frame into another type than float32");
  }
  c.set(node, 0, c.bound(node, 0));
}

std::vector<Tensor> fold_identity(Node&, std::span<const Tensor* const> inputs) { return {*inputs[0]}; }

std::vector<Tensor> fold_cast(Node& node, std::span<const Tensor* const> inputs) {
  using Type = onnx_format::TensorProto;
  const std::int64_t to = node.integer("to", 0);
  const bool real = to == Type::FLOAT || to == Type::DOUBLE;
  if (!real && to != Type::INT64 && to != Type::INT32 && to != Type::BOOL) {
    node.unsupported(fmt::format("turns a constant into type {}", to));
  }
  Tensor out = cast(*inputs[0], real ? DType::kFloat32 : DType::kInt64);
  if (to == Type::BOOL) {
    for (std::int64_t& number : out.data<std::int64_t>()) number = number != 0 ? 1 : 0;
  }
  return {out};
}

}  // namespace

std::span<const OpEntry> element_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Relu", convert_plain<kRelu>, nullptr},
      {"Sigmoid", convert_plain<kSigmoid>, nullptr},
      {"Tanh", convert_plain<kTanh>, nullptr},
      {"LeakyRelu", convert_leaky_relu, nullptr},
      {"PRelu", convert_prelu, nullptr},
      {"Clip", convert_clip, nullptr},
      {"HardSigmoid", convert_hard_sigmoid, nullptr},
      {"HardSwish", convert_hard_swish, nullptr},
      {"Softmax", convert_softmax, nullptr},
      {"Dropout", convert_dropout, nullptr},
      {"Identity", convert_identity, fold_identity},
      {"Cast", convert_cast, fold_cast},
  };
  return kEntries;
}

}  // namespace longtake::onnx
