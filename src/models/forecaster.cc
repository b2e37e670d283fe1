#include "models/forecaster.h"

#include "models/classifier.h"

namespace longtake::models {

namespace {

std::string numbered(const char* name, std::size_t number) { return name + std::to_string(number); }

}  // namespace

std::int64_t forecast_channels(const InputSpec& input) {
  return input.channels() - (input.has_fields() && input.validity ? 1 : 0);
}

graph::ValueId bound_state(graph::Model& model, graph::Builder& b, const std::string& name, const Shape& shape) {
  model.bindings.push_back({"encode", name, "forecast", name});
  return b.input(name, shape, true);
}

std::int64_t odd_option(const Options& options, const char* key, std::int64_t otherwise) {
  const std::int64_t kernel = size_option(options, key, otherwise, 1, 255);
  if (kernel % 2 == 0) throw options.error(key, "must be odd, so that the map keeps its size");
  return kernel;
}

void encode_states(graph::Builder& b, graph::ValueId x, std::size_t layers, const ForecastLayer& layer) {
  for (std::size_t number = 1; number <= layers; ++number) {
    const layers::LstmValues state =
        layer(b, numbered("encode", number), number, x, {graph::kNoValue, graph::kNoValue});
    b.output(numbered("h", number), state.hidden);
    b.output(numbered("c", number), state.cell);
    x = state.hidden;
  }
}

std::vector<graph::ValueId> forecast_states(graph::Model& model, graph::Builder& b, graph::ValueId x,
                                            const std::vector<Shape>& states, const ForecastLayer& layer) {
  std::vector<graph::ValueId> hidden;
  for (std::size_t number = 1; number <= states.size(); ++number) {
    const auto initial = [&](const char* part) {
      return bound_state(model, b, numbered(part, number), states[number - 1]);
    };
    const graph::ValueId initial_hidden = initial("h"), initial_cell = initial("c");
    hidden.push_back(layer(b, numbered("forecast", number), number, x, {initial_hidden, initial_cell}).hidden);
    x = hidden.back();
  }
  return hidden;
}

void add_forecast_protocol(graph::Model& model, const Purpose& purpose, const Options& options, std::int64_t seen,
                           std::int64_t forecast) {
  model.inputs["frame"] = purpose.input;
  model.protocol["seen"] = std::to_string(size_option(options, "seen", seen));
  model.protocol["forecast"] = std::to_string(size_option(options, "forecast", forecast));
}

}  // namespace longtake::models
