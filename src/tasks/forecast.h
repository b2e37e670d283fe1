// Forecasts by a model of two graphs: "encode" sees frames, one a tick, and "forecast" goes on from its states for as
// long as one likes. What was seen is a State: forecasting leaves it as it is, so that a live source has a new forecast
// with every frame, at a cost that does not depend on how many there were.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/options.h"
#include "graph/executor.h"
#include "longtake/input_spec.h"
#include "tasks/extrapolation.h"

namespace longtake::tasks {

inline constexpr const char* kForecastTask = "forecast";
// The input of "forecast" that an Extrapolator fills.
inline constexpr const char* kAdvectedInput = "advected";

struct ForecastProtocol {
  std::int64_t seen = 10;      // frames before a forecast
  std::int64_t forecast = 10;  // frames of it

  // "10 frames seen, 10 forecast"
  std::string describe() const;
};

// The model's own protocol. Throws BadData where the model file holds one that makes no sense.
ForecastProtocol forecast_protocol_of(const graph::Model& model);

// How the frames of a model that forecasts want to be read. Throws InvalidArgument when it does not forecast.
const InputSpec& forecast_input_of(const graph::Model& model);

// How the extrapolation that a model takes, or that it is compared with, is made: [extrapolation] of a recipe, which
// travels in the model's protocol.
ExtrapolationOptions extrapolation_of(const graph::Model& model);
// Reads [extrapolation] of a recipe into the protocol: flow, pairs and smoothing. Throws ConfigError.
void read_extrapolation(const Options& extrapolation, graph::Model& model);

// Does the forecaster take an extrapolation?
bool takes_advected(const graph::Model& model);

// Makes an executor of a graph of the model, with these shapes of inputs that differ from their nominal ones.
using ExecutorMaker =
    std::function<std::unique_ptr<graph::Executor>(const std::string& graph, const graph::InputShapes& sizes)>;

// The sizes of the inputs of both graphs where frames are `height` x `width`. Throws InvalidArgument where the model
// cannot take such frames.
struct ForecastSizes {
  graph::InputShapes encode, forecast;
};
ForecastSizes forecast_sizes(const graph::Model& model, std::int64_t height, std::int64_t width);

class Forecaster {
 public:
  // For frames of `height` x `width`; 0 takes the model's own size. The model must outlive the forecaster. Throws
  // InvalidArgument when the model does not forecast or cannot take such frames.
  Forecaster(const graph::Model& model, const ExecutorMaker& make, std::int64_t height = 0, std::int64_t width = 0);

  const graph::Model& model() const { return model_; }
  const InputSpec& spec() const { return spec_; }
  // Of a frame that is seen, and of one that is forecast: [channels, height, width].
  const Shape& frame_shape() const { return frame_shape_; }
  const Shape& forecast_shape() const { return forecast_shape_; }

  // Streams that have seen nothing.
  State initial_state(std::int64_t streams = 1) const;
  // The next frames of every stream: float32 [ticks, streams, channels, height, width]. Throws InvalidArgument for
  // other shapes.
  void see(const Tensor& frames, State& state);
  // What comes next: float32 [horizon, streams, channels, height, width]. For a model that takes an extrapolation,
  // `advected` may give it, [horizon, streams, channels + 1, height, width], such as one made on a larger grid; else it
  // is made of the newest frames. Throws InvalidArgument for a stream that has seen nothing, or a horizon below 1.
  Tensor forecast(const State& state, std::int64_t horizon, const Tensor* advected = nullptr);

  // One stream's state as tensors of another one, whose names begin with `prefix`; and back. Loading throws
  // InvalidArgument where they are not there, or not those of such a forecaster.
  static void save_state(const State& state, const std::string& prefix, State& into);
  State load_state(const State& from, const std::string& prefix) const;

  // What the memory of one stream takes, in bytes.
  std::int64_t state_bytes_per_stream() const;

 private:
  void remember(const Tensor& frames, State& state) const;
  Tensor extrapolate(const State& state, std::int64_t horizon);

  const graph::Model& model_;
  const InputSpec& spec_;
  std::unique_ptr<graph::Executor> encoder_, forecaster_;
  std::size_t frame_output_ = 0;
  Shape frame_shape_, forecast_shape_;
  std::optional<Extrapolator> extrapolator_;  // of a model that takes an extrapolation
  std::int64_t recent_ = 0;                   // frames that are kept for it
  graph::Outputs outputs_;                    // reused from call to call
};

}  // namespace longtake::tasks
