#include "layers/gru.h"

#include <functional>

#include "longtake/error.h"

namespace longtake::layers {

namespace {

// A linear layer or a convolution to so many channels.
using Product = std::function<ValueId(const char* name, ValueId x, std::int64_t channels, bool bias, bool recurrent)>;

ValueId cell(Builder& b, ValueId x, Shape state, const GruOptions& options, const Product& product) {
  const std::int64_t size = options.channels;
  const ValueId before = b.delay("h", std::move(state), options.initial, x);
  const auto part = [&](const char* name, ValueId from, std::int64_t index, std::int64_t count) {
    return slice(b, name, from, 0, index * size, count * size);
  };
  const ValueId input = product("input", x, 3 * size, options.bias, false);
  ValueId gates =
      add(b, "gates_sum", part("gates_input", input, 0, 2), product("hidden", before, 2 * size, false, true));
  if (options.below != graph::kNoValue) {
    gates = add(b, "gates_below", gates, product("below", options.below, 2 * size, false, false));
  }
  gates = sigmoid(b, "gates", gates);
  const ValueId update = part("update", gates, 0, 1), reset = part("reset", gates, 1, 1);
  const ValueId past = options.reset_after
                           ? mul(b, "past", reset, product("candidate", before, size, options.bias, true))
                           : product("candidate", mul(b, "past", reset, before), size, false, true);
  const ValueId candidate = tanh(b, "new", add(b, "new_sum", part("new_input", input, 2, 1), past));
  const ValueId next =
      options.update_keeps ? blend(b, "next", update, candidate, before) : blend(b, "next", update, before, candidate);
  b.connect(before, next);
  return next;
}

// Of the input's or the recurrent product; `otherwise` is how the latter starts if the options do not say.
WeightOptions weights_of(const GruOptions& options, bool recurrent, const Initialiser& otherwise) {
  WeightOptions weights = options.weights;
  if (recurrent) weights.weight = options.hidden_weight.value_or(otherwise);
  return weights;
}

}  // namespace

ValueId gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options) {
  const auto region = b.region("gru", name);
  return cell(b, x, {options.channels}, options,
              [&](const char* part, ValueId from, std::int64_t channels, bool bias, bool recurrent) {
                return linear(b, part, from, channels,
                              {.bias = bias, .weights = weights_of(options, recurrent, Initialiser::orthogonal())});
              });
}

ValueId conv_gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options) {
  if (options.kernel % 2 == 0) throw InvalidArgument("a recurrent convolution needs an odd kernel to keep the size");
  const auto region = b.region("conv_gru", name);
  const Shape& map = b.shape(x);
  if (map.size() != 3) throw InvalidArgument("conv_gru '" + name + "' needs a map [channels, height, width]");
  return cell(b, x, {options.channels, map[1], map[2]}, options,
              [&](const char* part, ValueId from, std::int64_t channels, bool bias, bool recurrent) {
                return conv2d(b, part, from,
                              {.channels = channels,
                               .kernel = options.kernel,
                               .pad = options.kernel / 2,
                               .bias = bias,
                               .weights = weights_of(options, recurrent, options.weights.weight)});
              });
}

}  // namespace longtake::layers
