#include "layers/conv_lstm.h"

#include "longtake/error.h"

namespace longtake::layers {

LstmValues conv_lstm(Builder& b, const std::string& name, ValueId x, const ConvLstmOptions& options) {
  if (options.input_kernel % 2 == 0 || options.hidden_kernel % 2 == 0) {
    throw InvalidArgument("conv_lstm '" + name + "' needs odd kernels to keep the size of the map");
  }
  const bool has_input = x != graph::kNoValue;
  const ValueId like = has_input ? x : options.initial_hidden;
  if (like == graph::kNoValue || b.shape(like).size() != 3) {
    throw InvalidArgument("conv_lstm '" + name + "' needs maps [channels, height, width]");
  }
  const auto region = b.region("conv_lstm", name);
  const Shape state{options.channels, -1, -1};  // on whatever grid the input is
  const ValueId previous_hidden = b.delay("h", state, options.initial_hidden, x);
  const ValueId previous_cell = b.delay("c", state, options.initial_cell, x);

  WeightOptions biased = options.weights;
  biased.bias = Initialiser::lstm_bias(options.forget_bias);
  const auto product = [&](const char* part, ValueId from, std::int64_t kernel, bool bias) {
    return conv2d(b, part, from,
                  {.channels = 4 * options.channels,
                   .kernel = kernel,
                   .pad = kernel / 2,
                   .bias = bias,
                   .weights = bias ? biased : options.weights});
  };
  ValueId gates = product("hidden", previous_hidden, options.hidden_kernel, !has_input);
  if (has_input) gates = add(b, "sum", product("input", x, options.input_kernel, true), gates);
  const auto next = b.node("lstm_gates", "gates", {gates, previous_cell}, {},
                           peephole_parameters(b, options.peepholes, options.channels, options.weights));
  b.connect(previous_hidden, next[0]);
  b.connect(previous_cell, next[1]);
  return {next[0], next[1]};
}

}  // namespace longtake::layers
