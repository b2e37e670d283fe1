// LRCN for actions: Donahue, Hendricks, Rohrbach et al. 2015, "Long-term Recurrent Convolutional Networks for Visual
// Recognition and Description" (1411.4389), sections 3 and 4, with the sizes of the authors' released networks.
#include "layers/basic.h"
#include "layers/lstm.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

// Options, with the paper's values as defaults:
//   encoder = "caffenet_hybrid"   and its options in a table of its name
//   encoder_dropout = 0.9         on the features
//   hidden_size = 256             of the LSTM
//   lstm_layers = 1
//   lstm_dropout = 0.5            on its output
//   cell = "lstm"                 or "gru"
//   bidirectional = false         needs whole clips
//   forget_bias = 0.0             where the forget gate's bias starts
//   aggregation = "mean"          last, max, mean or linear
//   initialiser = "paper"         small uniform weights and a classifier that learns 10 times faster; or "scaled",
//                                 which suits nets that are trained from nothing
graph::Model lrcn(const Options& options, const Purpose& purpose) {
  graph::Model model;
  graph::Builder b(model, "main");
  const bool paper = uses_paper_initialiser(options);
  graph::ValueId x = frame_features(b, options, purpose);
  x = layers::dropout(b, "drop_features", x, dropout_share(options, "encoder_dropout", 0.9));

  layers::LstmOptions lstm{.hidden_size = size_option(options, "hidden_size", 256),
                           .forget_bias = finite_option(options, "forget_bias", 0.0)};
  if (paper) {
    lstm.weights.weight = graph::Initialiser::uniform(-0.01, 0.01);
    lstm.hidden_weight = lstm.weights.weight;
  }
  x = recurrent_stack(b, x, options, lstm, {.layers = 1, .dropout = 0.5});
  classify(b, x, options, purpose, paper);
  b.finish();
  add_lrcn_protocol(model, purpose);
  return model;
}

}  // namespace longtake::models
