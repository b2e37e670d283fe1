// ConvLSTM: Shi, Chen, Wang et al. 2015, "Convolutional LSTM Network: A Machine Learning Approach for Precipitation
// Nowcasting" (1506.04214): an encoder of stacked ConvLSTM layers and a forecaster of the same, which starts from its
// states. Frames are cut into patches, all hidden states of the forecaster go into one 1 x 1 convolution.
#include "layers/patches.h"
#include "longtake/error.h"
#include "models/classifier.h"
#include "models/conv_lstm_stack.h"

namespace longtake::models {

// Options, with the values of the paper's best model of moving digits as defaults:
//   hidden = [128, 64, 64]   channels of each layer's state
//   input_kernel = 5         of the convolutions from below
//   hidden_kernel = 5        of those from the state
//   patch = 4                side of the patches the frame is cut into
//   peepholes = true
//   forget_bias = 0.0
//   feedback = false         the forecaster also takes the frame it forecast last, the newest that was seen at first,
//   top_only = false         and only the top layer's state goes to the output: both true, and no peepholes, is what
//                            popular re-implementations do
//   output = "sigmoid"       or "linear", with a loss of distances
//   seen = 10, forecast = 10 frames in the test
graph::Model conv_lstm_forecaster(const Options& options, const Purpose& purpose) {
  using graph::Builder, graph::ValueId;
  graph::Model model;
  ConvLstmStack stack = read_conv_lstm_stack(options, {.hidden = {128, 64, 64}});
  stack.input_kernel = odd_option(options, "input_kernel", 5);
  stack.hidden_kernel = odd_option(options, "hidden_kernel", 5);
  const Shape frame = frame_shape(purpose.input);
  const std::int64_t patch = size_option(options, "patch", 4, 1, 256);
  if (frame[1] % patch != 0 || frame[2] % patch != 0) throw options.error("patch", "must divide height and width");
  const bool feedback = options.get("feedback", false), top_only = options.get("top_only", false);
  const std::array<std::string, 2> outputs{"sigmoid", "linear"};
  const bool squashes = options.get_choice("output", "sigmoid", outputs) == "sigmoid";

  {
    Builder b(model, "encode");
    const ValueId x = b.input("frame", frame);
    encode_states(b, layers::patchify(b, "patches", x, patch), stack.hidden.size(), stack);
    if (feedback) b.output("last", x);
    b.finish();
  }
  Builder b(model, "forecast");
  ValueId x = graph::kNoValue, fed = graph::kNoValue;
  if (feedback) {
    model.bindings.push_back({"encode", "last", "forecast", "last"});
    fed = b.delay("fed", frame, b.input("last", frame, true));
    x = layers::patchify(b, "patches", fed, patch);
  }
  const auto hidden = forecast_states(model, b, x, stack.states(frame[1] / patch, frame[2] / patch), stack);
  const ValueId all = top_only || hidden.size() == 1 ? hidden.back() : layers::concat(b, "states", hidden);
  const ValueId patches = layers::conv2d(
      b, "output", all,
      {.channels = frame[0] * patch * patch, .kernel = 1, .weights = {.weight = graph::Initialiser::xavier()}});
  const ValueId logits = layers::unpatchify(b, squashes ? "logits" : "frame", patches, patch);
  const ValueId next = squashes ? layers::sigmoid(b, "frame", logits) : logits;
  if (feedback) b.connect(fed, next);
  if (squashes) b.output("logits", logits);
  b.output("frame", next);
  b.finish();
  add_forecast_protocol(model, purpose, options, 10, 10);
  return model;
}

}  // namespace longtake::models
