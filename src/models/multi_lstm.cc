// MultiLSTM: Yeung, Russakovsky, Jin et al. 2015, "Every Moment Counts: Dense Detailed Labeling of Actions in Complex
// Videos" (1507.05738): at every frame an LSTM looks back over the last N frames with attention, and answers for each
// of them; a frame's label is the mean of its N answers, so it comes N - 1 frames late. With an offset it answers for
// frames that are still to come, or later, for frames that lie further back.
#include <algorithm>

#include "layers/attention.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "layers/slots.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

namespace {

using graph::Builder;
using graph::ValueId;

// The weights of the frames in the window: a softmax of w . (tanh(Wh h) o tanh(Wv v_t)) over those that exist
// (equation 1). tanh(Wv v_t) is computed once per frame.
ValueId attention_weights(Builder& b, ValueId features, ValueId state, ValueId valid,
                          const layers::WindowOptions& window, std::int64_t size) {
  const auto region = b.region("attention", "attention");
  const layers::LinearOptions plain{.bias = false, .weights = {.weight = graph::Initialiser::xavier()}};
  const ValueId keys = layers::tanh(b, "key_tanh", layers::linear(b, "key", features, size, plain));
  const auto slots = layers::window(b, "keys", keys, window).slots;
  const ValueId query = layers::tanh(b, "query_tanh", layers::linear(b, "query", state, size, plain));
  const ValueId product = layers::mul(b, "product", slots, layers::reshape(b, "query_row", query, {1, size}));
  const ValueId scores = layers::reshape(b, "scores", layers::linear(b, "score", product, 1, plain), {window.size});
  return layers::masked_softmax(b, "weights", scores, valid);
}

}  // namespace

// Options, with the paper's values as defaults:
//   encoder = "vgg16"             its fc7
//   encoder_dropout = 0.0         on the features
//   window = 15                   frames that are seen and answered for at once
//   attention = true              false averages the frames of the window ("LSTM + i")
//   multiple_outputs = true       false answers for the newest frame only ("LSTM + i + a")
//   offset = 0                    of the frames answered for, to the past: -3 answers for up to three frames ahead, and
//                                 a frame's label comes three frames sooner; 3 answers for frames of which the three
//                                 after have been seen, too, and three frames later. From 1 - window to window - 1
//   attention_size = 512
//   hidden_size = 512
//   forget_bias = 0.0
//   lstm_dropout = 0.0
// With window = 1 this is the LSTM the paper compares with. The weights of the window, oldest frame first, are the
// output "attention" [window].
//
// With an offset above 0 the first steps, which would answer for no frame, are left out, and as many are added behind
// the last frame, whose windows hold what frames there are: so every frame gets its answers.
graph::Model multi_lstm(const Options& options, const Purpose& purpose) {
  graph::Model model;
  Builder b(model, "main");
  ValueId features = frame_features(b, options, purpose, "vgg16");
  features = layers::dropout(b, "drop_features", features, dropout_share(options, "encoder_dropout", 0.0));
  const std::int64_t window = size_option(options, "window", 15), size = size_option(options, "hidden_size", 512);
  const std::int64_t attention_size = size_option(options, "attention_size", 512);
  const bool attends = options.get("attention", true), many = options.get("multiple_outputs", true);
  const std::int64_t offset = size_option(options, "offset", 0, many ? 1 - window : 0, window - 1);

  const layers::WindowOptions seen{.size = window, .ahead = std::max<std::int64_t>(0, offset), .partial = true};
  const auto frames = layers::window(b, "frames", features, seen);
  ValueId x = graph::kNoValue, weights = graph::kNoValue;
  const ValueId state = b.delay("state", {size});
  if (attends) {
    weights = attention_weights(b, features, state, frames.valid, seen, attention_size);
    x = layers::weighted_mean(b, "context", weights, frames.slots);
  } else {
    x = layers::mean_over_slots(b, "context", frames);
  }
  x = layers::lstm(b, "lstm", x, {.hidden_size = size, .forget_bias = finite_option(options, "forget_bias", 0.0)})
          .hidden;
  b.connect(state, x);
  x = layers::dropout(b, "drop_lstm", x, dropout_share(options, "lstm_dropout", 0.0));

  const std::int64_t classes = class_count(purpose);
  ValueId logits = layers::linear(b, "classifier", x, many ? window * classes : classes);
  if (many && window > 1) {
    logits = layers::overlap_average(b, "logits", layers::reshape(b, "answers", logits, {window, classes}),
                                     std::min<std::int64_t>(0, offset));
  }
  b.output("logits", logits);
  b.output("scores", layers::sigmoid(b, "scores", logits));
  if (attends) b.output("attention", weights);
  b.finish();
  model.inputs["frame"] = purpose.input;
  return model;
}

}  // namespace longtake::models
