// Convolution, pooling and normalisation of maps.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "onnx/windows.h"

namespace longtake::onnx {

namespace {

// x -> x slope + offset, per channel: a batch norm with its statistics fixed.
struct ChannelScale {
  std::vector<double> slope, offset;
};

struct Norm {
  Tensor scale, shift, mean, variance;
  double epsilon, momentum;
};

Norm read_norm(const Converter& c, Node& node) {
  Norm norm{c.weight(node, 1), c.weight(node, 2), c.weight(node, 3), c.weight(node, 4), 0, 0};
  for (const Tensor* numbers : {&norm.scale, &norm.shift, &norm.mean, &norm.variance}) {
    if (numbers->shape() != norm.scale.shape() || numbers->shape().size() != 1) {
      node.bad("scale, shift, mean and variance must be lists of the same length");
    }
  }
  norm.epsilon = node.real("epsilon", 1e-5);
  norm.momentum = 1 - node.real("momentum", 0.9);  // ONNX says how much of the old statistics is kept
  if (node.integer("spatial", 1) == 0) node.unsupported("'spatial' = 0 is not supported");
  const bool trains = node.opset() < 7 ? node.integer("is_test", 0) == 0 : node.integer("training_mode", 0) != 0;
  if (trains) node.unsupported("is exported for training; export the model in evaluation mode");
  for (std::size_t i = 1; i < node.outputs(); ++i) {
    if (node.has_output(i)) node.unsupported("only its first output is supported");
  }
  return norm;
}

ChannelScale scale_of(const Norm& norm) {
  ChannelScale scale;
  for (std::int64_t i = 0; i < norm.scale.count(); ++i) {
    const double slope = number_at(norm.scale, i) / std::sqrt(number_at(norm.variance, i) + norm.epsilon);
    scale.slope.push_back(slope);
    scale.offset.push_back(number_at(norm.shift, i) - number_at(norm.mean, i) * slope);
  }
  return scale;
}

void fold_norm(const Converter& c, const onnx_format::NodeProto& proto, const Node& convolution, Tensor& weight,
               Tensor& bias) {
  Node node(proto, c.file().opset, c.file().source);
  const ChannelScale scale = scale_of(read_norm(c, node));
  const std::int64_t channels = weight.shape()[0];
  if (static_cast<std::int64_t>(scale.slope.size()) != channels)
    convolution.bad("the batch norm behind it does not fit");
  if (bias.count() == 0) bias = Tensor(DType::kFloat32, {channels});
  const std::int64_t per_channel = channels == 0 ? 0 : weight.count() / channels;
  for (std::int64_t i = 0; i < weight.count(); ++i) {
    float& number = weight.data<float>()[i];
    number = static_cast<float>(number * scale.slope[i / per_channel]);
  }
  for (std::int64_t i = 0; i < channels; ++i) {
    float& number = bias.data<float>()[i];
    number = static_cast<float>(number * scale.slope[i] + scale.offset[i]);
  }
}

void convert_conv(Converter& c, Node& node) {
  const Map x = map_of(c, node);
  Tensor weight = c.weight(node, 1);
  if (weight.shape().size() != x.spatial + 2) node.bad("the weight has another number of dimensions than the map");
  Tensor bias;
  if (node.has_input(2)) bias = c.weight(node, 2);
  const Windows w = read_windows(c, node, x, Sizes(weight.shape().begin() + 2, weight.shape().end()));
  if (x.spatial == 1) weight = weight.reshaped({weight.shape()[0], weight.shape()[1], 1, weight.shape()[2]});
  const onnx_format::NodeProto* norm = c.norm_behind(node.output(0));
  if (norm != nullptr) {
    if (bias.count() != 0 && bias.shape() != Shape{weight.shape()[0]}) node.bad("the bias must be [channels]");
    fold_norm(c, *norm, node, weight, bias);
  }
  const bool even = w.before == w.after;
  const ValueId map = even ? x.value : padded(c, node, x.value, w, 0);
  const std::string weight_name = c.parameter(node, "weight", std::move(weight));
  const std::string bias_name = bias.count() == 0 ? std::string() : c.parameter(node, "bias", std::move(bias));
  const ValueId out = c.emit(node, "", "conv2d", {map},
                             {{"stride", as_sizes(w.stride)},
                              {"pad", even ? as_sizes(w.before) : Sizes{0, 0}},
                              {"dilation", as_sizes(w.dilation)},
                              {"groups", node.integer("group", 1)}},
                             {weight_name, bias_name});
  set_map(c, node, x, out);
}

// What is cut off the output of a transposed convolution on both sides; below zero where rows are added behind.
struct Cuts {
  Pair before, behind;
};

// From pads and output_padding, or from output_shape or auto_pad, which say how large the output is to be.
Cuts read_cuts(Node& node, const Map& x, const Shape& map, const Windows& w, const std::string& automatic) {
  Sizes more = node.sizes("output_padding", Sizes(x.spatial, 0)), wanted = node.sizes("output_shape", {});
  if (more.size() != x.spatial) node.bad("'output_padding' needs a number for each spatial dimension");
  if (automatic.starts_with("SAME") && wanted.empty()) {
    for (std::size_t d = 2 - x.spatial; d < 2; ++d) wanted.push_back(map[d + 1] * w.stride[d]);
  }
  if (!wanted.empty() && wanted.size() != x.spatial) node.bad("'output_shape' needs a number for each dimension");
  Cuts cuts{w.before, w.after};
  for (std::size_t i = 0; i < x.spatial; ++i) {
    const std::size_t d = i + 2 - x.spatial;
    if (more[i] < 0 || more[i] >= w.stride[d]) node.bad("'output_padding' must be at least 0 and below the stride");
    const std::int64_t whole = (map[d + 1] - 1) * w.stride[d] + w.kernel[d] + more[i];
    if (!wanted.empty()) {
      const std::int64_t total = whole - wanted[i], less = total / 2;
      if (wanted[i] < 1 || -total >= w.stride[d]) node.bad(fmt::format("'output_shape' holds {}", wanted[i]));
      cuts.before[d] = std::max<std::int64_t>(0, automatic == "SAME_UPPER" ? less : total - less);
      cuts.behind[d] = total - cuts.before[d];
    }
    if (cuts.before[d] + cuts.behind[d] >= whole) node.bad("'pads' cut the whole map away");
    cuts.behind[d] -= more[i];
  }
  return cuts;
}

void convert_conv_transpose(Converter& c, Node& node) {
  const Map x = map_of(c, node);
  Tensor weight = c.weight(node, 1);
  if (weight.shape().size() != x.spatial + 2) node.bad("the weight has another number of dimensions than the map");
  if (node.integer("group", 1) != 1) node.unsupported("'group' other than 1 is not supported");
  const std::string automatic = node.text("auto_pad", "NOTSET");
  Windows w = read_windows(c, node, x, Sizes(weight.shape().begin() + 2, weight.shape().end()));
  if (w.dilation != Pair{1, 1}) node.unsupported("'dilations' are not supported");
  if (x.spatial == 1) weight = weight.reshaped({weight.shape()[0], weight.shape()[1], 1, weight.shape()[2]});
  Cuts cuts = read_cuts(node, x, c.builder().shape(x.value), w, automatic);
  // Zeros behind the input make room behind the output.
  w.before = w.after = {0, 0};
  for (int d = 0; d < 2; ++d) {
    if (cuts.behind[d] >= 0) continue;
    w.after[d] = 1;
    cuts.behind[d] += w.stride[d];
  }
  const ValueId map = w.pads() ? padded(c, node, x.value, w, 0) : x.value;
  const bool even = cuts.before == cuts.behind;
  std::vector<std::string> parameters{c.parameter(node, "weight", std::move(weight))};
  if (node.has_input(2)) parameters.push_back(c.parameter(node, "bias", c.weight(node, 2)));
  ValueId out =
      c.emit(node, even ? "" : "whole", "conv_transpose2d", {map},
             {{"stride", as_sizes(w.stride)}, {"pad", even ? as_sizes(cuts.before) : Sizes{0, 0}}}, parameters);
  for (std::int64_t d = 0; d < 2 && !even; ++d) {
    const std::int64_t size = c.builder().shape(out)[d + 1] - cuts.before[d] - cuts.behind[d];
    out = c.emit(node, d == 0 ? "rows" : "columns", "slice", {out},
                 {{"axis", d + 1}, {"begin", cuts.before[d]}, {"size", size}});
  }
  set_map(c, node, x, out);
}

Attributes pool_attributes(const Windows& w, bool padded_already) {
  return {{"kernel", as_sizes(w.kernel)},
          {"stride", as_sizes(w.stride)},
          {"pad", padded_already ? Sizes{0, 0} : as_sizes(w.before)},
          {"ceil", w.ceil}};
}

Pair half(const Pair& kernel) { return {kernel[0] / 2, kernel[1] / 2}; }

void convert_max_pool(Converter& c, Node& node) {
  if (node.has_output(1)) node.unsupported("the places of the maxima (its second output) are not supported");
  node.ignore("storage_order");  // of those places
  const Map x = map_of(c, node);
  const Windows w = read_windows(c, node, x, {});
  for (int d = 0; d < 2; ++d) {
    const std::int64_t reach = w.dilation[d] * (w.kernel[d] - 1) + 1;
    if (w.before[d] >= reach || w.after[d] >= reach) node.unsupported("has windows that see the padding only");
  }
  const bool pads = !w.is_even(half(w.kernel));
  const ValueId map = pads ? padded(c, node, x.value, w, -std::numeric_limits<float>::max()) : x.value;
  Attributes attributes = pool_attributes(w, pads);
  if (w.dilation != Pair{1, 1}) attributes["dilation"] = as_sizes(w.dilation);
  set_map(c, node, x, c.emit(node, "", "max_pool", {map}, std::move(attributes)));
}

// How many places of a padded map of `size` each window covers, with the padding and without.
struct Covered {
  std::int64_t padded, own;
};
Covered covered(const Windows& w, int d, std::int64_t size, std::int64_t window) {
  const std::int64_t begin = window * w.stride[d], end = std::min(begin + w.kernel[d], size);
  const std::int64_t own = std::min(end, size - w.after[d]) - std::max(begin, w.before[d]);
  return {end - begin, std::max<std::int64_t>(own, 0)};
}

// What turns means over windows with the padding into means without it: [1, height, width].
Tensor without_padding(const Node& node, const Windows& w, const Shape& map) {
  const std::int64_t height = count_windows(w, 0, map[1]), width = count_windows(w, 1, map[2]);
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  if (height < 1 || width < 1 || height > kMost / width)
    node.bad("the map is smaller than the kernel, or far too large");
  Tensor factors(DType::kFloat32, {1, height, width});
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const Covered rows = covered(w, 0, map[1], y), columns = covered(w, 1, map[2], x);
      if (rows.own * columns.own == 0) node.unsupported("has windows that see the padding only");
      factors.data<float>()[y * width + x] =
          static_cast<float>(rows.padded * columns.padded) / static_cast<float>(rows.own * columns.own);
    }
  }
  return factors;
}

void convert_average_pool(Converter& c, Node& node) {
  const Map x = map_of(c, node);
  const Windows w = read_windows(c, node, x, {});
  if (w.dilation != Pair{1, 1}) node.unsupported("'dilations' are not supported");
  const bool counts = node.integer("count_include_pad", 0) != 0;
  const bool pads = !w.is_even(half(w.kernel));
  Attributes attributes = pool_attributes(w, pads);
  attributes["count_padding"] = counts && !pads;
  if (!pads) {
    set_map(c, node, x, c.emit(node, "", "average_pool", {x.value}, std::move(attributes)));
    return;
  }
  const ValueId map = padded(c, node, x.value, w, 0);
  if (counts) {
    set_map(c, node, x, c.emit(node, "", "average_pool", {map}, std::move(attributes)));
    return;
  }
  const Tensor factors = without_padding(node, w, c.builder().shape(map));
  const ValueId mean = c.emit(node, "mean", "average_pool", {map}, std::move(attributes));
  const std::string values = c.parameter(node, "factors.values", factors, true);
  const ValueId spread = c.emit(node, "factors", "constant", {mean}, {}, {values});
  set_map(c, node, x, c.emit(node, "", "mul", {mean, spread}));
}

// Any number of spatial dimensions, which stay with size 1.
template <bool kMaximum>
void convert_global_pool(Converter& c, Node& node) {
  const Bound& given = c.bound(node, 0);
  const Bound x = c.frames(node, 0, std::max<std::size_t>(c.shape(given).size(), 2), "frames [n, channels, ...]");
  const Shape shape = c.shape(x);
  const ValueId map = c.reshape(node, "map", x.value, {shape[0], -1, shape.back()});
  const ValueId pooled = c.emit(node, "pooled", kMaximum ? "global_max_pool" : "global_average_pool", {map});
  Shape kept(shape.size(), 1);
  kept[0] = shape[0];
  c.set(node, 0, Bound{c.reshape(node, "", pooled, kept), x.axes});
}

void convert_lrn(Converter& c, Node& node) {
  const Bound x = c.frames(node, 0, 3, "frames [n, channels, height, width]");
  const std::int64_t size = node.integer("size", 0);
  if (size < 1) node.bad("'size' must be at least 1");
  if (size % 2 == 0) node.unsupported("an even 'size' is not supported");
  c.set(node, 0,
        Bound{c.emit(node, "", "lrn", {x.value},
                     {{"size", size},
                      {"alpha", node.real("alpha", 1e-4)},
                      {"beta", node.real("beta", 0.75)},
                      {"k", node.real("bias", 1)}}),
              x.axes});
}

void convert_batch_norm(Converter& c, Node& node) {
  const Bound& given = c.bound(node, 0);
  const Bound x = c.frames(node, 0, std::max<std::size_t>(c.shape(given).size(), 1), "frames [n, channels, ...]");
  const Norm norm = read_norm(c, node);
  const Shape shape = c.shape(x);
  const bool plain = shape.size() == 1 || shape.size() == 3;
  const ValueId map = plain ? x.value : c.reshape(node, "map", x.value, {shape[0], 1, element_count(shape) / shape[0]});
  const std::vector<std::string> parameters{
      c.parameter(node, "scale", norm.scale), c.parameter(node, "shift", norm.shift),
      c.parameter(node, "mean", norm.mean, true), c.parameter(node, "variance", norm.variance, true)};
  const ValueId out = c.emit(node, plain ? "" : "norm", "batch_norm", {map},
                             {{"epsilon", norm.epsilon}, {"momentum", norm.momentum}}, parameters);
  c.set(node, 0, Bound{c.reshape(node, "", out, shape), x.axes});
}

}  // namespace

std::span<const OpEntry> map_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Conv", convert_conv, nullptr},
      {"ConvTranspose", convert_conv_transpose, nullptr},
      {"MaxPool", convert_max_pool, nullptr},
      {"AveragePool", convert_average_pool, nullptr},
      {"GlobalAveragePool", convert_global_pool<false>, nullptr},
      {"GlobalMaxPool", convert_global_pool<true>, nullptr},
      {"LRN", convert_lrn, nullptr},
      {"BatchNormalization", convert_batch_norm, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
