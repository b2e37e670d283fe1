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

// One hidden layer with tanh for each state, from the mean of the features over places and frames (section 3.2).
InitialStates initial_states(Builder& b, ValueId map, const std::string& from, std::int64_t count, std::int64_t size) {
  InitialStates states{std::vector(count, graph::kNoValue), std::vector(count, graph::kNoValue)};
  if (from == "zero") return states;
  ValueId mean = graph::kNoValue;
  if (from != "learned") {
    const ValueId places = layers::global_average_pool(b, "mean_over_places", map);
    mean = from == "clip"
               ? b.node("final", "mean_of_clip", {b.node("running_mean", "mean_so_far", {places}).front()}).front()
               : b.node("first", "mean_of_first", {places}).front();
  }
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

}  // namespace

// Options, with the paper's values as defaults:
//   encoder = "googlenet"         its last map, 1024 x 7 x 7
//   score = "location"            softmax over places of W h
//           "content"             the released code's: of u . tanh(Wc x + Wd h + b)
//   attention_size = 512          of the content score's hidden layer
//   inverse_temperature = 1.0     factor of the scores
//   context_gate = false          the released code's option: what is seen is multiplied by s(w . h)
//   lstm_layers = 3
//   hidden_size = 512
//   output_size = 512             of the hidden layer with tanh before the classes
//   context_to_output = false     the released code's option: that layer also hears what is seen
//   dropout = 0.5                 on the state and on that layer
//   initial_state = "clip"        from the mean over all frames of the clip, which are needed first
//                   "first"       from the first frame; with this and the next two the model is causal
//                   "learned"
//                   "zero"
//   aggregation = "mean"          over the frames
//   frames = 30                   of a clip in the test
// The attention is the output "attention" [places]; train.attention_penalty is the doubly stochastic term.
graph::Model visual_attention(const Options& options, const Purpose& purpose) {
  graph::Model model;
  Builder b(model, "main");
  const ValueId map = frame_map(b, options, purpose, "googlenet");
  const Shape shape = b.shape(map);
  const std::int64_t places = shape[1] * shape[2];
  const ValueId memory =
      layers::transpose(b, "places", layers::reshape(b, "flat_map", map, {shape[0], places}), {1, 0});

  const std::vector<std::string> scores{"location", "content"};
  const bool by_content = options.get_choice("score", "location", scores) == "content";
  const std::vector<std::string> starts{"clip", "first", "learned", "zero"};
  const std::string start = options.get_choice("initial_state", "clip", starts);
  const std::int64_t count = size_option(options, "lstm_layers", 3, 1, kMostLayers);
  const std::int64_t size = size_option(options, "hidden_size", 512);
  const std::int64_t attention_size = size_option(options, "attention_size", 512);
  const double temperature = finite_option(options, "inverse_temperature", 1.0);
  const InitialStates initial = initial_states(b, map, start, count, size);

  // The state of the top layer before this frame asks; it is connected once that layer is there.
  const ValueId query = b.delay("query", {size}, initial.hidden.back());
  ValueId weights = graph::kNoValue, x = graph::kNoValue;
  if (by_content) {
    const auto attention = layers::attention(
        b, "attention", query, memory,
        {.score = layers::Score::kAdditive, .size = attention_size, .bias = true, .inverse_temperature = temperature});
    weights = attention.weights;
    x = attention.context;
  } else {
    ValueId logits = layers::linear(b, "attention", query, places);
    if (temperature != 1) logits = layers::affine(b, "sharpened", logits, temperature, 0);
    weights = layers::softmax(b, "attention_weights", logits);
    x = layers::weighted_mean(b, "context", weights, memory);
  }
  if (options.get("context_gate", false)) {
    const ValueId gate = layers::sigmoid(b, "gate", layers::linear(b, "context_gate", query, 1));
    x = layers::mul(b, "gated_context", x, gate);
  }
  const ValueId seen = x;
  const double dropout = dropout_share(options, "dropout", 0.5);
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
    output = layers::add(b, "output_sum", output, layers::linear(b, "context_to_output", seen, output_size));
  }
  x = layers::tanh(b, "output_tanh", output);
  classify(b, layers::dropout(b, "drop_output", x, dropout), options, purpose, false);
  b.output("attention", weights);
  b.finish();
  add_clip_protocol(model, purpose, size_option(options, "frames", 30));
  model.protocol["attention"] = std::to_string(shape[1]) + "x" + std::to_string(shape[2]);
  return model;
}

}  // namespace longtake::models
