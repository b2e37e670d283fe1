#include "layers/lstm.h"

namespace longtake::layers {

LstmValues lstm(Builder& b, const std::string& name, ValueId x, const LstmOptions& options) {
  const auto region = b.region("lstm", name);
  const std::int64_t size = options.hidden_size;
  LinearOptions from_input{.weights = options.weights};
  from_input.weights.bias = Initialiser::lstm_bias(options.forget_bias);
  LinearOptions from_hidden{.bias = false, .weights = options.weights};
  from_hidden.weights.weight = options.hidden_weight;

  const ValueId previous_hidden = b.delay("h", {size}, options.initial_hidden);
  const ValueId previous_cell = b.delay("c", {size}, options.initial_cell);
  const ValueId gates = add(b, "sum", linear(b, "input", x, 4 * size, from_input),
                            linear(b, "hidden", previous_hidden, 4 * size, from_hidden));
  std::vector<std::string> peepholes;
  if (options.peepholes) {
    peepholes = {b.parameter(
        {"peepholes", {3, size}, Initialiser::constant(0), options.weights.weight_rate, options.weights.weight_decay})};
  }
  const auto next = b.node("lstm_gates", "gates", {gates, previous_cell}, {}, peepholes);
  b.connect(previous_hidden, next[0]);
  b.connect(previous_cell, next[1]);
  return {next[0], next[1]};
}

}  // namespace longtake::layers
