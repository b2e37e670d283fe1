// The fully connected LSTM with peepholes (Graves 2013, 1308.0850) as Shi, Chen, Wang et al. 2015 (1506.04214, equation
// 2) set it against the ConvLSTM: every frame is one vector. Here as a classifier; the forecaster is another model.
#include "layers/lstm.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

// Options:
//   encoder = "pixels"      the frame as a vector, as in the paper; or any other encoder
//   lstm_layers = 2
//   hidden_size = 2048
//   forget_bias = 0.0
//   lstm_dropout = 0.0      after each layer
//   cell = "lstm"           or "gru", without peepholes
//   bidirectional = false   needs whole clips
//   aggregation = "last"    or max, mean, linear
//   frames = 20             of a clip in the test
graph::Model fc_lstm(const Options& options, const Purpose& purpose) {
  graph::Model model;
  graph::Builder b(model, "main");
  graph::ValueId x = frame_features(b, options, purpose, "pixels");
  const layers::LstmOptions lstm{.hidden_size = size_option(options, "hidden_size", 2048),
                                 .peepholes = true,
                                 .forget_bias = finite_option(options, "forget_bias", 0.0)};
  x = recurrent_stack(b, x, options, lstm, {.layers = 2, .dropout = 0.0});
  classify(b, x, options, purpose, false, "last");
  b.finish();
  add_clip_protocol(model, purpose, size_option(options, "frames", 20));
  return model;
}

}  // namespace longtake::models
