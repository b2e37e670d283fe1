#include "models/scale_cascade.h"

#include "layers/basic.h"

namespace longtake::models {

using graph::Builder;
using graph::ValueId;

ValueId weigh_scales(Builder& b, ValueId frame, ValueId weights, const std::vector<std::int64_t>& means) {
  const std::int64_t channels = b.shape(frame)[0];
  const auto levels = static_cast<std::int64_t>(means.size()) + 1;
  std::vector<ValueId> parts;
  ValueId rest = frame;
  for (std::size_t i = 0; i < means.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    const ValueId mean =
        layers::average_pool(b, "mean" + number, rest, {.kernel = means[i], .stride = 1, .pad = means[i] / 2});
    parts.push_back(layers::add(b, "level" + number, rest, layers::affine(b, "less_mean" + number, mean, -1, 0)));
    rest = mean;
  }
  parts.push_back(rest);
  std::vector<ValueId> out;
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const std::string of = channels > 1 ? "_channel" + std::to_string(channel + 1) : "";
    const std::int64_t first = channel * (levels + 1);
    ValueId sum = layers::add(b, "offset_sum" + of, layers::slice(b, "whole" + of, frame, 0, channel, 1),
                              layers::slice(b, "offset" + of, weights, 0, first + levels, 1));
    for (std::int64_t level = 0; level < levels; ++level) {
      const std::string name = std::to_string(level + 1) + of;
      const ValueId change =
          layers::mul(b, "change" + name, layers::slice(b, "part" + name, parts[level], 0, channel, 1),
                      layers::slice(b, "weight" + name, weights, 0, first + level, 1));
      sum = layers::add(b, "changed" + name, sum, change);
    }
    out.push_back(sum);
  }
  return out.size() == 1 ? out.front() : layers::concat(b, "weighed", out);
}

}  // namespace longtake::models
