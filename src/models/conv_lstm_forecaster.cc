// ConvLSTM: Shi, Chen, Wang et al. 2015, "Convolutional LSTM Network: A Machine Learning Approach for Precipitation
// Nowcasting" (1506.04214): an encoder of stacked ConvLSTM layers and a forecaster of the same, which starts from its
// states. Frames are cut into patches, all hidden states of the forecaster go into one 1 x 1 convolution.
#include "layers/patches.h"
#include "longtake/error.h"
#include "models/classifier.h"
#include "models/conv_lstm_stack.h"
#include "models/scale_cascade.h"

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
//   advected = false         the forecaster also takes, for each frame, the newest one that was seen moved along by
//                            optical flow, with a channel that is 1 where that comes from within the picture; with
//                            output = "linear" it forecasts what is to be added
//   scales = []              with advected and linear output: instead, how much weaker or stronger each part of that
//                            frame becomes, by the size of what is in it, and what is to be added; sides of the squares
//                            of the means that take it apart (scale_cascade.h)
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
  const bool advected = options.get("advected", false);
  const std::array<std::string, 2> outputs{"sigmoid", "linear"};
  const bool squashes = options.get_choice("output", "sigmoid", outputs) == "sigmoid";
  const std::int64_t channels = forecast_channels(purpose.input);
  if (feedback && channels != frame[0]) {
    throw options.error("feedback", "needs an input of nothing but what is forecast: set input.validity = false");
  }
  const auto scales = options.get<std::vector<std::int64_t>>("scales", {});
  for (const std::int64_t side : scales) {
    if (side < 3 || side > 255 || side % 2 == 0) throw options.error("scales", "must be odd, from 3 to 255, each");
  }
  if (!scales.empty() && (!advected || squashes)) {
    throw options.error("scales", "needs advected = true and output = \"linear\"");
  }
  if (feedback && advected)
    throw options.error("feedback", "and advected are two ways to give the forecaster an input");

  {
    Builder b(model, "encode");
    const ValueId x = b.input("frame", frame);
    encode_states(b, layers::patchify(b, "patches", x, patch), stack.hidden.size(), stack);
    if (feedback) b.output("last", x);
    b.finish();
  }
  Builder b(model, "forecast");
  ValueId x = graph::kNoValue, fed = graph::kNoValue, moved = graph::kNoValue;
  if (feedback) {
    model.bindings.push_back({"encode", "last", "forecast", "last"});
    fed = b.delay("fed", {frame[0], -1, -1}, b.input("last", frame, true));
    x = layers::patchify(b, "patches", fed, patch);
  }
  if (advected) {
    moved = b.input(kAdvectedInput, {channels + 1, frame[1], frame[2]});
    x = layers::patchify(b, "patches", moved, patch);
  }
  const auto hidden = forecast_states(model, b, x, stack.states(frame[1] / patch, frame[2] / patch), stack);
  const ValueId all = top_only || hidden.size() == 1 ? hidden.back() : layers::concat(b, "states", hidden);
  // What is made of the frame that moves on begins near nothing.
  const graph::Initialiser weight =
      advected && !squashes ? graph::Initialiser::gaussian(0, 0.005) : graph::Initialiser::xavier();
  const std::int64_t outputs_a_pixel = channels * (scales.empty() ? 1 : static_cast<std::int64_t>(scales.size()) + 2);
  const ValueId patches = layers::conv2d(
      b, "output", all, {.channels = outputs_a_pixel * patch * patch, .kernel = 1, .weights = {.weight = weight}});
  const ValueId logits = layers::unpatchify(b, squashes ? "logits" : "pixels", patches, patch);
  ValueId next = squashes ? layers::sigmoid(b, "frame", logits) : logits;
  if (advected && !squashes) {
    const ValueId frame_moved = layers::slice(b, "moved", moved, 0, 0, channels);
    next = scales.empty() ? layers::add(b, "frame", frame_moved, next) : weigh_scales(b, frame_moved, next, scales);
  }
  if (feedback) b.connect(fed, next);
  if (squashes) b.output("logits", logits);
  b.output("frame", next);
  b.finish();
  add_forecast_protocol(model, purpose, options, 10, 10);
  return model;
}

}  // namespace longtake::models
