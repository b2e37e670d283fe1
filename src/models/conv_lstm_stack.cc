#include "models/conv_lstm_stack.h"

#include "longtake/error.h"
#include "models/classifier.h"

namespace longtake::models {

layers::LstmValues ConvLstmStack::operator()(graph::Builder& b, const std::string& name, std::size_t number,
                                             graph::ValueId below, const layers::LstmValues& initial) const {
  return layers::conv_lstm(b, name, below,
                           {.channels = hidden[number - 1],
                            .input_kernel = input_kernel,
                            .hidden_kernel = hidden_kernel,
                            .peepholes = peepholes,
                            .forget_bias = forget_bias,
                            .initial_hidden = initial.hidden,
                            .initial_cell = initial.cell});
}

std::vector<Shape> ConvLstmStack::states(std::int64_t height, std::int64_t width) const {
  std::vector<Shape> shapes;
  for (std::int64_t channels : hidden) shapes.push_back({channels, height, width});
  return shapes;
}

ConvLstmStack read_conv_lstm_stack(const Options& options, const ConvLstmStack& otherwise) {
  ConvLstmStack stack = otherwise;
  stack.hidden = options.get("hidden", otherwise.hidden);
  stack.peepholes = options.get("peepholes", otherwise.peepholes);
  stack.forget_bias = finite_option(options, "forget_bias", otherwise.forget_bias);
  if (stack.hidden.empty()) throw options.error("hidden", "needs at least one layer");
  for (std::int64_t size : stack.hidden) {
    if (size < 1) throw options.error("hidden", "must be at least 1, each");
  }
  return stack;
}

}  // namespace longtake::models
