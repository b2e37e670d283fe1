#include "layers/encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "layers/basic.h"
#include "longtake/error.h"

namespace longtake::layers {

namespace {

// Caffe's habits: gaussian weights, biases that learn twice as fast and do not decay.
WeightOptions caffe_weights(double deviation, double bias) {
  return {.weight = Initialiser::gaussian(0, deviation),
          .bias = Initialiser::constant(bias),
          .bias_rate = 2,
          .bias_decay = 0};
}

ValueId caffenet_hybrid(Builder& b, ValueId x) {
  const auto conv = [&](const char* name, ValueId from, std::int64_t channels, std::int64_t kernel, std::int64_t stride,
                        std::int64_t pad, std::int64_t groups) {
    const ValueId map = conv2d(b, name, from,
                               {.channels = channels,
                                .kernel = kernel,
                                .stride = stride,
                                .pad = pad,
                                .groups = groups,
                                .weights = caffe_weights(0.01, 0.1)});
    return relu(b, std::string("relu") + (name + 4), map);
  };
  const PoolOptions overlapping{.kernel = 3, .stride = 2, .ceil = true};
  x = conv("conv1", x, 96, 7, 2, 0, 1);
  x = lrn(b, "norm1", max_pool(b, "pool1", x, overlapping));
  x = conv("conv2", x, 384, 5, 2, 0, 2);
  x = lrn(b, "norm2", max_pool(b, "pool2", x, overlapping));
  x = conv("conv3", x, 512, 3, 1, 1, 1);
  x = conv("conv4", x, 512, 3, 1, 1, 2);
  x = conv("conv5", x, 384, 3, 1, 1, 2);
  x = flatten(b, "flat5", max_pool(b, "pool5", x, overlapping));
  return relu(b, "relu6", linear(b, "fc6", x, 4096, {.weights = caffe_weights(0.01, 0.1)}));
}

// The frame beside what changed in it, as more channels.
ValueId with_changes(Builder& b, const Options& options, ValueId x) {
  std::vector<ValueId> channels{x};
  if (options.get("difference", false)) {
    channels.push_back(subtract(b, "difference", x, b.previous("previous", x)));
  }
  if (options.get("deviation", false)) {
    channels.push_back(subtract(b, "deviation", x, b.node("running_mean", "mean", {x}).front()));
  }
  return channels.size() == 1 ? x : concat(b, "frame_and_changes", channels);
}

ValueId small_cnn(Builder& b, const Options& options, ValueId x) {
  const auto channels = options.get<std::vector<std::int64_t>>("channels", {16, 32, 48});
  const auto kernels = options.get<std::vector<std::int64_t>>("kernels", {5, 3, 3});
  const std::int64_t features = options.get<std::int64_t>("features", 64);
  const bool normalise = options.get("batch_norm", false);
  const bool global_pool = options.get("global_pool", false);
  const double drop = options.get("dropout", 0.0);
  if (channels.empty()) throw options.error("channels", "needs at least one block");
  const auto all_positive = [](const std::vector<std::int64_t>& sizes) {
    return std::all_of(sizes.begin(), sizes.end(), [](std::int64_t size) { return size >= 1; });
  };
  if (!all_positive(channels)) throw options.error("channels", "must be at least 1, each");
  if (!all_positive(kernels)) throw options.error("kernels", "must be at least 1, each");
  if (features < 1) throw options.error("features", "must be at least 1");
  if (channels.size() != kernels.size()) throw options.error("kernels", "needs one size per entry of channels");
  x = with_changes(b, options, x);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    x = conv2d(b, "conv" + number, x, {.channels = channels[i], .kernel = kernels[i], .pad = kernels[i] / 2});
    if (normalise) x = batch_norm(b, "norm" + number, x);
    x = relu(b, "relu" + number, x);
    const bool last = i + 1 == channels.size();
    x = last && global_pool ? global_max_pool(b, "pool" + number, x) : max_pool(b, "pool" + number, x);
  }
  if (!global_pool) x = flatten(b, "flat", x);
  if (drop > 0) x = dropout(b, "drop", x, drop);
  return relu(b, "relu", linear(b, "features", x, features));
}

}  // namespace

ValueId encode(Builder& b, const std::string& encoder, const Options& options, ValueId x) {
  const auto region = b.region(encoder, "encoder");
  if (encoder == "caffenet_hybrid") return caffenet_hybrid(b, x);
  if (encoder == "small_cnn") return small_cnn(b, options, x);
  throw ConfigError(fmt::format("unknown encoder \"{}\"; it is one of caffenet_hybrid, small_cnn", encoder));
}

}  // namespace longtake::layers
