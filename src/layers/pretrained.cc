// The encoders that the papers took from ImageNet. Their layers and parameters have the names of the published Caffe
// networks, so that converted weights find their place.
#include "layers/basic.h"
#include "layers/encoder.h"

namespace longtake::layers {

namespace {

// Caffe's habits: gaussian weights, biases that learn twice as fast and do not decay.
WeightOptions caffe_weights(double deviation, double bias) {
  return {.weight = Initialiser::gaussian(0, deviation),
          .bias = Initialiser::constant(bias),
          .bias_rate = 2,
          .bias_decay = 0};
}

// Takes from the values of an encoder's levels what a model wants.
class Levels {
 public:
  explicit Levels(Taps taps) : taps_(taps) {}
  // Notes a level and returns it.
  ValueId add(ValueId value) {
    values_.push_back(value);
    return value;
  }
  bool wants_features() const { return taps_ != Taps::kMap; }
  std::vector<ValueId> take() const { return taps_ == Taps::kLevels ? values_ : std::vector{values_.back()}; }

 private:
  Taps taps_;
  std::vector<ValueId> values_;
};

struct ConvShape {
  std::int64_t channels, kernel, stride = 1, pad = 0, groups = 1;
};

// A convolution and its ReLU; "conv2_1" is followed by "relu2_1".
ValueId conv_relu(Builder& b, const std::string& name, ValueId x, const ConvShape& shape,
                  const WeightOptions& weights) {
  const ValueId map = conv2d(b, name, x,
                             {.channels = shape.channels,
                              .kernel = shape.kernel,
                              .stride = shape.stride,
                              .pad = shape.pad,
                              .groups = shape.groups,
                              .weights = weights});
  const bool short_name = name.rfind("conv", 0) == 0;
  return relu(b, short_name ? "relu" + name.substr(4) : name + ".relu", map);
}

ValueId linear_relu(Builder& b, const std::string& number, ValueId x, const WeightOptions& weights) {
  return relu(b, "relu" + number, linear(b, "fc" + number, x, 4096, {.weights = weights}));
}

constexpr PoolOptions kOverlapping{.kernel = 3, .stride = 2, .ceil = true};

}  // namespace

std::vector<ValueId> caffenet_hybrid(Builder& b, ValueId x, Taps taps) {
  const WeightOptions weights = caffe_weights(0.01, 0.1);
  Levels levels(taps);
  x = conv_relu(b, "conv1", x, {96, 7, 2}, weights);
  x = lrn(b, "norm1", levels.add(max_pool(b, "pool1", x, kOverlapping)));
  x = conv_relu(b, "conv2", x, {384, 5, 2, 0, 2}, weights);
  x = lrn(b, "norm2", levels.add(max_pool(b, "pool2", x, kOverlapping)));
  x = conv_relu(b, "conv3", x, {512, 3, 1, 1}, weights);
  x = conv_relu(b, "conv4", x, {512, 3, 1, 1, 2}, weights);
  x = conv_relu(b, "conv5", x, {384, 3, 1, 1, 2}, weights);
  x = levels.add(max_pool(b, "pool5", x, kOverlapping));
  if (levels.wants_features()) levels.add(linear_relu(b, "6", flatten(b, "flat5", x), weights));
  return levels.take();
}

std::vector<ValueId> caffenet(Builder& b, ValueId x, Taps taps) {
  Levels levels(taps);
  x = conv_relu(b, "conv1", x, {96, 11, 4}, caffe_weights(0.01, 0));
  x = lrn(b, "norm1", levels.add(max_pool(b, "pool1", x, kOverlapping)));
  x = conv_relu(b, "conv2", x, {256, 5, 1, 2, 2}, caffe_weights(0.01, 1));
  x = lrn(b, "norm2", levels.add(max_pool(b, "pool2", x, kOverlapping)));
  x = conv_relu(b, "conv3", x, {384, 3, 1, 1}, caffe_weights(0.01, 0));
  x = conv_relu(b, "conv4", x, {384, 3, 1, 1, 2}, caffe_weights(0.01, 1));
  x = conv_relu(b, "conv5", x, {256, 3, 1, 1, 2}, caffe_weights(0.01, 1));
  x = levels.add(max_pool(b, "pool5", x, kOverlapping));
  if (levels.wants_features()) {
    const WeightOptions weights = caffe_weights(0.005, 1);
    levels.add(linear_relu(b, "7", linear_relu(b, "6", flatten(b, "flat5", x), weights), weights));
  }
  return levels.take();
}

std::vector<ValueId> vgg16(Builder& b, ValueId x, Taps taps) {
  constexpr std::int64_t kChannels[] = {64, 128, 256, 512, 512};
  constexpr int kConvolutions[] = {2, 2, 3, 3, 3};
  WeightOptions weights;
  Levels levels(taps);
  for (int block = 0; block < 5; ++block) {
    const std::string number = std::to_string(block + 1);
    for (int i = 1; i <= kConvolutions[block]; ++i) {
      x = conv_relu(b, "conv" + number + "_" + std::to_string(i), x, {kChannels[block], 3, 1, 1}, weights);
    }
    x = max_pool(b, "pool" + number, x);
    if (block > 0) levels.add(x);
  }
  if (levels.wants_features()) {
    levels.add(linear_relu(b, "7", linear_relu(b, "6", flatten(b, "flat5", x), weights), weights));
  }
  return levels.take();
}

namespace {

struct InceptionShape {
  const char* name;
  std::int64_t one, three_reduce, three, five_reduce, five, projection;
};

ValueId inception(Builder& b, ValueId x, const InceptionShape& shape) {
  const WeightOptions weights{.weight = Initialiser::xavier(), .bias = Initialiser::constant(0.2)};
  const auto scope = b.region("inception", std::string("inception_") + shape.name);
  const auto conv = [&](const char* name, ValueId from, std::int64_t channels, std::int64_t kernel) {
    return conv_relu(b, name, from, {channels, kernel, 1, kernel / 2}, weights);
  };
  const ValueId one = conv("1x1", x, shape.one, 1);
  const ValueId three = conv("3x3", conv("3x3_reduce", x, shape.three_reduce, 1), shape.three, 3);
  const ValueId five = conv("5x5", conv("5x5_reduce", x, shape.five_reduce, 1), shape.five, 5);
  const ValueId pool = max_pool(b, "pool", x, {.kernel = 3, .stride = 1, .pad = 1});
  return concat(b, "output", {one, three, five, conv("pool_proj", pool, shape.projection, 1)});
}

}  // namespace

std::vector<ValueId> googlenet(Builder& b, ValueId x, Taps taps) {
  const WeightOptions weights{.weight = Initialiser::xavier(), .bias = Initialiser::constant(0.2)};
  Levels levels(taps);
  x = conv_relu(b, "conv1/7x7_s2", x, {64, 7, 2, 3}, weights);
  x = lrn(b, "pool1/norm1", max_pool(b, "pool1/3x3_s2", x, kOverlapping));
  x = conv_relu(b, "conv2/3x3_reduce", x, {64, 1}, weights);
  x = conv_relu(b, "conv2/3x3", x, {192, 3, 1, 1}, weights);
  x = levels.add(max_pool(b, "pool2/3x3_s2", lrn(b, "conv2/norm2", x), kOverlapping));
  x = inception(b, x, {"3a", 64, 96, 128, 16, 32, 32});
  x = inception(b, x, {"3b", 128, 128, 192, 32, 96, 64});
  x = levels.add(max_pool(b, "pool3/3x3_s2", x, kOverlapping));
  x = inception(b, x, {"4a", 192, 96, 208, 16, 48, 64});
  x = inception(b, x, {"4b", 160, 112, 224, 24, 64, 64});
  x = inception(b, x, {"4c", 128, 128, 256, 24, 64, 64});
  x = inception(b, x, {"4d", 112, 144, 288, 32, 64, 64});
  x = inception(b, x, {"4e", 256, 160, 320, 32, 128, 128});
  x = levels.add(max_pool(b, "pool4/3x3_s2", x, kOverlapping));
  x = inception(b, x, {"5a", 256, 160, 320, 32, 128, 128});
  x = levels.add(inception(b, x, {"5b", 384, 192, 384, 48, 128, 128}));
  if (levels.wants_features()) levels.add(global_average_pool(b, "pool5", x));
  return levels.take();
}

}  // namespace longtake::layers
