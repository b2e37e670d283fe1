// Layers of ConvLSTM, one on the other, as the options of a model describe them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/conv_lstm.h"
#include "models/forecaster.h"

namespace longtake::models {

// A ForecastLayer.
struct ConvLstmStack {
  std::vector<std::int64_t> hidden;  // channels of each layer's state
  std::int64_t input_kernel = 3, hidden_kernel = 3;
  bool peepholes = true;
  double forget_bias = 0;

  layers::LstmValues operator()(graph::Builder& b, const std::string& name, std::size_t number, graph::ValueId below,
                                const layers::LstmValues& initial) const;
  // The states of all layers on maps of so many places.
  std::vector<Shape> states(std::int64_t height, std::int64_t width) const;
};

// options.hidden, .peepholes and .forget_bias, those that are missing as in `otherwise`, from which the kernels are.
// Throws ConfigError naming the key.
ConvLstmStack read_conv_lstm_stack(const Options& options, const ConvLstmStack& otherwise);

}  // namespace longtake::models
