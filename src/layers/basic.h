// The plain layers: functions that add one op and its parameters to a graph. `x` is a map [channels, height, width]
// unless said otherwise; every function throws InvalidArgument naming the op and the shapes when they do not fit.
#pragma once

#include <string>
#include <vector>

#include "graph/builder.h"

namespace longtake::layers {

using graph::Builder;
using graph::Initialiser;
using graph::ValueId;

// How weight and bias start and how fast they learn, as Caffe's lr_mult and decay_mult.
struct WeightOptions {
  Initialiser weight = Initialiser::he();
  Initialiser bias = Initialiser::constant(0);
  double weight_rate = 1, weight_decay = 1;
  double bias_rate = 1, bias_decay = 0;
};

struct Conv2dOptions {
  std::int64_t channels = 0;  // of the output
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t pad = 0;
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  WeightOptions weights = {};
};

// Parameters "<name>.weight" [channels, in / groups, kernel, kernel] and "<name>.bias" [channels].
ValueId conv2d(Builder& b, const std::string& name, ValueId x, const Conv2dOptions& options);

struct ConvTranspose2dOptions {
  std::int64_t channels = 0;  // of the output
  std::int64_t kernel = 4;
  std::int64_t stride = 2;
  std::int64_t pad = 0;  // rows and columns that are cut off at every side of the output
  bool bias = true;
  WeightOptions weights = {};
};

// The transposed convolution (Zeiler 2010; Long 2015, 1411.4038): every place of x adds the kernel, times its numbers,
// `stride` places apart to the output, whose sides are (size - 1) stride + kernel - 2 pad. Parameters "<name>.weight"
// [in, channels, kernel, kernel] and "<name>.bias" [channels]. He's and Xavier's initialisers count an output's own
// connections, in kernel^2 / stride^2.
ValueId conv_transpose2d(Builder& b, const std::string& name, ValueId x, const ConvTranspose2dOptions& options);

// x [channels, height, width] moved by L fields of motion [2 L, height, width], in places, right (u) and down (v) by
// turns: [L channels, height, width], y_l(row, column) = x(row - v_l, column - u_l), between places bilinear, zero
// outside (Jaderberg 2015, 1506.02025; Shi 2017, 1706.03458).
ValueId warp(Builder& b, const std::string& name, ValueId x, ValueId flow);

// [3, height, width] for any x [channels, height, width]: the column and the row, each from -1 to 1, and 1, which tells
// the map from the zeros around it.
ValueId coordinates(Builder& b, const std::string& name, ValueId x);

struct LinearOptions {
  bool bias = true;
  WeightOptions weights = {};
};

// x [..., in] to [..., features]. Parameters "<name>.weight" [features, in] and "<name>.bias" [features].
ValueId linear(Builder& b, const std::string& name, ValueId x, std::int64_t features,
               const LinearOptions& options = {});

struct PoolOptions {
  std::int64_t kernel = 2;
  std::int64_t stride = 2;
  std::int64_t pad = 0;
  bool ceil = false;           // Caffe rounds the output size up
  bool count_padding = false;  // average only: divide by the whole kernel even over the padding
};

ValueId max_pool(Builder& b, const std::string& name, ValueId x, const PoolOptions& options = {});
ValueId average_pool(Builder& b, const std::string& name, ValueId x, const PoolOptions& options = {});
ValueId global_max_pool(Builder& b, const std::string& name, ValueId x);      // to [channels]
ValueId global_average_pool(Builder& b, const std::string& name, ValueId x);  // to [channels]

struct LrnOptions {
  std::int64_t size = 5;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
};

// Across channels: x / (k + alpha / size * sum of squares of the `size` channels around)^beta (Krizhevsky 2012, with
// Caffe's division by size).
ValueId lrn(Builder& b, const std::string& name, ValueId x, const LrnOptions& options = {});

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  // of the running statistics: new = (1 - momentum) old + momentum batch
  bool trainable = true;  // false also keeps the running statistics as they are
};

// x [channels] or a map. Parameters "<name>.scale", ".shift", and the statistics ".mean", ".variance".
ValueId batch_norm(Builder& b, const std::string& name, ValueId x, const BatchNormOptions& options = {});

// Of any shape.
ValueId relu(Builder& b, const std::string& name, ValueId x);
ValueId sigmoid(Builder& b, const std::string& name, ValueId x);
ValueId log(Builder& b, const std::string& name, ValueId x);  // natural
ValueId tanh(Builder& b, const std::string& name, ValueId x);
ValueId softmax(Builder& b, const std::string& name, ValueId x, std::int64_t axis = -1);
ValueId dropout(Builder& b, const std::string& name, ValueId x, double probability);  // kept values / (1 - probability)
ValueId flatten(Builder& b, const std::string& name, ValueId x);                      // to [elements]
ValueId affine(Builder& b, const std::string& name, ValueId x, double scale, double shift);  // scale x + shift
// Same rank; each size equal, or 1 on one side and repeated.
ValueId add(Builder& b, const std::string& name, ValueId x, ValueId y);
ValueId mul(Builder& b, const std::string& name, ValueId x, ValueId y);
ValueId subtract(Builder& b, const std::string& name, ValueId x, ValueId y);
// The parameter "<name>.values" [shape], which begins as `values`, at every row of x.
ValueId constant(Builder& b, const std::string& name, ValueId x, Shape shape, const Initialiser& values);
// (1 - z) x + z y, of one shape.
ValueId blend(Builder& b, const std::string& name, ValueId z, ValueId x, ValueId y);
ValueId leaky_relu(Builder& b, const std::string& name, ValueId x, double slope);       // slope x below 0
ValueId clip(Builder& b, const std::string& name, ValueId x, double low, double high);  // to [low, high]
ValueId reshape(Builder& b, const std::string& name, ValueId x, Shape shape);           // one size may be -1
ValueId transpose(Builder& b, const std::string& name, ValueId x, Shape permutation);   // y[d] = x[permutation[d]]
ValueId slice(Builder& b, const std::string& name, ValueId x, std::int64_t axis, std::int64_t begin, std::int64_t size);
// x [..., M, K] and y [..., K, N] to [..., M, N].
ValueId matmul(Builder& b, const std::string& name, ValueId x, ValueId y);
// The softmax over the places where `mask`, of the shape of x, is 1; zero elsewhere, and everywhere if it is nowhere 1.
ValueId masked_softmax(Builder& b, const std::string& name, ValueId x, ValueId mask, std::int64_t axis = -1);
ValueId concat(Builder& b, const std::string& name, std::vector<ValueId> values, std::int64_t axis = 0);

}  // namespace longtake::layers
