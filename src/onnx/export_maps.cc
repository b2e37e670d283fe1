// Ops on maps [channels, height, width] as ONNX nodes. Sizes that round up are written as explicit padding, because
// engines differ in where they let the last window begin.
#include <algorithm>
#include <array>
#include <limits>

#include "onnx/export_ops.h"

namespace longtake::onnx {

namespace {

using Names = std::vector<Name>;
using Sizes = std::vector<std::int64_t>;

bool flag(const OpExport& e, const char* key) {
  return e.op.node.attributes.count(key) != 0 && e.op.node.attribute<bool>(key);
}

double number_or(const OpExport& e, const char* key, double otherwise) {
  return e.op.node.attributes.count(key) != 0 ? e.op.node.attribute<double>(key) : otherwise;
}

Names conv2d(const OpExport& e) {
  const Shape& weight = e.op.parameters[0];
  const Sizes& pad = e.op.node.attribute<Sizes>("pad");
  Names inputs{e.inputs[0], e.weight(0)};
  if (e.op.has_parameter(1)) inputs.push_back(e.weight(1));
  return {e.writer.node("Conv", inputs,
                        {{"kernel_shape", Sizes{weight[2], weight[3]}},
                         {"strides", e.op.node.attribute<Sizes>("stride")},
                         {"pads", Sizes{pad[0], pad[1], pad[0], pad[1]}},
                         {"dilations", e.op.node.attribute<Sizes>("dilation")},
                         {"group", e.op.node.attribute<std::int64_t>("groups")}})};
}

Names conv_transpose2d(const OpExport& e) {
  const Shape& weight = e.op.parameters[0];
  const Sizes& pad = e.op.node.attribute<Sizes>("pad");
  Names inputs{e.inputs[0], e.weight(0)};
  if (e.op.has_parameter(1)) inputs.push_back(e.weight(1));
  return {e.writer.node("ConvTranspose", inputs,
                        {{"kernel_shape", Sizes{weight[2], weight[3]}},
                         {"strides", e.op.node.attribute<Sizes>("stride")},
                         {"pads", Sizes{pad[0], pad[1], pad[0], pad[1]}}})};
}

// GridSample takes places as columns and rows from -1 at the edge of the first to 1 at that of the last, and zeros
// outside. The fields of motion lie below one another in its grid.
Names warp(const OpExport& e) {
  Writer& w = e.writer;
  const Shape& map = e.op.inputs[0];
  const std::int64_t links = e.op.inputs[1][0] / 2, height = map[1], width = map[2];
  const auto middle = [](std::int64_t i, std::int64_t size) {
    return static_cast<float>(2 * i + 1) / static_cast<float>(size) - 1;
  };
  std::vector<float> places;
  for (std::int64_t p = 0; p < height * width; ++p) {
    places.push_back(middle(p % width, width));
    places.push_back(middle(p / width, height));
  }
  const Name place =
      w.weight(e.op.node.name + ".places", Tensor::from<float>({height, width, 2}, std::span<const float>(places)));
  const Name step =
      w.weight(e.op.node.name + ".step",
               Tensor::from<float>({2}, {2.0F / static_cast<float>(width), 2.0F / static_cast<float>(height)}));
  const Name motion =
      w.node("Transpose", {e.reshape(e.inputs[1], {links, 2, height, width})}, {{"perm", Sizes{0, 1, 3, 4, 2}}});
  const Name from = e.reshape(w.node("Sub", {place, w.node("Mul", {motion, step})}), {links * height, width, 2});
  const Name moved = e.reshape(w.node("GridSample", {e.inputs[0], from}), {map[0], links, height, width});
  return {e.reshape(w.node("Transpose", {moved}, {{"perm", Sizes{0, 2, 1, 3, 4}}}), e.outputs[0])};
}

Names coordinates(const OpExport& e) {
  const Shape& shape = e.outputs[0];
  const std::vector<double> exact = graph::coordinate_values(shape[1], shape[2]);
  const std::vector<float> values(exact.begin(), exact.end());
  const Name row =
      e.writer.weight(e.op.node.name + ".values", Tensor::from<float>(shape, std::span<const float>(values)));
  return {e.writer.repeat(row, shape, e.inputs[0])};
}

// What a pooling needs behind a map that has `pad` on both sides, so that its last window ends within.
Sizes more_behind(const OpExport& e, const Sizes& pad, const Sizes& dilation) {
  const Sizes &kernel = e.op.node.attribute<Sizes>("kernel"), &stride = e.op.node.attribute<Sizes>("stride");
  Sizes more;
  for (std::size_t d = 0; d < 2; ++d) {
    const std::int64_t end = (e.outputs[0][d + 1] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1;
    more.push_back(std::max<std::int64_t>(0, end - e.op.inputs[0][d + 1] - pad[d]));
  }
  return more;
}

// Engines refuse a pooling's own padding that is as wide as its kernel, which a dilated window may need.
Names max_pool(const OpExport& e) {
  const Sizes& kernel = e.op.node.attribute<Sizes>("kernel");
  Sizes pad = e.op.node.attribute<Sizes>("pad"), dilation{1, 1};
  if (e.op.node.attributes.count("dilation") != 0) dilation = e.op.node.attribute<Sizes>("dilation");
  Sizes behind = more_behind(e, pad, dilation);
  Name x = e.inputs[0];
  if (behind[0] >= kernel[0] || behind[1] >= kernel[1]) {
    x = e.writer.node("Pad", {x, e.writer.integers({0, 0, pad[0], pad[1], 0, 0, behind[0], behind[1]}),
                              e.writer.number(-std::numeric_limits<float>::infinity())});
    pad = behind = {0, 0};
  }
  return {e.writer.node("MaxPool", {x},
                        {{"kernel_shape", kernel},
                         {"strides", e.op.node.attribute<Sizes>("stride")},
                         {"dilations", dilation},
                         {"pads", Sizes{pad[0], pad[1], behind[0], behind[1]}}})};
}

// The mean is over the map's own elements. With `count_padding` the padding is made part of the map first, so that what
// lies beyond it is not counted.
Names average_pool(const OpExport& e) {
  Sizes pad = e.op.node.attribute<Sizes>("pad");
  Name x = e.inputs[0];
  Sizes behind = more_behind(e, pad, {1, 1});
  if (flag(e, "count_padding")) {
    x = e.writer.node("Pad", {x, e.writer.integers({0, 0, pad[0], pad[1], 0, 0, pad[0], pad[1]})});
    behind = more_behind(e, {2 * pad[0], 2 * pad[1]}, {1, 1});
    pad = {0, 0};
  }
  return {e.writer.node("AveragePool", {x},
                        {{"kernel_shape", e.op.node.attribute<Sizes>("kernel")},
                         {"strides", e.op.node.attribute<Sizes>("stride")},
                         {"pads", Sizes{pad[0], pad[1], behind[0], behind[1]}},
                         {"count_include_pad", false}})};
}

Names global_max_pool(const OpExport& e) { return {e.reshape(e.writer.node("GlobalMaxPool", e.inputs), e.outputs[0])}; }

Names global_average_pool(const OpExport& e) {
  return {e.reshape(e.writer.node("GlobalAveragePool", e.inputs), e.outputs[0])};
}

// ONNX's LRN puts the odd channel of an even size behind, ours before, so even sizes are spelled out: the mean of
// squares is a pooling over channels.
Names lrn(const OpExport& e) {
  Writer& w = e.writer;
  const std::int64_t size = e.op.node.attribute<std::int64_t>("size");
  const double alpha = e.op.node.attribute<double>("alpha"), beta = e.op.node.attribute<double>("beta");
  const double k = number_or(e, "k", 1);
  if (size % 2 == 1) {
    return {w.node("LRN", e.inputs, {{"size", size}, {"alpha", alpha}, {"beta", beta}, {"bias", k}})};
  }
  const Shape& shape = e.outputs[0];
  const Name squares = e.reshape(w.node("Mul", {e.inputs[0], e.inputs[0]}), {1, shape[0], shape[1] * shape[2]});
  const Name mean = w.node(
      "AveragePool", {squares},
      {{"kernel_shape", Sizes{size, 1}}, {"pads", Sizes{size / 2, 0, size / 2 - 1, 0}}, {"count_include_pad", true}});
  const Name base = w.node("Add", {w.node("Mul", {e.reshape(mean, shape), w.number(static_cast<float>(alpha))}),
                                   w.number(static_cast<float>(k))});
  return {w.node("Div", {e.inputs[0], w.node("Pow", {base, w.number(static_cast<float>(beta))})})};
}

Names batch_norm(const OpExport& e) {
  return {e.writer.node("BatchNormalization", {e.inputs[0], e.weight(0), e.weight(1), e.weight(2), e.weight(3)},
                        {{"epsilon", number_or(e, "epsilon", 1e-5)}})};
}

}  // namespace

std::span<const ExportEntry> export_maps() {
  static const std::array entries{
      ExportEntry{"average_pool", average_pool},
      ExportEntry{"batch_norm", batch_norm},
      ExportEntry{"conv2d", conv2d},
      ExportEntry{"conv_transpose2d", conv_transpose2d},
      ExportEntry{"coordinates", coordinates},
      ExportEntry{"global_average_pool", global_average_pool},
      ExportEntry{"global_max_pool", global_max_pool},
      ExportEntry{"lrn", lrn},
      ExportEntry{"max_pool", max_pool},
      ExportEntry{"warp", warp, 16},
  };
  return entries;
}

}  // namespace longtake::onnx
