// What the models that forecast have in common: two graphs. "encode" takes the frames that were seen, one per tick, and
// gives the states of its layers; "forecast" begins with those states and is clocked without any input, a frame of the
// future per tick, for as long as one likes. A forecast is: fork the state, run the forecaster; so a live source gets a
// new one with every frame, at a cost that does not depend on how many there were.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "layers/lstm.h"
#include "models/registry.h"

namespace longtake::models {

// The input of "forecast" that holds, per tick, the newest frame that was seen moved along by optical flow (densities
// of storms: at the storms' speed), and a channel that is 1 where it comes from within the picture:
// tasks/extrapolation.h and tasks/storm_data.h make it.
inline constexpr const char* kAdvectedInput = "advected";

// The channels that are forecast: all that the input has but its validity.
std::int64_t forecast_channels(const InputSpec& input);

// The input `name` of "forecast", present once, which is bound to the output of "encode" of the same name.
graph::ValueId bound_state(graph::Model& model, graph::Builder& b, const std::string& name, const Shape& shape);

// The side of a kernel that keeps the size of a map. Throws ConfigError naming the key for an even one.
std::int64_t odd_option(const Options& options, const char* key, std::int64_t otherwise);

// Adds layer `number`, from 1, to a graph: from what the layer below gives (kNoValue below the first of a forecaster)
// and the states it begins with (kNoValue in an encoder) to its own.
using ForecastLayer = std::function<layers::LstmValues(graph::Builder& b, const std::string& name, std::size_t number,
                                                       graph::ValueId below, const layers::LstmValues& initial)>;

// Adds the layers "encode1", "encode2", ...; their states are its outputs "h1", "c1", "h2", ...
void encode_states(graph::Builder& b, graph::ValueId x, std::size_t layers, const ForecastLayer& layer);

// Adds the inputs "h1", "c1", ... of the given shapes, present once, binds them to the encoder's, and adds the layers
// "forecast1", "forecast2", ... on `x`, or on nothing but the clock. Returns each layer's hidden state.
std::vector<graph::ValueId> forecast_states(graph::Model& model, graph::Builder& b, graph::ValueId x,
                                            const std::vector<Shape>& states, const ForecastLayer& layer);

// The paper's protocol: how many frames are seen and how many forecast.
void add_forecast_protocol(graph::Model& model, const Purpose& purpose, const Options& options, std::int64_t seen,
                           std::int64_t forecast);

}  // namespace longtake::models
