#include "training/window_lesson.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/storm_evaluation.h"
#include "training/bridge.h"
#include "training/forecast_loss.h"
#include "training/torch_executor.h"

namespace longtake::training {

namespace {

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

WindowBatch batch_of(const std::vector<tasks::Window>& windows, const tasks::WindowShape& shape) {
  WindowBatch batch;
  for (const tasks::Window& window : windows) {
    batch.ids.push_back(window.id);
    if (window.frames.shape() != windows.front().frames.shape()) {
      throw BadData(fmt::format("{}: has frames {} where those of {} are {}; one batch needs one size", window.id,
                                to_string(window.frames.shape()), windows.front().id,
                                to_string(windows.front().frames.shape())));
    }
  }
  const std::int64_t first = shape.first_answer(), answers = shape.frames() - first;
  batch.frames = interleave<float>(windows, &tasks::Window::frames, 0, shape.seen);
  batch.targets = interleave<float>(windows, &tasks::Window::targets, first, answers);
  if (windows.front().valid.count() > 0) {
    batch.valid = interleave<std::uint8_t>(windows, &tasks::Window::valid, first, answers);
  }
  if (shape.advected) batch.advected = interleave<float>(windows, &tasks::Window::advected, 0, shape.forecast);
  return batch;
}

tasks::WindowSource& needed(const std::unique_ptr<tasks::WindowSource>& source) {
  if (source != nullptr) return *source;
  throw ConfigError("[data]: there is nothing to train on; name data.train");
}

}  // namespace

graph::Chunk new_chunk(std::int64_t ticks, std::int64_t streams, std::size_t inputs) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(static_cast<std::size_t>(ticks * streams), graph::kActive);
  for (std::int64_t s = 0; s < streams; ++s) chunk.flags[s] |= graph::kReset;
  chunk.inputs.resize(inputs);
  return chunk;
}

Tensor as_rows(const Tensor& tensor) {
  Shape shape(tensor.shape().begin() + 1, tensor.shape().end());
  shape[0] = tensor.size(0) * tensor.size(1);
  return tensor.reshaped(shape);
}

WindowLesson::WindowLesson(const TrainRequest& request)
    : device_(request.device), read_(read_train_recipe(request.recipe)), options_(read_.options) {
  model_ = make_model(request.recipe, read_, {}, *request.files, *request.log);
  loss_ = options_.forecast_loss;
}

void WindowLesson::open(const TrainRequest& request, const tasks::WindowShape& shape,
                        const tasks::WindowShape& opened) {
  shape_ = shape;
  data_ = read_.open_windows(*request.files, opened);
  if (data_.storms != nullptr) model_.inputs["frame"] = data_.storms->input;
  set_total_steps(options_, needed(data_.train).size());
  sampler_.emplace(options_.order, std::vector<std::int64_t>(data_.train->size(), 0), options_.seed);
  check_options();
  for (const std::string& fact : data_.facts) request.log->write(LogLevel::kInfo, fact);
}

void WindowLesson::check_options() const {
  const bool other = options_.bptt_window != 0 || options_.carry_state || options_.class_weights ||
                     options_.label_smoothing != 0 || !options_.features.empty() || options_.attention_penalty != 0 ||
                     options_.order == SampleOrder::kBalanced;
  if (other) {
    throw ConfigError(
        "[train]: bptt_window, carry_state, class_weights, label_smoothing, features, attention_penalty and order = "
        "\"balanced\" are not for models that forecast or follow storms");
  }
  if (options_.patience > 0 && data_.validation == nullptr) {
    throw ConfigError("[train]: patience waits for a better validation, but the data has no validation split");
  }
}

std::int64_t WindowLesson::steps_per_epoch() const {
  return (data_.train->size() + options_.batch_size - 1) / options_.batch_size;
}

double WindowLesson::learn(std::int64_t step) {
  batch_ = next_batch();
  const WindowLoss loss = loss_of(batch_, RunOptions{.training = true,
                                                     .seed = options_.seed,
                                                     .step = static_cast<std::uint64_t>(step),
                                                     .samples = batch_.samples});
  loss.value.backward();
  return loss.value.item<double>();
}

std::string WindowLesson::last_items() const { return fmt::format("{}", fmt::join(batch_.ids, ", ")); }

bool WindowLesson::answers_last_batch(const std::shared_ptr<const Weights>& weights) const {
  return std::isfinite(loss_without_gradient(batch_, weights));
}

void WindowLesson::save(Checkpoint& checkpoint) const {
  const SamplerPosition at = sampler_->position();
  checkpoint.metadata["batches"] = fmt::format("{} {}", at.epoch, at.position);
}

void WindowLesson::load(const Checkpoint& checkpoint, const std::string& source) {
  const std::string& text = text_of(checkpoint, "batches", source);
  const auto words = split(text, ' ');
  if (words.size() != 2) throw BadData(fmt::format("{}: \"{}\" is no position of batches", source, text));
  sampler_->seek({static_cast<std::uint64_t>(parse_int64(words[0], source)), parse_int64(words[1], source)});
}

void WindowLesson::validate(const std::shared_ptr<const Weights>& weights, EpochRecord& record) const {
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

bool WindowLesson::choose(graph::Model& trained) {
  if (data_.storms == nullptr || data_.storms->validation == nullptr) return false;
  tasks::TrackProtocol protocol = tasks::track_protocol_of(trained);
  protocol.thresholds =
      tasks::choose_thresholds(tasks::collect_storms(trained, executors(trained), *data_.storms->validation), protocol);
  tasks::set_track_protocol(protocol, trained);
  return true;
}

void WindowLesson::measure(TrainOutcome& outcome) {
  outcome.data_facts = data_.facts;
  const std::string split = report_split();
  if (outcome.interrupted || split.empty()) return;
  outcome.evaluated_split = split;
  const bool is_test = split == kTestSplit;
  if (data_.storms != nullptr) {
    tasks::StormSet& set = is_test ? *data_.storms->test : *data_.storms->validation;
    outcome.storms = std::make_shared<tasks::StormEvaluation>(
        tasks::evaluate_storms(tasks::collect_storms(outcome.model, executors(outcome.model), set), outcome.model));
  } else {
    measure_windows(outcome, is_test ? *data_.test : *data_.validation);
  }
}

std::string WindowLesson::report_split() const {
  const std::string& wanted = options_.report_split;
  std::string found;
  for (const auto& [name, source] :
       {std::pair{kValidationSplit, data_.validation.get()}, std::pair{kTestSplit, data_.test.get()}}) {
    if (source != nullptr && (wanted == "auto" || wanted == name)) found = name;
  }
  return found;
}

// For tests windows may be larger than the model's own frames.
tasks::Window WindowLesson::of_own_size(const tasks::Window& window) const {
  return tasks::crop_middle(window, frame_shape()[1], frame_shape()[2]);
}

WindowBatch WindowLesson::next_batch() {
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
  WindowBatch batch = batch_of(windows, shape_);
  batch.samples = std::move(samples);
  return batch;
}

double WindowLesson::loss_without_gradient(const WindowBatch& batch,
                                           const std::shared_ptr<const Weights>& weights) const {
  const torch::NoGradGuard no_gradient;
  return loss_of(batch, weights).value.item<double>();
}

torch::Tensor WindowLesson::loss_of_answers(const torch::Tensor& answers, const torch::Tensor& logits,
                                            const WindowBatch& batch) const {
  ForecastTruth truth{to_torch(as_rows(batch.targets), answers.options()), {}};
  if (batch.valid.count() > 0) {
    truth.valid = to_torch(batch.valid, answers.options()).flatten(0, 1).unsqueeze(1);
  }
  std::vector<double> weights;
  for (const double weight : tasks::lead_weights(loss_.leads, shape_.frames() - shape_.first_answer())) {
    weights.insert(weights.end(), static_cast<std::size_t>(batch.streams()), weight);
  }
  return forecast_loss(answers, logits, truth, weights, batch.streams(), loss_);
}

tasks::ExecutorMaker WindowLesson::executors(const graph::Model& model) const {
  return [&model, device = device_](const std::string& graph, const graph::InputShapes& sizes) {
    return std::make_unique<TorchExecutor>(model, graph, TorchExecutorOptions{.device = device, .sizes = sizes});
  };
}

}  // namespace longtake::training
