// The single-frame baseline of 1411.4389: the same CNN classifies every frame by itself, and the answers are averaged.
#include "layers/basic.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

// Options, with the paper's values as defaults:
//   encoder = "caffenet_hybrid"   and its options in a table of its name
//   encoder_dropout = 0.5         on the features
//   hidden_size = 4096            of the layer between features and classes (fc7); 0 leaves it out
//   aggregation = "mean"
//   initialiser = "paper"         or "scaled"
graph::Model single_frame(const Options& options, const Purpose& purpose) {
  graph::Model model;
  graph::Builder b(model, "main");
  const bool paper = uses_paper_initialiser(options);
  const double dropout = dropout_share(options, "encoder_dropout", 0.5);
  graph::ValueId x = layers::dropout(b, "drop_features", frame_features(b, options, purpose), dropout);
  const std::int64_t hidden = size_option(options, "hidden_size", 4096, 0);
  if (hidden > 0) {
    layers::LinearOptions fc7;
    if (paper) fc7.weights.weight = graph::Initialiser::gaussian(0, 0.01);
    x = layers::relu(b, "relu7", layers::linear(b, "fc7", x, hidden, fc7));
    x = layers::dropout(b, "drop7", x, dropout);
  }
  classify(b, x, options, purpose, paper);
  b.finish();
  add_lrcn_protocol(model, purpose);
  return model;
}

}  // namespace longtake::models
