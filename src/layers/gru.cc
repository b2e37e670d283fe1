#include "layers/gru.h"

#include <functional>

#include "longtake/error.h"

namespace longtake::layers {

namespace {

// A linear layer or a convolution to so many channels.
using Product = std::function<ValueId(const char* name, ValueId x, std::int64_t channels, bool bias, bool recurrent)>;

ValueId cell(Builder& b, ValueId x, Shape state, const GruOptions& options, const Product& product) {
  const std::int64_t size = options.channels;
  const bool has_input = x != graph::kNoValue;
  const bool own_bias = options.bias && !has_input;  // of what would else be added to the input's
  const ValueId before = b.delay("h", std::move(state), options.initial, x);
  const auto part = [&](const char* name, ValueId from, std::int64_t index, std::int64_t count) {
    return slice(b, name, from, 0, index * size, count * size);
  };
  const ValueId input = has_input ? product("input", x, 3 * size, options.bias, false) : graph::kNoValue;
  const ValueId gates_input = has_input ? part("gates_input", input, 0, 2) : graph::kNoValue;
  ValueId gates = product("hidden", before, 2 * size, own_bias, true);
  if (has_input) gates = add(b, "gates_sum", gates_input, gates);
  if (options.below != graph::kNoValue) {
    gates = add(b, "gates_below", gates, product("below", options.below, 2 * size, false, false));
  }
  gates = sigmoid(b, "gates", gates);
  const ValueId update = part("update", gates, 0, 1), reset = part("reset", gates, 1, 1);
  ValueId sum = options.reset_after ? mul(b, "past", reset, product("candidate", before, size, options.bias, true))
                                    : product("candidate", mul(b, "past", reset, before), size, own_bias, true);
  if (has_input) sum = add(b, "new_sum", part("new_input", input, 2, 1), sum);
  const ValueId candidate = options.slope.has_value() ? leaky_relu(b, "new", sum, *options.slope) : tanh(b, "new", sum);
  const ValueId next =
      options.update_keeps ? blend(b, "next", update, candidate, before) : blend(b, "next", update, before, candidate);
  b.connect(before, next);
  return next;
}

// The shape of a state on the grid of x or, where there is none, of what it begins with.
Shape state_on_grid(const Builder& b, const char* kind, const std::string& name, ValueId x, ValueId initial,
                    std::int64_t channels) {
  const ValueId like = x != graph::kNoValue ? x : initial;
  if (like == graph::kNoValue || b.shape(like).size() != 3) {
    throw InvalidArgument(std::string(kind) + " '" + name + "' needs a map [channels, height, width]");
  }
  return {channels, -1, -1};
}

void want_odd(std::int64_t kernel) {
  if (kernel % 2 == 0) throw InvalidArgument("a recurrent convolution needs an odd kernel to keep the size");
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
  const std::int64_t hidden_kernel = options.hidden_kernel.value_or(options.kernel);
  want_odd(options.kernel);
  want_odd(hidden_kernel);
  const auto region = b.region("conv_gru", name);
  return cell(b, x, state_on_grid(b, "conv_gru", name, x, options.initial, options.channels), options,
              [&](const char* part, ValueId from, std::int64_t channels, bool bias, bool recurrent) {
                const std::int64_t kernel = recurrent ? hidden_kernel : options.kernel;
                return conv2d(b, part, from,
                              {.channels = channels,
                               .kernel = kernel,
                               .pad = kernel / 2,
                               .bias = bias,
                               .weights = weights_of(options, recurrent, options.weights.weight)});
              });
}

namespace {

// The fields of motion that x, if there is one, and the state before show.
ValueId find_motion(Builder& b, ValueId x, ValueId before, const TrajGruOptions& options) {
  const bool has_input = x != graph::kNoValue;
  Conv2dOptions seen{.channels = options.motion_channels,
                     .kernel = options.motion_kernel,
                     .pad = options.motion_kernel / 2,
                     .bias = !has_input,
                     .weights = options.weights};
  ValueId map = conv2d(b, "motion_hidden", before, seen);
  seen.bias = true;
  if (has_input) map = add(b, "motion_sum", conv2d(b, "motion_input", x, seen), map);
  Conv2dOptions shown = seen;
  shown.channels = 2 * options.links;
  shown.weights.weight = Initialiser::constant(0);
  return conv2d(b, "motion", leaky_relu(b, "motion_seen", map, options.slope), shown);
}

}  // namespace

ValueId conv_traj_gru(Builder& b, const std::string& name, ValueId x, const TrajGruOptions& options) {
  want_odd(options.input_kernel);
  want_odd(options.motion_kernel);
  if (options.links < 1) throw InvalidArgument("conv_traj_gru '" + name + "' needs at least one link");
  const auto region = b.region("conv_traj_gru", name);
  const GruOptions form{.channels = options.channels,
                        .reset_after = true,
                        .update_keeps = true,
                        .slope = options.slope,
                        .initial = options.initial};
  ValueId moved = graph::kNoValue;
  return cell(
      b, x, state_on_grid(b, "conv_traj_gru", name, x, options.initial, options.channels), form,
      [&](const char* part, ValueId from, std::int64_t channels, bool bias, bool recurrent) {
        if (recurrent && moved == graph::kNoValue) {
          moved = warp(b, "moved", from, find_motion(b, x, from, options));
        }
        const std::int64_t kernel = recurrent ? 1 : options.input_kernel;
        return conv2d(
            b, part, recurrent ? moved : from,
            {.channels = channels, .kernel = kernel, .pad = kernel / 2, .bias = bias, .weights = options.weights});
      });
}

}  // namespace longtake::layers
