// The lesson of models that forecast: encoder and forecaster run one after the other, and gradients go through the
// states that bind them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "data/sampler.h"
#include "longtake/error.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/windows.h"
#include "training/bridge.h"
#include "training/forecast_loss.h"
#include "training/graph_runner.h"
#include "training/lesson.h"
#include "training/torch_executor.h"
#include "training/train_recipe.h"

namespace longtake::training {

namespace {

// Windows of the report's evaluation; `longtake evaluate` takes all.
constexpr std::int64_t kReportWindows = 256;

// What a step learns from.
struct ForecastBatch {
  std::vector<std::string> ids;
  std::vector<std::uint64_t> samples;
  Tensor frames;    // [seen, streams, channels, height, width]
  Tensor targets;   // [forecast, streams, channels, height, width]
  Tensor valid;     // [forecast, streams, 1, height, width] as float32; empty where all counts
  Tensor advected;  // [forecast, streams, channels + 1, height, width]; empty where it is not taken

  std::int64_t streams() const { return static_cast<std::int64_t>(ids.size()); }
};

// Frames [first, first + ticks) of every window, tick by tick: [ticks, streams, ...].
template <class T>
Tensor interleave(const std::vector<tasks::Window>& windows, const Tensor tasks::Window::*part, std::int64_t first,
                  std::int64_t ticks) {
  const Tensor& one = windows.front().*part;
  Shape shape(one.shape().begin() + 1, one.shape().end());
  const std::int64_t row = element_count(shape);
  shape.insert(shape.begin(), {ticks, static_cast<std::int64_t>(windows.size())});
  Tensor out(DType::kFloat32, shape);
  float* to = out.data<float>().data();
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    for (const tasks::Window& window : windows) {
      const T* from = (window.*part).template data<T>().data() + (first + tick) * row;
      to = std::transform(from, from + row, to, [](T value) { return static_cast<float>(value); });
    }
  }
  return out;
}

ForecastBatch batch_of(const std::vector<tasks::Window>& windows, const tasks::WindowShape& shape) {
  ForecastBatch batch;
  for (const tasks::Window& window : windows) {
    batch.ids.push_back(window.id);
    if (window.frames.shape() != windows.front().frames.shape()) {
      throw BadData(fmt::format("{}: has frames {} where those of {} are {}; one batch needs one size", window.id,
                                to_string(window.frames.shape()), windows.front().id,
                                to_string(windows.front().frames.shape())));
    }
  }
  batch.frames = interleave<float>(windows, &tasks::Window::frames, 0, shape.seen);
  batch.targets = interleave<float>(windows, &tasks::Window::targets, shape.seen, shape.forecast);
  if (windows.front().valid.count() > 0) {
    batch.valid = interleave<std::uint8_t>(windows, &tasks::Window::valid, shape.seen, shape.forecast);
  }
  if (shape.advected) batch.advected = interleave<float>(windows, &tasks::Window::advected, 0, shape.forecast);
  return batch;
}

graph::Chunk chunk_with(std::int64_t ticks, std::int64_t streams, std::size_t inputs, bool resets) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(static_cast<std::size_t>(ticks * streams), graph::kActive);
  for (std::int64_t s = 0; s < streams && resets; ++s) chunk.flags[s] |= graph::kReset;
  chunk.inputs.resize(inputs);
  return chunk;
}

// [ticks, streams, ...] as [rows, ...].
Tensor as_rows(const Tensor& tensor) {
  Shape shape(tensor.shape().begin() + 1, tensor.shape().end());
  shape[0] = tensor.size(0) * tensor.size(1);
  return tensor.reshaped(shape);
}

tasks::WindowSource& needed(const std::unique_ptr<tasks::WindowSource>& source) {
  if (source != nullptr) return *source;
  throw ConfigError("[data]: there is nothing to train on; name data.train");
}

class ForecastLesson final : public Lesson {
 public:
  explicit ForecastLesson(const TrainRequest& request)
      : device_(request.device), read_(read_train_recipe(request.recipe)), options_(read_.options) {
    model_ = make_model(request.recipe, read_, {}, *request.files, *request.log);
    const tasks::ForecastProtocol protocol = tasks::forecast_protocol_of(model_);
    shape_ = {protocol.seen, protocol.forecast, tasks::takes_advected(model_), tasks::extrapolation_of(model_)};
    report_shape_ = shape_;
    report_shape_.advected = true;
    data_ = read_.open_windows(*request.files, report_shape_);
    set_total_steps(options_, needed(data_.train).size());
    sampler_.emplace(options_.order, std::vector<std::int64_t>(data_.train->size(), 0), options_.seed);
    encode_ = graph::make_plan(model_, model_.graph("encode"));
    forecast_ = graph::make_plan(model_, model_.graph("forecast"));
    for (std::size_t i = 0; i < forecast_.graph->outputs.size(); ++i) {
      if (forecast_.graph->outputs[i].name == "frame") frame_output_ = i;
      if (forecast_.graph->outputs[i].name == "logits") logits_output_ = i;
    }
    loss_ = options_.forecast_loss;
    if (!loss_.any()) (logits_output_ ? loss_.cross_entropy : loss_.squared) = 1;
    if (loss_.cross_entropy > 0 && !logits_output_) {
      throw ConfigError("[train.loss]: cross_entropy needs a model whose output is \"sigmoid\"");
    }
    check_options();
    for (const std::string& fact : data_.facts) request.log->write(LogLevel::kInfo, fact);
  }

  const TrainOptions& options() const override { return options_; }
  const graph::Model& model() const override { return model_; }

  void begin(const std::shared_ptr<Weights>& weights) override {
    weights_ = weights;
    encoder_.emplace(encode_, weights);
    forecaster_.emplace(forecast_, weights);
  }

  std::int64_t steps_per_epoch() const override {
    return (data_.train->size() + options_.batch_size - 1) / options_.batch_size;
  }

  double learn(std::int64_t step) override {
    batch_ = next_batch();
    const RunOptions run{
        .training = true, .seed = options_.seed, .step = static_cast<std::uint64_t>(step), .samples = batch_.samples};
    const torch::Tensor loss = loss_of(*encoder_, *forecaster_, batch_, run);
    loss.backward();
    return loss.item<double>();
  }

  std::string last_items() const override { return fmt::format("{}", fmt::join(batch_.ids, ", ")); }

  bool answers_last_batch(const std::shared_ptr<const Weights>& weights) const override {
    return std::isfinite(loss_without_gradient(batch_, weights));
  }

  void save(Checkpoint& checkpoint) const override {
    const SamplerPosition at = sampler_->position();
    checkpoint.metadata["batches"] = fmt::format("{} {}", at.epoch, at.position);
  }

  void load(const Checkpoint& checkpoint, const std::string& source) override {
    const std::string& text = text_of(checkpoint, "batches", source);
    const auto words = split(text, ' ');
    if (words.size() != 2) throw BadData(fmt::format("{}: \"{}\" is no position of batches", source, text));
    sampler_->seek({static_cast<std::uint64_t>(parse_int64(words[0], source)), parse_int64(words[1], source)});
  }

  void validate(const std::shared_ptr<const Weights>& weights, EpochRecord& record) const override {
    if (data_.validation == nullptr) return;
    double sum = 0;
    const std::int64_t total = data_.validation->size();
    for (std::int64_t first = 0; first < total; first += options_.batch_size) {
      std::vector<tasks::Window> windows;
      for (std::int64_t i = first; i < std::min(total, first + options_.batch_size); ++i) {
        windows.push_back(of_own_size(data_.validation->read(i, nullptr)));
      }
      sum += loss_without_gradient(batch_of(windows, shape_), weights) * static_cast<double>(windows.size());
    }
    record.validation_loss = sum / static_cast<double>(total);
  }

  void measure(TrainOutcome& outcome) override {
    outcome.data_facts = data_.facts;
    const auto& [split, source] = report_source();
    if (outcome.interrupted || source == nullptr) return;
    outcome.evaluated_split = split;
    tasks::ForecasterSet forecasters(outcome.model, [&](const std::string& graph, const graph::InputShapes& sizes) {
      return std::make_unique<TorchExecutor>(outcome.model, graph,
                                             TorchExecutorOptions{.device = device_, .sizes = sizes});
    });
    tasks::MeasureOptions options = tasks::MeasureOptions::usual(tasks::forecast_input_of(outcome.model));
    options.most_windows = kReportWindows;
    outcome.forecast = std::make_shared<tasks::ForecastEvaluation>(
        tasks::evaluate_forecasts(forecasters, outcome.model, *source, report_shape_, options));
  }

 private:
  void check_options() const {
    const bool other = options_.clip_frames != 0 || options_.bptt_window != 0 || options_.carry_state ||
                       options_.class_weights || options_.label_smoothing != 0 || !options_.features.empty() ||
                       options_.attention_penalty != 0 || options_.order == SampleOrder::kBalanced;
    if (other) {
      throw ConfigError(
          "[train]: clip_frames, bptt_window, carry_state, class_weights, label_smoothing, features, attention_penalty "
          "and order = \"balanced\" are not for models that forecast; their windows are model.seen + model.forecast "
          "frames long");
    }
    if (options_.patience > 0 && data_.validation == nullptr) {
      throw ConfigError("[train]: patience waits for a better validation, but the data has no validation split");
    }
  }

  std::pair<std::string, tasks::WindowSource*> report_source() const {
    const std::string& wanted = options_.report_split;
    std::pair<std::string, tasks::WindowSource*> found{"", nullptr};
    for (const auto& [name, source] :
         {std::pair{kTrainSplit, data_.train.get()}, std::pair{kValidationSplit, data_.validation.get()},
          std::pair{kTestSplit, data_.test.get()}}) {
      if (source == nullptr || name == kTrainSplit) continue;
      if (wanted == "auto" || wanted == name) found = {std::string(name), source};
    }
    return found;
  }

  // For tests windows may be larger than the model's own frames.
  tasks::Window of_own_size(const tasks::Window& window) const {
    const Shape& frame = encode_.shapes[encode_.graph->input("frame")];
    return tasks::crop_middle(window, frame[1], frame[2]);
  }

  ForecastBatch next_batch() {
    std::vector<tasks::Window> windows;
    std::vector<std::uint64_t> samples;
    for (std::int64_t i = 0; i < options_.batch_size; ++i) {
      const SamplerPosition position = sampler_->position();
      const std::int64_t item = sampler_->next();
      Random random(options_.seed, position.epoch, static_cast<std::uint64_t>(item));
      windows.push_back(data_.train->read(item, &random));
      samples.push_back(static_cast<std::uint64_t>(item));
      if (sampler_->position().epoch != position.epoch) break;  // the last batch of an epoch may be smaller
    }
    ForecastBatch batch = batch_of(windows, shape_);
    batch.samples = std::move(samples);
    return batch;
  }

  torch::Tensor loss_of(GraphRunner& encoder, GraphRunner& forecaster, const ForecastBatch& batch,
                        const RunOptions& run) const {
    const std::int64_t streams = batch.streams();
    graph::Chunk seen = chunk_with(shape_.seen, streams, encode_.graph->inputs.size(), true);
    seen.inputs[0].data = as_rows(batch.frames);
    StreamState state = encoder.initial_state(streams);
    const auto states = encoder.run(seen, {}, state, run);
    graph::Chunk next = chunk_with(shape_.forecast, streams, forecast_.graph->inputs.size(), true);
    if (shape_.advected) {
      next.inputs[forecast_.graph->input_index(tasks::kAdvectedInput)].data = as_rows(batch.advected);
    }
    std::vector<torch::Tensor> given(forecast_.graph->inputs.size());
    apply_bindings(model_, *encode_.graph, states, *forecast_.graph, next, given);
    StreamState begun = forecaster.initial_state(streams);
    const auto outputs = forecaster.run(next, given, begun, run);
    const torch::Tensor frames = outputs[frame_output_].data;
    ForecastTruth truth{to_torch(as_rows(batch.targets), frames.options()), {}};
    if (batch.valid.count() > 0) {
      truth.valid = to_torch(batch.valid, frames.options()).flatten(0, 1).unsqueeze(1);
    }
    const torch::Tensor logits = logits_output_ ? outputs[*logits_output_].data : torch::Tensor();
    std::vector<double> weights;
    for (const double weight : tasks::lead_weights(loss_.leads, shape_.forecast)) {
      weights.insert(weights.end(), static_cast<std::size_t>(streams), weight);
    }
    return forecast_loss(frames, logits, truth, weights, streams, loss_);
  }

  double loss_without_gradient(const ForecastBatch& batch, const std::shared_ptr<const Weights>& weights) const {
    const torch::NoGradGuard no_gradient;
    GraphRunner encoder(encode_, weights), forecaster(forecast_, weights);
    return loss_of(encoder, forecaster, batch, {}).item<double>();
  }

  std::string device_;
  TrainRecipe read_;
  TrainOptions options_;
  graph::Model model_;
  tasks::WindowShape shape_, report_shape_;
  tasks::ForecastData data_;
  tasks::ForecastLossOptions loss_;
  std::optional<Sampler> sampler_;
  graph::Plan encode_, forecast_;
  std::size_t frame_output_ = 0;
  std::optional<std::size_t> logits_output_;
  std::shared_ptr<Weights> weights_;
  std::optional<GraphRunner> encoder_, forecaster_;
  ForecastBatch batch_;  // of the last step
};

}  // namespace

std::unique_ptr<Lesson> make_forecast_lesson(const TrainRequest& request) {
  return std::make_unique<ForecastLesson>(request);
}

}  // namespace longtake::training
