// The forecaster of Deep-Hurricane-Tracker (Kim, Kim, Lee et al. 2019, WACV): maps of how near a storm's centre is,
// with or without fields of climate beside them, to the maps of the hours to come. An encoder and a forecaster of
// ConvLSTM layers (Shi 2015, 1506.04214) at full resolution.
#include "models/classifier.h"
#include "models/conv_lstm_stack.h"

namespace longtake::models {

// The input has any channels; the output "frame" [1, height, width] is the density alone. The paper does not say how
// large its layers are. Options:
//   hidden = [32, 32]        channels of each layer's state
//   kernel = 3               of all convolutions
//   forget_bias = 1.0
//   peepholes = false
//   output = "sigmoid"       or "linear", with a loss of distances
//   advected = false         the forecaster also takes, for each frame, the density of the storms that were seen moved
//                            on at their last speed, and learns what that misses
//   seen = 5, forecast = 5   frames in the test: the ten of the paper's sequences, three hours apart
graph::Model storm_forecaster(const Options& options, const Purpose& purpose) {
  using graph::ValueId;
  graph::Model model;
  ConvLstmStack stack = read_conv_lstm_stack(options, {.hidden = {32, 32}, .peepholes = false, .forget_bias = 1});
  stack.input_kernel = stack.hidden_kernel = odd_option(options, "kernel", 3);
  const std::array<std::string, 2> outputs{"sigmoid", "linear"};
  const bool squashes = options.get_choice("output", "sigmoid", outputs) == "sigmoid";
  const bool advected = options.get("advected", false);
  const Shape frame = frame_shape(purpose.input);
  {
    graph::Builder b(model, "encode");
    encode_states(b, b.input("frame", frame), stack.hidden.size(), stack);
    b.finish();
  }
  graph::Builder b(model, "forecast");
  const ValueId moved = advected ? b.input(kAdvectedInput, {2, frame[1], frame[2]}) : graph::kNoValue;
  auto maps = forecast_states(model, b, moved, stack.states(frame[1], frame[2]), stack);
  if (advected) maps.push_back(moved);
  const ValueId all = maps.size() == 1 ? maps.back() : layers::concat(b, "states", maps);
  const ValueId logits = layers::conv2d(
      b, "output", all, {.channels = 1, .kernel = 1, .weights = {.weight = graph::Initialiser::xavier()}});
  if (squashes) b.output("logits", logits);
  b.output("frame", squashes ? layers::sigmoid(b, "frame", logits) : logits);
  b.finish();
  add_forecast_protocol(model, purpose, options, 5, 5);
  return model;
}

}  // namespace longtake::models
