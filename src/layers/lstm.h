// The LSTM, without peepholes as LRCN has it (1411.4389, Caffe's layer) or with them (Graves 2013, 1506.04214).
//
//   a = Wx x_t + b + Wh h_{t-1}, split into i, f, g, o
//   i = s(ai [+ wi c_{t-1}])   f = s(af [+ wf c_{t-1}])   g = tanh(ag)
//   c_t = f c_{t-1} + i g      o = s(ao [+ wo c_t])       h_t = o tanh(c_t)
#pragma once

#include <string>
#include <vector>

#include "graph/builder.h"
#include "layers/basic.h"

namespace longtake::layers {

struct LstmOptions {
  std::int64_t hidden_size = 256;
  bool peepholes = false;
  double forget_bias = 0;
  WeightOptions weights = {.weight = Initialiser::xavier(),
                           .bias_decay = 1};  // both products; bias starts at forget_bias
  Initialiser hidden_weight = Initialiser::orthogonal();
  ValueId initial_hidden = graph::kNoValue;  // `once` values [hidden_size]; zero without them
  ValueId initial_cell = graph::kNoValue;
};

struct LstmValues {
  ValueId hidden;  // [hidden_size], at every tick of x
  ValueId cell;    // [hidden_size]
};

// x [features]. Parameters, gates in the order i, f, g, o along the first dimension: "<name>.input.weight"
// [4 hidden_size, features], "<name>.input.bias" [4 hidden_size], "<name>.hidden.weight" [4 hidden_size, hidden_size]
// and with peepholes "<name>.peepholes" [3, hidden_size] in the order i, f, o. State "<name>.h" and "<name>.c".
//
// x may be kNoValue where initial_hidden and initial_cell are given: a layer that goes on by itself at every tick of
// the clock, as the first of a forecaster does. It has no input.*, and its bias is "<name>.hidden.bias".
LstmValues lstm(Builder& b, const std::string& name, ValueId x, const LstmOptions& options);

// The parameter "peepholes" [3, size] of a cell that wants them, in the order i, f, o; it starts at zero.
std::vector<std::string> peephole_parameters(Builder& b, bool wanted, std::int64_t size, const WeightOptions& weights);

}  // namespace longtake::layers
