// The FC-LSTM that 1506.04214 compares ConvLSTM with (Srivastava 2015, 1502.04681, with peepholes): encoder and
// forecaster of LSTM layers on whole frames, the output from the top layer.
#include "models/classifier.h"
#include "models/forecaster.h"

namespace longtake::models {

// Options, with the paper's values as defaults:
//   hidden = [2048, 2048]    size of each layer's state
//   peepholes = true
//   forget_bias = 0.0
//   output = "sigmoid"       or "linear", with a loss of distances
//   seen = 10, forecast = 10 frames in the test
graph::Model fc_lstm_forecaster(const Options& options, const Purpose& purpose) {
  using graph::ValueId;
  graph::Model model;
  const auto sizes = options.get<std::vector<std::int64_t>>("hidden", {2048, 2048});
  if (sizes.empty()) throw options.error("hidden", "needs at least one layer");
  for (std::int64_t size : sizes) {
    if (size < 1) throw options.error("hidden", "must be at least 1, each");
  }
  const bool peepholes = options.get("peepholes", true);
  const double forget_bias = finite_option(options, "forget_bias", 0.0);
  const std::array<std::string, 2> outputs{"sigmoid", "linear"};
  const bool squashes = options.get_choice("output", "sigmoid", outputs) == "sigmoid";
  const ForecastLayer layer = [&](graph::Builder& b, const std::string& name, std::size_t number, ValueId below,
                                  const layers::LstmValues& initial) {
    return layers::lstm(b, name, below,
                        {.hidden_size = sizes[number - 1],
                         .peepholes = peepholes,
                         .forget_bias = forget_bias,
                         .initial_hidden = initial.hidden,
                         .initial_cell = initial.cell});
  };
  const Shape frame = frame_shape(purpose.input);
  {
    graph::Builder b(model, "encode");
    encode_states(b, layers::flatten(b, "pixels", b.input("frame", frame)), sizes.size(), layer);
    b.finish();
  }
  graph::Builder b(model, "forecast");
  std::vector<Shape> states;
  for (std::int64_t size : sizes) states.push_back({size});
  const ValueId top = forecast_states(model, b, graph::kNoValue, states, layer).back();
  const Shape next{forecast_channels(purpose.input), frame[1], frame[2]};
  const ValueId pixels =
      layers::linear(b, "output", top, element_count(next), {.weights = {.weight = graph::Initialiser::xavier()}});
  const ValueId logits = layers::reshape(b, squashes ? "logits" : "frame", pixels, next);
  if (squashes) b.output("logits", logits);
  b.output("frame", squashes ? layers::sigmoid(b, "frame", logits) : logits);
  b.finish();
  add_forecast_protocol(model, purpose, options, 10, 10);
  return model;
}

}  // namespace longtake::models
