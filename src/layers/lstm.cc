#include "layers/lstm.h"

namespace longtake::layers {

std::vector<std::string> peephole_parameters(Builder& b, bool wanted, std::int64_t size, const WeightOptions& weights) {
  if (!wanted) return {};
  return {b.parameter({"peepholes", {3, size}, Initialiser::constant(0), weights.weight_rate, weights.weight_decay})};
}

LstmValues lstm(Builder& b, const std::string& name, ValueId x, const LstmOptions& options) {
  const auto region = b.region("lstm", name);
  const std::int64_t size = options.hidden_size;
  const bool has_input = x != graph::kNoValue;
  WeightOptions biased = options.weights;
  biased.bias = Initialiser::lstm_bias(options.forget_bias);
  LinearOptions from_hidden{.bias = !has_input, .weights = has_input ? options.weights : biased};
  from_hidden.weights.weight = options.hidden_weight;

  const ValueId previous_hidden = b.delay("h", {size}, options.initial_hidden);
  const ValueId previous_cell = b.delay("c", {size}, options.initial_cell);
  ValueId gates = graph::kNoValue;
  if (has_input) gates = linear(b, "input", x, 4 * size, {.weights = biased});
  const ValueId past = linear(b, "hidden", previous_hidden, 4 * size, from_hidden);
  gates = has_input ? add(b, "sum", gates, past) : past;
  const auto next = b.node("lstm_gates", "gates", {gates, previous_cell}, {},
                           peephole_parameters(b, options.peepholes, size, options.weights));
  b.connect(previous_hidden, next[0]);
  b.connect(previous_cell, next[1]);
  return {next[0], next[1]};
}

}  // namespace longtake::layers
