#include "onnx/converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake::onnx {

const Value& Converter::value(const Node& node, std::size_t index) const {
  const std::string name = node.input(index);
  if (name.empty()) node.bad(fmt::format("input {} is missing", index));
  return values_.at(name);
}

const Value* Converter::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

bool Converter::is_constant(const Node& node, std::size_t index) const {
  return std::holds_alternative<Tensor>(value(node, index));
}

const Bound& Converter::bound(const Node& node, std::size_t index) const {
  const Value& found = value(node, index);
  if (std::holds_alternative<Tensor>(found)) {
    node.unsupported(
        fmt::format("input {} ('{}') must depend on the frame, not be a constant", index, node.input(index)));
  }
  return std::get<Bound>(found);
}

const Tensor& Converter::constant(const Node& node, std::size_t index) const {
  const Value& found = value(node, index);
  if (std::holds_alternative<Bound>(found)) {
    node.unsupported(
        fmt::format("input {} ('{}') must be a constant, but depends on the frame", index, node.input(index)));
  }
  return std::get<Tensor>(found);
}

const Tensor& Converter::weight(const Node& node, std::size_t index) const {
  const Tensor& numbers = constant(node, index);
  if (numbers.dtype() != DType::kFloat32) {
    node.bad(fmt::format("input {} ('{}') must be of floating-point numbers", index, node.input(index)));
  }
  return numbers;
}

Sizes Converter::sizes(Node& node, const char* key, std::size_t index) const {
  if (!node.has_input(index)) return node.sizes(key, {});
  const Tensor& numbers = constant(node, index);
  if (numbers.dtype() != DType::kInt64 || numbers.shape().size() > 1) {
    node.bad(fmt::format("input {} ('{}') must be a list of integers", index, node.input(index)));
  }
  return integers(numbers);
}

void Converter::set(const Node& node, std::size_t index, Value value) {
  if (node.has_output(index)) values_[node.output(index)] = std::move(value);
}

// Two tensors of a file may want the same name once parts are added; the second gets a number.
std::string Converter::fresh(const std::string& name) {
  std::string candidate = name;
  for (int number = 2; !names_.insert(candidate).second; ++number) candidate = fmt::format("{}_{}", name, number);
  return candidate;
}

std::vector<ValueId> Converter::emit_all(const Node& node, const std::string& part, const std::string& op,
                                         std::vector<ValueId> inputs, Attributes attributes,
                                         std::vector<std::string> parameters) {
  const std::string name = fresh(part.empty() ? node.name() : node.name() + "." + part);
  return builder_.node(op, name, std::move(inputs), std::move(attributes), std::move(parameters));
}

std::string Converter::parameter(const Node& node, const std::string& part, Tensor numbers, bool statistic) {
  const auto values = numbers.data<float>();
  if (numbers.count() == 0) node.bad("its " + part + " has no numbers: " + to_string(numbers.shape()));
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    node.bad("its " + part + " holds numbers that are not finite");
  }
  const bool learns = !options_.frozen && !statistic;
  const double decay = learns && numbers.shape().size() > 1 ? 1 : 0;
  std::string name =
      builder_.parameter({fresh(node.name() + "." + part), numbers.shape(), graph::Initialiser::constant(0),
                          learns ? options_.learning_rate : 0, decay, learns});
  weights_[name] = std::move(numbers);
  return name;
}

ValueId Converter::delay(const Node& node, const std::string& part, const Shape& shape, ValueId init) {
  return builder_.delay(fresh(node.name() + "." + part), shape, init);
}

ValueId Converter::reshape(const Node& node, const std::string& part, ValueId value, const Shape& shape) {
  if (builder_.shape(value) == shape) return value;
  return emit(node, part, "reshape", {value}, {{"shape", shape}});
}

ValueId Converter::spread(const Node& node, const std::string& part, const Tensor& numbers, ValueId like) {
  return emit(node, part, "constant", {like}, {}, {parameter(node, part + ".values", numbers)});
}

std::int64_t Converter::axis_from_zero(const Node& node, std::int64_t axis, std::size_t rank) {
  const auto dimensions = static_cast<std::int64_t>(rank);
  if (axis < -dimensions || axis >= dimensions) {
    node.bad(fmt::format("axis {} is not one of {} dimensions", axis, dimensions));
  }
  return axis < 0 ? axis + dimensions : axis;
}

std::int64_t Converter::row_axis(const Node& node, const Bound& bound, std::int64_t axis) const {
  const auto at = bound.axes.begin() + axis_from_zero(node, axis, bound.axes.size());
  if (*at != Axis::kData) {
    node.unsupported(
        fmt::format("works along dimension {}, which goes over frames; only what is done to each frame on "
                    "its own can be read, so take a tensor before this node",
                    axis));
  }
  return std::count(bound.axes.begin(), at, Axis::kData);
}

const Bound& Converter::frames(const Node& node, std::size_t index, std::size_t dimensions, const char* needs) const {
  const Bound& x = bound(node, index);
  const bool batch_first =
      !x.axes.empty() && x.axes[0] != Axis::kData &&
      std::count(x.axes.begin(), x.axes.end(), Axis::kData) + 1 == static_cast<std::ptrdiff_t>(x.axes.size());
  if (!batch_first || shape(x).size() != dimensions) {
    node.unsupported(
        fmt::format("needs {}, but input '{}' has {} dimensions", needs, node.input(index), x.axes.size()));
  }
  return x;
}

std::int64_t Converter::declared(Axis axis) const {
  const auto found = declared_.find(axis);
  return found == declared_.end() ? -1 : found->second;
}

void Converter::count_folded(const Node& node, const Tensor& numbers) {
  constexpr std::int64_t kFree = std::int64_t{1} << 20, kPerByte = 4;
  folded_ += numbers.count();
  std::int64_t held = kFree;
  for (const auto& [name, tensor] : file_.initialisers) held += kPerByte * tensor.count();
  if (folded_ > held) node.bad("constants of the file grow far beyond the numbers that it holds");
}

const onnx_format::NodeProto* Converter::norm_behind(const std::string& output) const {
  const auto found = norms_.find(output);
  return found == norms_.end() ? nullptr : found->second;
}

}  // namespace longtake::onnx
