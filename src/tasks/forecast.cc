#include "tasks/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// Names of a forecaster's state besides the encoder's own.
constexpr const char* kBoundPrefix = "bound/";    // the newest outputs that the forecast begins with
constexpr const char* kRecent = "recent/frames";  // the newest frames, oldest first
constexpr const char* kSeen = "recent/count";     // how many frames a stream has seen, at most as many as are kept
constexpr std::int64_t kMostFrames = 1000000;

std::int64_t frames_of(const graph::Model& model, const char* key, std::int64_t otherwise) {
  const auto found = model.protocol.find(key);
  if (found == model.protocol.end()) return otherwise;
  const std::int64_t frames = parse_int64(found->second, fmt::format("the model's protocol: {}", key));
  if (frames >= 1 && frames <= kMostFrames) return frames;
  throw BadData(fmt::format("the model's protocol: {} = {} is not from 1 to {}", key, frames, kMostFrames));
}

std::vector<const graph::Binding*> bindings_of(const graph::Model& model) {
  std::vector<const graph::Binding*> bindings;
  for (const graph::Binding& binding : model.bindings) {
    if (binding.from_graph == "encode" && binding.to_graph == "forecast") bindings.push_back(&binding);
  }
  return bindings;
}

std::string bound_name(const graph::Binding& binding) { return kBoundPrefix + binding.from_output; }

std::size_t index_of_output(const graph::Graph& graph, const std::string& name) {
  return static_cast<std::size_t>(&graph.output(name) - graph.outputs.data());
}

Shape with_rows(std::int64_t rows, const Shape& shape) {
  Shape out = shape;
  out.insert(out.begin(), rows);
  return out;
}

// The state of the encoder alone.
State encoder_state(const State& state) {
  State out(state.streams());
  for (const auto& [name, tensor] : state.tensors()) {
    if (!name.starts_with(kBoundPrefix) && !name.starts_with("recent/")) out.set(name, tensor);
  }
  return out;
}

graph::Chunk chunk_of(std::int64_t ticks, std::int64_t streams, std::size_t inputs) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(static_cast<std::size_t>(ticks * streams), graph::kActive);
  chunk.inputs.resize(inputs);
  return chunk;
}

}  // namespace

std::string ForecastProtocol::describe() const { return fmt::format("{} frames seen, {} forecast", seen, forecast); }

ForecastProtocol forecast_protocol_of(const graph::Model& model) {
  return {frames_of(model, "seen", 10), frames_of(model, "forecast", 10)};
}

const InputSpec& forecast_input_of(const graph::Model& model) {
  const auto spec = model.inputs.find("frame");
  if (model.task != kForecastTask || spec == model.inputs.end()) {
    throw InvalidArgument(fmt::format("model '{}' does not forecast frames", model.name));
  }
  return spec->second;
}

ExtrapolationOptions extrapolation_of(const graph::Model& model) {
  ExtrapolationOptions options;
  const auto text = [&](const char* key) {
    const auto found = model.protocol.find(key);
    return found == model.protocol.end() ? std::string() : found->second;
  };
  if (const std::string flow = text("extrapolation_flow"); !flow.empty()) options.flow = flow;
  options.pairs = frames_of(model, "extrapolation_pairs", options.pairs);
  if (const std::string smoothing = text("extrapolation_smoothing"); !smoothing.empty()) {
    options.smoothing = parse_double(smoothing, "the model's protocol: extrapolation_smoothing");
  }
  return options;
}

void read_extrapolation(const Options& extrapolation, graph::Model& model) {
  ExtrapolationOptions options = extrapolation_of(model);
  options.flow = extrapolation.get_choice("flow", options.flow, kFlowMethods);
  options.pairs = extrapolation.get("pairs", options.pairs);
  options.smoothing = extrapolation.get("smoothing", options.smoothing);
  if (options.pairs < 1 || options.pairs > 100) throw extrapolation.error("pairs", "must be from 1 to 100");
  if (!(options.smoothing >= 0 && options.smoothing <= 10000)) {
    throw extrapolation.error("smoothing", "must be from 0 to 10000 cells");
  }
  model.protocol["extrapolation_flow"] = options.flow;
  model.protocol["extrapolation_pairs"] = std::to_string(options.pairs);
  model.protocol["extrapolation_smoothing"] = fmt::format("{}", options.smoothing);
}

bool takes_advected(const graph::Model& model) {
  const graph::Graph& forecast = model.graph("forecast");
  return std::any_of(forecast.inputs.begin(), forecast.inputs.end(),
                     [&](graph::ValueId input) { return forecast.producer(input).name == kAdvectedInput; });
}

ForecastSizes forecast_sizes(const graph::Model& model, std::int64_t height, std::int64_t width) {
  const InputSpec& spec = forecast_input_of(model);
  ForecastSizes sizes;
  sizes.encode["frame"] = {spec.channels(), height, width};
  const graph::Plan encode = graph::make_plan(model, model.graph("encode"), sizes.encode);
  for (const graph::Binding* binding : bindings_of(model)) {
    sizes.forecast[binding->to_input] = encode.shapes[encode.graph->output(binding->from_output).value];
  }
  if (takes_advected(model)) {
    const graph::Plan nominal = graph::make_plan(model, model.graph("forecast"));
    const std::int64_t channels = nominal.shapes[nominal.graph->input(kAdvectedInput)][0];
    sizes.forecast[kAdvectedInput] = {channels, height, width};
  }
  return sizes;
}

Forecaster::Forecaster(const graph::Model& model, const ExecutorMaker& make, std::int64_t height, std::int64_t width)
    : model_(model), spec_(forecast_input_of(model)) {
  ForecastSizes sizes;
  if (height != 0 || width != 0) sizes = forecast_sizes(model, height, width);
  encoder_ = make("encode", sizes.encode);
  forecaster_ = make("forecast", sizes.forecast);
  const graph::Plan& encode = encoder_->plan();
  const graph::Plan& forecast = forecaster_->plan();
  frame_shape_ = encode.shapes[encode.graph->input("frame")];
  frame_output_ = index_of_output(*forecast.graph, "frame");
  forecast_shape_ = forecast.shapes[forecast.graph->output("frame").value];
  if (encode.lag != 0 || forecast.lag != 0) {
    throw InvalidArgument(fmt::format("model '{}' looks ahead, so it cannot forecast", model.name));
  }
  if (!std::equal(forecast_shape_.begin() + 1, forecast_shape_.end(), frame_shape_.begin() + 1)) {
    throw InvalidArgument(fmt::format("model '{}' forecasts frames {} of frames {}: their sides differ", model.name,
                                      to_string(forecast_shape_), to_string(frame_shape_)));
  }
  if (takes_advected(model)) {
    const ExtrapolationOptions options = extrapolation_of(model);
    extrapolator_.emplace(options);
    recent_ = options.pairs + 1;
  }
}

State Forecaster::initial_state(std::int64_t streams) const {
  State state = encoder_->initial_state(streams);
  const graph::Plan& encode = encoder_->plan();
  for (const graph::Binding* binding : bindings_of(model_)) {
    const Shape& shape = encode.shapes[encode.graph->output(binding->from_output).value];
    state.set(bound_name(*binding), Tensor(DType::kFloat32, with_rows(streams, shape)));
  }
  if (recent_ > 0) {
    Shape shape = frame_shape_;
    shape.insert(shape.begin(), {streams, recent_});
    state.set(kRecent, Tensor(DType::kFloat32, shape));
  }
  state.set(kSeen, Tensor(DType::kInt64, {streams, 1}));
  return state;
}

void Forecaster::save_state(const State& state, const std::string& prefix, State& into) {
  for (const auto& [name, tensor] : state.tensors()) into.set(fmt::format("{}{}", prefix, name), tensor);
}

State Forecaster::load_state(const State& from, const std::string& prefix) const {
  State state = initial_state(1);
  for (const auto& [name, own] : state.tensors()) {
    const Tensor& known = from.at(fmt::format("{}{}", prefix, name));
    if (known.dtype() != own.dtype() || known.shape() != own.shape()) {
      throw InvalidArgument(fmt::format("the state's {} is {}, but the model's for these frames is {}", name,
                                        to_string(known.shape()), to_string(own.shape())));
    }
    state.set(name, known);
  }
  return state;
}

std::int64_t Forecaster::state_bytes_per_stream() const { return initial_state(1).bytes_per_stream(); }

void Forecaster::see(const Tensor& frames, State& state) {
  const std::int64_t streams = state.streams();
  Shape wanted = frame_shape_;
  const std::int64_t ticks = frames.shape().empty() ? 0 : frames.size(0);
  wanted.insert(wanted.begin(), {ticks, streams});
  if (frames.dtype() != DType::kFloat32 || frames.shape() != wanted || ticks < 1) {
    throw InvalidArgument(fmt::format("frames {} are given where [ticks, {}, {}] is wanted", to_string(frames.shape()),
                                      streams, to_string(frame_shape_)));
  }
  graph::Chunk chunk = chunk_of(ticks, streams, 1);
  chunk.inputs[0].data = frames.reshaped(with_rows(ticks * streams, frame_shape_));
  State own = encoder_state(state);
  encoder_->run(chunk, own, outputs_);
  for (const auto& [name, tensor] : own.tensors()) state.set(name, tensor);
  for (const graph::Binding* binding : bindings_of(model_)) {
    const graph::ChunkOutput& output = outputs_[index_of_output(*encoder_->plan().graph, binding->from_output)];
    Tensor& bound = state.at(bound_name(*binding));
    const std::size_t row = bound.bytes() / static_cast<std::size_t>(streams);
    for (std::size_t r = 0; r < output.rows.size(); ++r) {
      std::memcpy(bound.raw() + output.rows[r].stream * row, output.data.raw() + r * row, row);
    }
  }
  remember(frames, state);
}

void Forecaster::remember(const Tensor& frames, State& state) const {
  const std::int64_t streams = state.streams(), ticks = frames.size(0);
  for (std::int64_t& count : state.at(kSeen).data<std::int64_t>()) {
    count = std::min(count + ticks, std::max<std::int64_t>(recent_, 1));
  }
  if (recent_ == 0) return;
  Tensor& recent = state.at(kRecent);
  const std::size_t row = static_cast<std::size_t>(element_count(frame_shape_)) * sizeof(float);
  const std::int64_t added = std::min(ticks, recent_), kept = recent_ - added;
  for (std::int64_t s = 0; s < streams; ++s) {
    std::byte* own = recent.raw() + s * recent_ * row;
    std::memmove(own, own + added * row, kept * row);
    for (std::int64_t i = 0; i < added; ++i) {
      std::memcpy(own + (kept + i) * row, frames.raw() + ((ticks - added + i) * streams + s) * row, row);
    }
  }
}

Tensor Forecaster::extrapolate(const State& state, std::int64_t horizon) {
  const std::int64_t streams = state.streams(), channels = forecast_shape_[0];
  const std::int64_t area = frame_shape_[1] * frame_shape_[2];
  Shape shape{horizon, streams, channels + 1, frame_shape_[1], frame_shape_[2]};
  Tensor out(DType::kFloat32, shape);
  for (std::int64_t s = 0; s < streams; ++s) {
    const std::int64_t count = state.at(kSeen).data<std::int64_t>()[s];
    Tensor frames(DType::kFloat32, {count, channels, frame_shape_[1], frame_shape_[2]});
    Tensor valid(DType::kUint8, spec_.validity ? Shape{count, frame_shape_[1], frame_shape_[2]} : Shape{0});
    const float* from = state.at(kRecent).data<float>().data() + s * recent_ * frame_shape_[0] * area;
    for (std::int64_t i = 0; i < count; ++i) {
      const float* frame = from + (recent_ - count + i) * frame_shape_[0] * area;
      std::copy_n(frame, channels * area, frames.data<float>().data() + i * channels * area);
      for (std::int64_t cell = 0; cell < area && spec_.validity; ++cell) {
        valid.data<std::uint8_t>()[i * area + cell] = frame[(frame_shape_[0] - 1) * area + cell] >= 0.5F;
      }
    }
    const Tensor moved = extrapolator_->extrapolate(frames, valid, horizon);
    const std::int64_t row = (channels + 1) * area;
    for (std::int64_t lead = 0; lead < horizon; ++lead) {
      std::copy_n(moved.data<float>().data() + lead * row, row, out.data<float>().data() + (lead * streams + s) * row);
    }
  }
  return out;
}

Tensor Forecaster::forecast(const State& state, std::int64_t horizon, const Tensor* advected) {
  const std::int64_t streams = state.streams();
  if (horizon < 1) throw InvalidArgument(fmt::format("{} frames cannot be forecast; at least 1", horizon));
  for (const std::int64_t count : state.at(kSeen).data<std::int64_t>()) {
    if (count < 1) throw InvalidArgument("a stream that has seen no frame cannot be forecast");
  }
  const graph::Graph& graph = *forecaster_->plan().graph;
  graph::Chunk chunk = chunk_of(horizon, streams, graph.inputs.size());
  for (std::int64_t s = 0; s < streams; ++s) chunk.flags[s] |= graph::kReset;
  for (const graph::Binding* binding : bindings_of(model_)) {
    chunk.inputs[graph.input_index(binding->to_input)].data = state.at(bound_name(*binding));
  }
  if (extrapolator_) {
    const Tensor made = advected == nullptr ? extrapolate(state, horizon) : *advected;
    const Shape row{forecast_shape_[0] + 1, frame_shape_[1], frame_shape_[2]};
    if (made.count() != horizon * streams * element_count(row)) {
      throw InvalidArgument(fmt::format("an extrapolation {} is given for {} frames of {} streams",
                                        to_string(made.shape()), horizon, streams));
    }
    chunk.inputs[graph.input_index(kAdvectedInput)].data = made.reshaped(with_rows(horizon * streams, row));
  }
  State own = forecaster_->initial_state(streams);
  forecaster_->run(chunk, own, outputs_);
  Tensor out = outputs_[frame_output_].data;
  Shape shape = forecast_shape_;
  shape.insert(shape.begin(), {horizon, streams});
  out = out.reshaped(shape);
  for (const float value : out.data<float>()) {
    if (!std::isfinite(value)) {
      throw BadData(
          fmt::format("model '{}' forecasts numbers that are not finite; its weights are too large", model_.name));
    }
  }
  return out;
}

}  // namespace longtake::tasks
