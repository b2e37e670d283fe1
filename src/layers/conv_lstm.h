// The LSTM whose products are convolutions and whose states are maps (Shi 2015, 1506.04214, equation 3).
//
//   i = s(Wxi * x + Whi * h' + wi o c' + bi)    f = s(Wxf * x + Whf * h' + wf o c' + bf)
//   c = f o c' + i o tanh(Wxg * x + Whg * h' + bg)
//   o = s(Wxo * x + Who * h' + wo o c + bo)     h = o o tanh(c)
//
// where h' and c' are the states before, * is a convolution that keeps the size of the map with zeros around it, and a
// peephole w is one number per channel: counted so, the paper's models have the parameters that it prints.
#pragma once

#include <string>

#include "layers/lstm.h"

namespace longtake::layers {

struct ConvLstmOptions {
  std::int64_t channels = 64;     // of the state
  std::int64_t input_kernel = 3;  // both odd
  std::int64_t hidden_kernel = 3;
  bool peepholes = true;
  double forget_bias = 0;
  WeightOptions weights = {.weight = Initialiser::xavier(), .bias_decay = 1};
  ValueId initial_hidden = graph::kNoValue;  // `once` values [channels, height, width]; zero without them
  ValueId initial_cell = graph::kNoValue;
};

// x [maps, height, width] to hidden and cell [channels, height, width] at every tick of x. Parameters, gates in the
// order i, f, g, o along the first dimension: "<name>.input.weight" [4 channels, maps, kernel, kernel] and
// "<name>.input.bias", "<name>.hidden.weight" [4 channels, channels, kernel, kernel] and with peepholes
// "<name>.peepholes" [3, channels] in the order i, f, o. State "<name>.h" and "<name>.c".
//
// x may be kNoValue where initial_hidden and initial_cell are given: a layer that goes on by itself at every tick of
// the clock, as the first of a forecaster does. It has no input.*, and its bias is "<name>.hidden.bias".
//
// Throws InvalidArgument for an even kernel or an x that is no map.
LstmValues conv_lstm(Builder& b, const std::string& name, ValueId x, const ConvLstmOptions& options);

}  // namespace longtake::layers
