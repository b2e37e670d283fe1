// GRU-RCN: Ballas, Yao, Pal, Courville 2015, "Delving Deeper into Convolutional Networks for Learning Video
// Representations" (1511.06432): a convolutional GRU on each of five levels of a CNN, their class distributions
// averaged. Stacked (section 3.2), every level also hears the one below.
#include <fmt/format.h>

#include "layers/basic.h"
#include "layers/gru.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

namespace {

using graph::Builder;
using graph::ValueId;
using Sizes = std::vector<std::int64_t>;

constexpr std::int64_t kLargestKernel = 31;

// Max-pooled to height x width, with windows as even as can be.
ValueId pool_to(Builder& b, const std::string& name, ValueId map, std::int64_t height, std::int64_t width) {
  const Shape shape = b.shape(map);
  if (shape[1] == height && shape[2] == width) return map;
  if (height == 1 && width == 1) {
    return layers::reshape(b, name, layers::global_max_pool(b, name + ".pool", map), {-1, 1, 1});
  }
  Sizes stride, kernel;
  const std::int64_t wanted[] = {height, width};
  for (int d = 0; d < 2; ++d) {
    if (wanted[d] > shape[d + 1]) {
      throw ConfigError(
          fmt::format("a stacked level cannot hear the one below: {} is larger than {}", wanted[d], shape[d + 1]));
    }
    stride.push_back(shape[d + 1] / wanted[d]);
    kernel.push_back(shape[d + 1] - (wanted[d] - 1) * stride[d]);
  }
  return b
      .node("max_pool", name, {map}, {{"kernel", kernel}, {"stride", stride}, {"pad", Sizes{0, 0}}, {"ceil", false}})
      .front();
}

// The states of all levels, one direction.
std::vector<ValueId> states(Builder& b, const std::string& prefix, const std::vector<ValueId>& levels,
                            const Options& options, const Sizes& hidden, const Sizes& kernels) {
  const bool stacked = options.get("stacked", false);
  const bool bias = options.get("bias", false);
  std::vector<ValueId> states;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string name = fmt::format("{}{}", prefix, i + 1);
    layers::GruOptions gru{.channels = hidden[i],
                           .kernel = kernels[i],
                           .bias = bias,
                           .reset_after = options.get("reset_after", false),
                           .update_keeps = options.get("update_keeps", false)};
    const Shape map = b.shape(levels[i]);
    if (stacked && i > 0) gru.below = pool_to(b, name + "_below", states.back(), map[1], map[2]);
    states.push_back(layers::conv_gru(b, name, levels[i], gru));
  }
  return states;
}

}  // namespace

// Options, with the paper's values as defaults:
//   encoder = "vgg16"                   its levels pool2, pool3, pool4, pool5 and fc7
//   hidden = [64, 128, 256, 256, 512]   maps of the state, per level
//   kernels = [3, 3, 3, 3, 1]
//   bias = false                        of the gates
//   update_keeps = false                true: h = z h' + (1 - z) g, where the paper has h = (1 - z) h' + z g
//   reset_after = false                 true: g = tanh(W x + r o (U h')), where the paper has U (r o h')
//   stacked = false
//   bidirectional = false               a second set of states runs backwards; needs whole clips
//   merge = "concat"                    of the two directions before the classifiers; or "average"
//   dropout = 0.7                       before the classifiers
//   frames = 10                         of a clip in the test
graph::Model gru_rcn(const Options& options, const Purpose& purpose) {
  graph::Model model;
  Builder b(model, "main");
  const std::int64_t classes = class_count(purpose);
  std::vector<ValueId> levels = frame_levels(b, options, purpose, "vgg16");
  const auto hidden = options.get<Sizes>("hidden", {64, 128, 256, 256, 512});
  const auto kernels = options.get<Sizes>("kernels", {3, 3, 3, 3, 1});
  if (hidden.size() != levels.size()) {
    throw options.error("hidden", fmt::format("needs a number for each of the encoder's {} levels", levels.size()));
  }
  if (kernels.size() != levels.size()) throw options.error("kernels", "needs as many numbers as hidden");
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (hidden[i] < 1) throw options.error("hidden", "must be at least 1, each");
    if (kernels[i] < 1 || kernels[i] % 2 == 0 || kernels[i] > kLargestKernel) {
      throw options.error("kernels", fmt::format("must be odd and at most {}, each", kLargestKernel));
    }
    if (b.shape(levels[i]).size() == 1)
      levels[i] = layers::reshape(b, fmt::format("level{}", i + 1), levels[i], {-1, 1, 1});
  }

  const std::vector<ValueId> forward = states(b, "gru", levels, options, hidden, kernels);
  std::vector<ValueId> backward;
  if (options.get("bidirectional", false)) {
    std::vector<ValueId> reversed;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      reversed.push_back(b.node("reverse", fmt::format("reversed{}", i + 1), {levels[i]}).front());
    }
    backward = states(b, "gru_back", reversed, options, hidden, kernels);
  }

  const std::vector<std::string> merges{"concat", "average"};
  const bool averages = options.get_choice("merge", "concat", merges) == "average";
  const double dropout = dropout_share(options, "dropout", 0.7);
  ValueId sum = graph::kNoValue;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    ValueId features = layers::global_average_pool(b, "average" + number, forward[i]);
    if (!backward.empty()) {
      // The answer at the first frame of the clip, at which the way back ends.
      const ValueId pooled = layers::global_average_pool(b, "average_back" + number, backward[i]);
      const ValueId end = b.node("final", "back" + number, {pooled}).front();
      const ValueId back = b.node("latest", "back_at_every_frame" + number, {end}).front();
      features = averages
                     ? layers::affine(b, "both" + number, layers::add(b, "both_sum" + number, features, back), 0.5, 0)
                     : layers::concat(b, "both" + number, {features, back});
    }
    features = layers::dropout(b, "drop" + number, features, dropout);
    const ValueId scores =
        layers::softmax(b, "scores" + number, layers::linear(b, "classifier" + number, features, classes));
    sum = i == 0 ? scores : layers::add(b, "sum" + number, sum, scores);
  }
  // The likelihood that is maximised is that of the mean distribution, so its logarithm serves as logits.
  const ValueId mean = layers::affine(b, "mean", sum, 1.0 / static_cast<double>(levels.size()), 0);
  answer(b, layers::log(b, "log", layers::clip(b, "positive", mean, 1e-30, 1)));
  b.finish();
  add_clip_protocol(model, purpose, size_option(options, "frames", 10));
  return model;
}

}  // namespace longtake::models
