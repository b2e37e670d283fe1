#include "layers/basic.h"

#include <fmt/format.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake::layers {

namespace {

using Sizes = std::vector<std::int64_t>;

Sizes twice(std::int64_t size) { return {size, size}; }

std::string weight_parameter(Builder& b, const std::string& name, Shape shape, const WeightOptions& options) {
  return b.parameter({name + ".weight", std::move(shape), options.weight, options.weight_rate, options.weight_decay});
}

std::string bias_parameter(Builder& b, const std::string& name, std::int64_t size, bool wanted,
                           const WeightOptions& options) {
  if (!wanted) return "";
  return b.parameter({name + ".bias", {size}, options.bias, options.bias_rate, options.bias_decay});
}

ValueId unary(Builder& b, const char* op, const std::string& name, ValueId x, graph::Attributes attributes = {}) {
  return b.node(op, name, {x}, std::move(attributes)).front();
}

// How a transposed weight [in, out, kernel, kernel] starts: what counts an output's connections would take them from
// the dimensions of a plain one.
Initialiser transposed(const Initialiser& initialiser, std::int64_t in, const ConvTranspose2dOptions& options) {
  const auto kernel = static_cast<double>(options.kernel), stride = static_cast<double>(options.stride);
  const double fan_in = static_cast<double>(in) * kernel * kernel / (stride * stride);
  const double fan_out = static_cast<double>(options.channels) * kernel * kernel;
  if (initialiser.kind == Initialiser::Kind::kHe) return Initialiser::gaussian(0, std::sqrt(2 / fan_in));
  if (initialiser.kind != Initialiser::Kind::kXavier) return initialiser;
  const double limit = std::sqrt(6 / (fan_in + fan_out));
  return Initialiser::uniform(-limit, limit);
}

}  // namespace

ValueId conv_transpose2d(Builder& b, const std::string& name, ValueId x, const ConvTranspose2dOptions& options) {
  if (b.shape(x).size() != 3) {
    throw InvalidArgument(fmt::format("op conv_transpose2d '{}': input {} is no map [channels, height, width]", name,
                                      to_string(b.shape(x))));
  }
  const std::int64_t in = b.shape(x)[0];
  WeightOptions weights = options.weights;
  weights.weight = transposed(weights.weight, in, options);
  return b
      .node("conv_transpose2d", name, {x}, {{"stride", twice(options.stride)}, {"pad", twice(options.pad)}},
            {weight_parameter(b, name, {in, options.channels, options.kernel, options.kernel}, weights),
             bias_parameter(b, name, options.channels, options.bias, weights)})
      .front();
}

ValueId warp(Builder& b, const std::string& name, ValueId x, ValueId flow) {
  return b.node("warp", name, {x, flow}).front();
}

ValueId coordinates(Builder& b, const std::string& name, ValueId x) { return unary(b, "coordinates", name, x); }

ValueId conv2d(Builder& b, const std::string& name, ValueId x, const Conv2dOptions& options) {
  if (b.shape(x).size() != 3 || options.groups < 1 || b.shape(x)[0] % options.groups != 0) {
    throw InvalidArgument(
        fmt::format("op conv2d '{}': input {} is no map [channels, height, width] that splits into {} "
                    "groups",
                    name, to_string(b.shape(x)), options.groups));
  }
  const Shape shape{options.channels, b.shape(x)[0] / options.groups, options.kernel, options.kernel};
  return b
      .node("conv2d", name, {x},
            {{"stride", twice(options.stride)},
             {"pad", twice(options.pad)},
             {"dilation", twice(options.dilation)},
             {"groups", options.groups}},
            {weight_parameter(b, name, shape, options.weights),
             bias_parameter(b, name, options.channels, options.bias, options.weights)})
      .front();
}

ValueId linear(Builder& b, const std::string& name, ValueId x, std::int64_t features, const LinearOptions& options) {
  if (b.shape(x).empty()) throw InvalidArgument(fmt::format("op linear '{}': a scalar has no features", name));
  return b
      .node("linear", name, {x}, {},
            {weight_parameter(b, name, {features, b.shape(x).back()}, options.weights),
             bias_parameter(b, name, features, options.bias, options.weights)})
      .front();
}

ValueId max_pool(Builder& b, const std::string& name, ValueId x, const PoolOptions& options) {
  return unary(b, "max_pool", name, x,
               {{"kernel", twice(options.kernel)},
                {"stride", twice(options.stride)},
                {"pad", twice(options.pad)},
                {"ceil", options.ceil}});
}

ValueId average_pool(Builder& b, const std::string& name, ValueId x, const PoolOptions& options) {
  return unary(b, "average_pool", name, x,
               {{"kernel", twice(options.kernel)},
                {"stride", twice(options.stride)},
                {"pad", twice(options.pad)},
                {"ceil", options.ceil},
                {"count_padding", options.count_padding}});
}

ValueId global_max_pool(Builder& b, const std::string& name, ValueId x) { return unary(b, "global_max_pool", name, x); }

ValueId global_average_pool(Builder& b, const std::string& name, ValueId x) {
  return unary(b, "global_average_pool", name, x);
}

ValueId lrn(Builder& b, const std::string& name, ValueId x, const LrnOptions& options) {
  return unary(b, "lrn", name, x,
               {{"size", options.size}, {"alpha", options.alpha}, {"beta", options.beta}, {"k", options.k}});
}

ValueId batch_norm(Builder& b, const std::string& name, ValueId x, const BatchNormOptions& options) {
  const Shape shape{b.shape(x).at(0)};
  const bool trainable = options.trainable;
  return b
      .node("batch_norm", name, {x}, {{"epsilon", options.epsilon}, {"momentum", options.momentum}},
            {b.parameter({name + ".scale", shape, Initialiser::constant(1), 1, 0, trainable}),
             b.parameter({name + ".shift", shape, Initialiser::constant(0), 1, 0, trainable}),
             b.parameter({name + ".mean", shape, Initialiser::constant(0), 0, 0, false}),
             b.parameter({name + ".variance", shape, Initialiser::constant(1), 0, 0, false})})
      .front();
}

ValueId relu(Builder& b, const std::string& name, ValueId x) { return unary(b, "relu", name, x); }
ValueId sigmoid(Builder& b, const std::string& name, ValueId x) { return unary(b, "sigmoid", name, x); }
ValueId log(Builder& b, const std::string& name, ValueId x) { return unary(b, "log", name, x); }
ValueId tanh(Builder& b, const std::string& name, ValueId x) { return unary(b, "tanh", name, x); }

ValueId softmax(Builder& b, const std::string& name, ValueId x, std::int64_t axis) {
  return unary(b, "softmax", name, x, {{"axis", axis}});
}

ValueId dropout(Builder& b, const std::string& name, ValueId x, double probability) {
  return unary(b, "dropout", name, x, {{"probability", probability}});
}

ValueId flatten(Builder& b, const std::string& name, ValueId x) { return unary(b, "flatten", name, x); }

ValueId affine(Builder& b, const std::string& name, ValueId x, double scale, double shift) {
  return unary(b, "affine", name, x, {{"scale", scale}, {"shift", shift}});
}

ValueId add(Builder& b, const std::string& name, ValueId x, ValueId y) { return b.node("add", name, {x, y}).front(); }
ValueId mul(Builder& b, const std::string& name, ValueId x, ValueId y) { return b.node("mul", name, {x, y}).front(); }

ValueId subtract(Builder& b, const std::string& name, ValueId x, ValueId y) {
  return add(b, name, x, affine(b, name + ".negated", y, -1, 0));
}

ValueId constant(Builder& b, const std::string& name, ValueId x, Shape shape, const Initialiser& values) {
  return b.node("constant", name, {x}, {}, {b.parameter({name + ".values", std::move(shape), values})}).front();
}

ValueId blend(Builder& b, const std::string& name, ValueId z, ValueId x, ValueId y) {
  return b.node("blend", name, {z, x, y}).front();
}

ValueId leaky_relu(Builder& b, const std::string& name, ValueId x, double slope) {
  return unary(b, "leaky_relu", name, x, {{"slope", slope}});
}

ValueId clip(Builder& b, const std::string& name, ValueId x, double low, double high) {
  return unary(b, "clip", name, x, {{"low", low}, {"high", high}});
}

ValueId reshape(Builder& b, const std::string& name, ValueId x, Shape shape) {
  return unary(b, "reshape", name, x, {{"shape", std::move(shape)}});
}

ValueId transpose(Builder& b, const std::string& name, ValueId x, Shape permutation) {
  return unary(b, "transpose", name, x, {{"permutation", std::move(permutation)}});
}

ValueId slice(Builder& b, const std::string& name, ValueId x, std::int64_t axis, std::int64_t begin,
              std::int64_t size) {
  return unary(b, "slice", name, x, {{"axis", axis}, {"begin", begin}, {"size", size}});
}

ValueId matmul(Builder& b, const std::string& name, ValueId x, ValueId y) {
  return b.node("matmul", name, {x, y}).front();
}

ValueId masked_softmax(Builder& b, const std::string& name, ValueId x, ValueId mask, std::int64_t axis) {
  return b.node("masked_softmax", name, {x, mask}, {{"axis", axis}}).front();
}

ValueId concat(Builder& b, const std::string& name, std::vector<ValueId> values, std::int64_t axis) {
  return b.node("concat", name, std::move(values), {{"axis", axis}}).front();
}

}  // namespace longtake::layers
