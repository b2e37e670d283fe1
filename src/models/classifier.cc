#include "models/classifier.h"

#include <array>

#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/encoder.h"
#include "longtake/error.h"

namespace longtake::models {

namespace {

Shape frame_shape(const InputSpec& input) {
  const std::int64_t height = input.crop_height > 0 ? input.crop_height : input.height;
  const std::int64_t width = input.crop_width > 0 ? input.crop_width : input.width;
  if (height < 1 || width < 1) {
    throw ConfigError("the input needs a size: set input.width and input.height, or input.crop_width and _height");
  }
  return {input.channels(), height, width};
}

}  // namespace

graph::ValueId encoded_frame(graph::Builder& b, const Options& options, const Purpose& purpose) {
  const graph::ValueId frame = b.input("frame", frame_shape(purpose.input));
  const auto encoder = options.get("encoder", "caffenet_hybrid");
  return layers::encode(b, encoder, options.table(encoder), frame);
}

void classify(graph::Builder& b, graph::ValueId features, const Options& options, const Purpose& purpose, bool paper) {
  if (purpose.labels.size() < 2) throw ConfigError("a classifier needs at least two classes");
  layers::LinearOptions linear;
  linear.weights.weight = paper ? graph::Initialiser::gaussian(0, 0.01) : graph::Initialiser::xavier();
  if (paper) {
    linear.weights.weight_rate = 10;
    linear.weights.bias_rate = 20;
  }
  const auto classes = static_cast<std::int64_t>(purpose.labels.size());
  const graph::ValueId logits = layers::linear(b, "classifier", features, classes, linear);
  const graph::ValueId scores = layers::softmax(b, "scores", logits);
  const auto aggregation = layers::parse_aggregation(options.get("aggregation", "mean"));
  b.output("logits", logits);
  b.output("scores", scores);
  b.output("video", layers::aggregate(b, "video", scores, aggregation));
}

bool uses_paper_initialiser(const Options& options) {
  const std::array<std::string, 2> choices{"paper", "scaled"};
  return options.get_choice("initialiser", "paper", choices) == "paper";
}

void add_lrcn_protocol(graph::Model& model, const Purpose& purpose) {
  model.inputs["frame"] = purpose.input;
  model.protocol["clip"] = "16";
  model.protocol["stride"] = "8";
  model.protocol["crops"] = purpose.input.crop_width > 0 ? "10" : "1";
}

}  // namespace longtake::models
