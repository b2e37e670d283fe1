#include "models/classifier.h"

#include <array>
#include <cmath>

#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/encoder.h"
#include "layers/gru.h"
#include "longtake/error.h"

namespace longtake::models {

Shape frame_shape(const InputSpec& input) {
  const std::int64_t height = input.crop_height > 0 ? input.crop_height : input.height;
  const std::int64_t width = input.crop_width > 0 ? input.crop_width : input.width;
  if (height < 1 || width < 1) {
    throw ConfigError("the input needs a size: set input.width and input.height, or input.crop_width and _height");
  }
  return {input.channels(), height, width};
}

namespace {

// "backbone.onnx" or "backbone.onnx#tensor,tensor".
bool names_file(const std::string& encoder) { return encoder.substr(0, encoder.find('#')).ends_with(".onnx"); }

std::vector<graph::ValueId> encoded(graph::Builder& b, const Options& options, const Purpose& purpose,
                                    const std::string& encoder, layers::Taps taps) {
  const graph::ValueId frame = b.input("frame", frame_shape(purpose.input));
  if (!names_file(encoder)) {
    layers::check_encoder(encoder);  // before its table is asked for, which would make the name look right
    return layers::encode(b, encoder, options.table(encoder), frame, taps);
  }
  if (!purpose.encoder_file) throw ConfigError("encoders cannot be read from files here: \"" + encoder + "\"");
  return purpose.encoder_file(b, encoder, options.table("onnx"), frame, taps);
}

graph::ValueId less_its_mean(graph::Builder& b, graph::ValueId x, const std::string& number, bool of_clip) {
  graph::ValueId mean = b.node("running_mean", "encoder_mean" + number, {x}).front();
  if (of_clip) {
    const graph::ValueId whole = b.node("final", "encoder_mean_of_clip" + number, {mean}).front();
    mean = b.node("latest", "encoder_mean_everywhere" + number, {whole}).front();
  }
  return layers::subtract(b, "encoder_centred" + number, x, mean);
}

std::vector<graph::ValueId> frame_values(graph::Builder& b, const Options& options, const Purpose& purpose,
                                         const std::string& otherwise, layers::Taps taps) {
  std::vector<graph::ValueId> values = encoded(b, options, purpose, options.get("encoder", otherwise), taps);
  const std::array<std::string, 3> centres{"none", "so_far", "clip"};
  const std::string centre = options.get_choice("encoder_centre", "none", centres);
  const bool normalise = options.get("encoder_batch_norm", false);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string number = values.size() == 1 ? "" : std::to_string(i + 1);
    if (centre != "none") values[i] = less_its_mean(b, values[i], number, centre == "clip");
    if (normalise) values[i] = layers::batch_norm(b, "encoder_norm" + number, values[i]);
  }
  return values;
}

}  // namespace

graph::ValueId frame_features(graph::Builder& b, const Options& options, const Purpose& purpose,
                              const std::string& otherwise) {
  return frame_values(b, options, purpose, otherwise, layers::Taps::kFeatures).front();
}

graph::ValueId frame_map(graph::Builder& b, const Options& options, const Purpose& purpose,
                         const std::string& otherwise) {
  return frame_values(b, options, purpose, otherwise, layers::Taps::kMap).front();
}

std::vector<graph::ValueId> frame_levels(graph::Builder& b, const Options& options, const Purpose& purpose,
                                         const std::string& otherwise) {
  return frame_values(b, options, purpose, otherwise, layers::Taps::kLevels);
}

std::int64_t class_count(const Purpose& purpose) {
  if (purpose.labels.size() < 2) throw ConfigError("a classifier needs at least two classes");
  return static_cast<std::int64_t>(purpose.labels.size());
}

std::int64_t size_option(const Options& options, const std::string& key, std::int64_t otherwise, std::int64_t least,
                         std::int64_t most) {
  const auto value = options.get<std::int64_t>(key, otherwise);
  if (value < least) throw options.error(key, "must be at least " + std::to_string(least));
  if (value > most) throw options.error(key, "must be at most " + std::to_string(most));
  return value;
}

double dropout_share(const Options& options, const std::string& key, double otherwise) {
  const double share = options.get(key, otherwise);
  if (!(share >= 0 && share < 1)) throw options.error(key, "must be at least 0 and below 1");
  return share;
}

double finite_option(const Options& options, const std::string& key, double otherwise) {
  constexpr double kMost = 1e6;
  const double value = options.get(key, otherwise);
  if (!(std::abs(value) <= kMost)) throw options.error(key, "must be a number from -1e6 to 1e6");
  return value;
}

namespace {

graph::ValueId recurrent_layer(graph::Builder& b, const std::string& name, graph::ValueId x, bool gru,
                               const layers::LstmOptions& options) {
  if (!gru) return layers::lstm(b, name, x, options).hidden;
  return layers::gru(
      b, name, x,
      {.channels = options.hidden_size, .weights = options.weights, .hidden_weight = options.hidden_weight});
}

}  // namespace

graph::ValueId recurrent_stack(graph::Builder& b, graph::ValueId x, const Options& options,
                               const layers::LstmOptions& lstm, const StackDefaults& otherwise) {
  const std::int64_t count = size_option(options, "lstm_layers", otherwise.layers, 1, kMostLayers);
  const double dropout = dropout_share(options, "lstm_dropout", otherwise.dropout);
  const std::array<std::string, 2> cells{"lstm", "gru"};
  const std::string cell = options.get_choice("cell", "lstm", cells);
  const bool both_ways = options.get("bidirectional", false);
  const auto reversed = [&](const std::string& name, graph::ValueId value) {
    return b.node("reverse", name, {value}).front();
  };
  for (std::int64_t layer = 1; layer <= count; ++layer) {
    const std::string name = cell + std::to_string(layer);
    const graph::ValueId from = x;
    x = recurrent_layer(b, name, from, cell == "gru", lstm);
    if (both_ways) {
      const graph::ValueId back =
          recurrent_layer(b, name + "_back", reversed(name + "_reversed", from), cell == "gru", lstm);
      x = layers::concat(b, name + "_both", {x, reversed(name + "_in_order", back)});
    }
    x = layers::dropout(b, "drop_" + name, x, dropout);
  }
  return x;
}

void classify(graph::Builder& b, graph::ValueId features, const Options& options, const Purpose& purpose, bool paper,
              const std::string& otherwise) {
  layers::LinearOptions linear;
  linear.weights.weight = paper ? graph::Initialiser::gaussian(0, 0.01) : graph::Initialiser::xavier();
  if (paper) {
    linear.weights.weight_rate = 10;
    linear.weights.bias_rate = 20;
  }
  const graph::ValueId logits = layers::linear(b, "classifier", features, class_count(purpose), linear);
  const graph::ValueId scores = layers::softmax(b, "scores", logits);
  const auto aggregation = layers::parse_aggregation(options.get("aggregation", otherwise));
  b.output("logits", logits);
  b.output("scores", scores);
  b.output("video", layers::aggregate(b, "video", scores, aggregation));
}

void answer(graph::Builder& b, graph::ValueId logits) {
  const graph::ValueId scores = layers::softmax(b, "scores", logits);
  b.output("logits", logits);
  b.output("scores", scores);
  b.output("video", scores);
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

void add_clip_protocol(graph::Model& model, const Purpose& purpose, std::int64_t frames) {
  model.inputs["frame"] = purpose.input;
  model.protocol["clip"] = model.protocol["stride"] = std::to_string(frames);
  model.protocol["crops"] = "1";
  model.protocol["answer"] = "video";
}

}  // namespace longtake::models
