// The deep LSTM of Ng, Hausknecht, Vijayanarasimhan et al. 2015, "Beyond Short Snippets: Deep Networks for Video
// Classification" (1503.08909), section 3.2: five layers of 512 cells with peepholes on the features of every frame, a
// softmax at each, aggregated over the video. Trained with train.frame_gain = "linear".
#include "layers/basic.h"
#include "layers/lstm.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

// Options, with the paper's values as defaults:
//   encoder = "caffenet"
//   encoder_dropout = 0.0     on the features
//   lstm_layers = 5
//   hidden_size = 512
//   peepholes = true
//   forget_bias = 0.0
//   lstm_dropout = 0.0        after each layer
//   cell = "lstm"             or "gru", without peepholes
//   bidirectional = false     needs whole clips
//   aggregation = "linear"    or last, max, mean
//   frames = 120              of a clip in the test
graph::Model deep_lstm(const Options& options, const Purpose& purpose) {
  graph::Model model;
  graph::Builder b(model, "main");
  graph::ValueId x = frame_features(b, options, purpose, "caffenet");
  x = layers::dropout(b, "drop_features", x, dropout_share(options, "encoder_dropout", 0.0));
  const layers::LstmOptions lstm{.hidden_size = size_option(options, "hidden_size", 512),
                                 .peepholes = options.get("peepholes", true),
                                 .forget_bias = finite_option(options, "forget_bias", 0.0)};
  x = recurrent_stack(b, x, options, lstm, {.layers = 5, .dropout = 0.0});
  classify(b, x, options, purpose, false, "linear");
  b.finish();
  add_clip_protocol(model, purpose, size_option(options, "frames", 120));
  return model;
}

}  // namespace longtake::models
