#include "graph/weight_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "longtake/error.h"

namespace longtake {

namespace {

constexpr WeightFormat kWeightFormats[] = {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8};

}  // namespace

const char* name_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::kFloat32:
      return "float32";
    case WeightFormat::kFloat16:
      return "float16";
    case WeightFormat::kInt8:
      return "int8";
  }
  return "";
}

WeightFormat weight_format(std::string_view name) {
  for (WeightFormat format : kWeightFormats) {
    if (name == name_of(format)) return format;
  }
  throw InvalidArgument(fmt::format("unknown format of weights \"{}\"; it is float32, float16 or int8", name));
}

namespace graph {

std::set<std::string> matrices_of(const Model& model) {
  std::set<std::string> matrices, others;
  for (const Graph& graph : model.graphs) {
    for (const Node& node : graph.nodes) {
      for (std::size_t i = 0; i < node.parameters.size(); ++i) {
        (node.op == "linear" && i == 0 ? matrices : others).insert(node.parameters[i]);
      }
    }
  }
  for (const std::string& other : others) matrices.erase(other);
  return matrices;
}

ByteWeights to_bytes(const Tensor& matrix) {
  constexpr float kLargest = 127;
  const std::int64_t rows = matrix.size(0), columns = rows == 0 ? 0 : matrix.count() / rows;
  ByteWeights weights{matrix, Tensor(DType::kFloat32, {rows})};
  float* row = weights.numbers.data<float>().data();
  for (float& scale : weights.scales.data<float>()) {
    float largest = 0;
    for (std::int64_t k = 0; k < columns; ++k) largest = std::max(largest, std::abs(row[k]));
    scale = largest / kLargest;
    if (!std::isnormal(scale)) scale = 0;  // a row as good as zero: what is below float's range could not be divided by
    for (std::int64_t k = 0; k < columns; ++k) row[k] = scale == 0 ? 0 : std::nearbyint(row[k] / scale);
    row += columns;
  }
  return weights;
}

Tensor from_bytes(const ByteWeights& weights) {
  const Shape& shape = weights.numbers.shape();
  if (shape.empty() || weights.scales.shape() != Shape{shape[0]}) {
    throw InvalidArgument(
        fmt::format("{} has scales of {}, not one a row", to_string(shape), to_string(weights.scales.shape())));
  }
  const auto scales = weights.scales.data<float>();
  if (std::any_of(scales.begin(), scales.end(), [](float scale) { return !std::isfinite(scale) || scale < 0; })) {
    throw InvalidArgument("a scale of its rows is negative or not finite");
  }
  const auto numbers = weights.numbers.data<float>();
  if (std::any_of(numbers.begin(), numbers.end(), [](float number) { return number < -127; })) {
    throw InvalidArgument("it holds -128, where whole numbers go from -127 to 127");
  }
  Tensor matrix = weights.numbers;
  float* row = matrix.data<float>().data();
  const std::int64_t columns = shape[0] == 0 ? 0 : matrix.count() / shape[0];
  for (float scale : scales) {
    std::for_each(row, row + columns, [&](float& number) { number *= scale; });
    row += columns;
  }
  return matrix;
}

Tensor rounded(const Tensor& matrix, WeightFormat format, const std::string& name) {
  if (format == WeightFormat::kFloat32) return matrix;
  const auto numbers = matrix.data<float>();
  const auto bad = std::find_if(numbers.begin(), numbers.end(), [](float number) { return !std::isfinite(number); });
  if (bad != numbers.end()) {
    throw InvalidArgument(fmt::format("weight '{}' holds {}, which {} cannot keep", name, *bad, name_of(format)));
  }
  if (format == WeightFormat::kInt8) return from_bytes(to_bytes(matrix));
  Tensor out = matrix;
  for (float& number : out.data<float>()) {
    const float given = number;
    number = float_of_half(half_of_float(number));
    if (std::isinf(number)) {
      throw InvalidArgument(fmt::format("weight '{}' holds {}, beyond what float16 has (65504)", name, given));
    }
  }
  return out;
}

void set_weight_format(Model& model, WeightFormat format) {
  if (model.weight_format == format) return;
  if (model.weight_format != WeightFormat::kFloat32) {
    throw InvalidArgument(fmt::format("the weights of this model are {} already; {} is made of a float32 one",
                                      name_of(model.weight_format), name_of(format)));
  }
  for (const std::string& name : matrices_of(model)) {
    Tensor& weight = model.weights.at(name);
    weight = rounded(weight, format, name);
  }
  model.weight_format = format;
}

}  // namespace graph

}  // namespace longtake
