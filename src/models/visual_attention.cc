// Spatial visual attention: Sharma, Kiros, Salakhutdinov 2015, "Action Recognition using Visual Attention"
// (1511.04119): at every frame the LSTM's state of the frame before decides at which places of the CNN's map to look.
#include "layers/attention.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

namespace {

using graph::Builder;
using graph::ValueId;

// Where the LSTM layers begin.
struct InitialStates {
  std::vector<ValueId> hidden, cell;
};

// "<name>2" to "<name><count>": linear layers as wide as x with ReLU, and dropout after each.
ValueId relu_layers(Builder& b, const std::string& name, ValueId x, std::int64_t count, double dropout) {
  for (std::int64_t layer = 2; layer <= count; ++layer) {
    const std::string numbered = name + std::to_string(layer);
    x = layers::relu(b, numbered + "_relu", layers::linear(b, numbered, x, b.shape(x)[0]));
    x = layers::dropout(b, "drop_" + numbered, x, dropout);
  }
  return x;
}

// What every state is made from: the mean of the features over places and frames (section 3.2).
ValueId mean_of_features(Builder& b, ValueId map, bool of_clip) {
  const ValueId places = layers::global_average_pool(b, "mean_over_places", map);
  if (!of_clip) return b.node("first", "mean_of_first", {places}).front();
  return b.node("final", "mean_of_clip", {b.node("running_mean", "mean_so_far", {places}).front()}).front();
}

// A layer with tanh for each state, from the mean of the features.
InitialStates initial_states(Builder& b, ValueId map, const Options& options, std::int64_t count, std::int64_t size,
                             double dropout) {
  const std::vector<std::string> starts{"clip", "first", "learned", "zero"};
  const std::string from = options.get_choice("initial_state", "clip", starts);
  const std::int64_t hidden = size_option(options, "initial_layers", 1, 1, kMostLayers);
  InitialStates states{std::vector(count, graph::kNoValue), std::vector(count, graph::kNoValue)};
  if (from == "zero") return states;
  ValueId mean = graph::kNoValue;
  if (from != "learned") mean = relu_layers(b, "init", mean_of_features(b, map, from == "clip"), hidden, dropout);
  for (std::int64_t i = 0; i < count; ++i) {
    for (auto& [part, values] : {std::pair{"h", &states.hidden}, std::pair{"c", &states.cell}}) {
      const std::string name = std::string("init_") + part + std::to_string(i + 1);
      (*values)[i] = from == "learned"
                         ? b.parameter_value(name, b.parameter({name, {size}, graph::Initialiser::constant(0)}))
                         : layers::tanh(b, name, layers::linear(b, name + ".linear", mean, size));
    }
  }
  return states;
}

// Where the state before a frame makes the model look, in the frame's features by place [places, features].
layers::AttentionValues look_at(Builder& b, ValueId query, ValueId memory, const Options& options) {
  const std::vector<std::string> scores{"location", "content"};
  const bool by_content = options.get_choice("score", "location", scores) == "content";
  const layers::AttentionOptions content{.score = layers::Score::kAdditive,
                                         .size = size_option(options, "attention_size", 512),
                                         .bias = true,
                                         .key_layers = size_option(options, "attention_layers", 1, 1, kMostLayers),
                                         .inverse_temperature = finite_option(options, "inverse_temperature", 1.0)};
  layers::AttentionValues look{};
  if (by_content) {
    look = layers::attention(b, "attention", query, memory, content);
  } else {
    ValueId logits = layers::linear(b, "attention", query, b.shape(memory)[0]);
    if (content.inverse_temperature != 1) {
      logits = layers::affine(b, "sharpened", logits, content.inverse_temperature, 0);
    }
    look.weights = layers::softmax(b, "attention_weights", logits);
    look.context = layers::weighted_mean(b, "context", look.weights, memory);
  }
  if (options.get("context_gate", false)) {
    const ValueId gate = layers::sigmoid(b, "gate", layers::linear(b, "context_gate", query, 1));
    look.context = layers::mul(b, "gated_context", look.context, gate);
  }
  return look;
}

// Where the released code begins: biases at 0, what goes from a state to a state (and all else that is square, but
// for the score's key) orthogonal, the rest Gaussian of deviation 0.01.
void initialise_as_released(graph::Model& model) {
  for (graph::Parameter& parameter : model.parameters) {
    if (parameter.name.starts_with("encoder") || !parameter.name.ends_with(".weight")) continue;
    const std::int64_t gates = parameter.name.starts_with("lstm") ? 4 : 1;
    const bool square = parameter.shape[0] == gates * parameter.shape[1] && parameter.name != "attention.key.weight";
    parameter.initialiser = square ? graph::Initialiser::orthogonal() : graph::Initialiser::gaussian(0, 0.01);
  }
}

}  // namespace

// Options, with the paper's values as defaults:
//   encoder = "googlenet"         its last map, 1024 x 7 x 7
//   score = "location"            softmax over places of W h
//           "content"             the released code's: of u . tanh(Wc x + Wd h + b)
//   attention_size = 512          of the content score's hidden layer
//   attention_layers = 1          the released code's option: the content score has so many layers in place of Wc,
//                                 with tanh between them (which that code leaves out after the first)
//   inverse_temperature = 1.0     factor of the scores
//   context_gate = false          the released code's option: what is seen is multiplied by s(w . h)
//   lstm_layers = 3
//   hidden_size = 512
//   output_size = 512             of the hidden layer with tanh before the classes
//   context_to_output = false     the released code's option: that layer also hears what is seen
//   output_layers = 1             the released code's option: so many layers before the classes, from the second on
//                                 with ReLU
//   dropout = 0.5                 on the state, on these layers and on the hidden ones of the initial state
//   initial_state = "clip"        from the mean over all frames of the clip, which are needed first
//                   "first"       from the first frame; with this and the next two the model is causal
//                   "learned"
//                   "zero"
//   initial_layers = 1            the released code's option: from the mean to a state, all but the last with ReLU
//   initialiser = "scaled"        weights by their fan
//                 "released"      the released code's: Gaussian of deviation 0.01, from state to state orthogonal
//   aggregation = "mean"          over the frames
//   frames = 30                   of a clip in the test
// The attention is the output "attention" [places]; train.attention_penalty is the doubly stochastic term.
graph::Model visual_attention(const Options& options, const Purpose& purpose) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId map = frame_map(b, options, purpose, "googlenet");
  const Shape shape = b.shape(map);
  const ValueId memory =
      layers::transpose(b, "places", layers::reshape(b, "flat_map", map, {shape[0], shape[1] * shape[2]}), {1, 0});

  const std::int64_t count = size_option(options, "lstm_layers", 3, 1, kMostLayers);
  const std::int64_t size = size_option(options, "hidden_size", 512);
  const double dropout = dropout_share(options, "dropout", 0.5);
  const InitialStates initial = initial_states(b, map, options, count, size, dropout);

  // The state of the top layer before this frame asks; it is connected once that layer is there.
  const ValueId query = b.delay("query", {size}, initial.hidden.back());
  const layers::AttentionValues look = look_at(b, query, memory, options);
  ValueId x = look.context;
  for (std::int64_t layer = 1; layer <= count; ++layer) {
    x = layers::lstm(
            b, "lstm" + std::to_string(layer), x,
            {.hidden_size = size, .initial_hidden = initial.hidden[layer - 1], .initial_cell = initial.cell[layer - 1]})
            .hidden;
  }
  b.connect(query, x);
  x = layers::dropout(b, "drop_lstm", x, dropout);
  const std::int64_t output_size = size_option(options, "output_size", 512);
  ValueId output = layers::linear(b, "output", x, output_size);
  if (options.get("context_to_output", false)) {
    output = layers::add(b, "output_sum", output, layers::linear(b, "context_to_output", look.context, output_size));
  }
  x = layers::dropout(b, "drop_output", layers::tanh(b, "output_tanh", output), dropout);
  x = relu_layers(b, "output", x, size_option(options, "output_layers", 1, 1, kMostLayers), dropout);
  classify(b, x, options, purpose, false);
  b.output("attention", look.weights);
  b.finish();
  const std::vector<std::string> initialisers{"scaled", "released"};
  if (options.get_choice("initialiser", "scaled", initialisers) == "released") initialise_as_released(model);
  add_clip_protocol(model, purpose, size_option(options, "frames", 30));
  model.protocol["attention"] = std::to_string(shape[1]) + "x" + std::to_string(shape[2]);
  return model;
}

}  // namespace longtake::models
