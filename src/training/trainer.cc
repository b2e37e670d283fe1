#include "training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/directory_lock.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "tasks/forecast.h"
#include "tasks/track.h"
#include "training/bridge.h"
#include "training/checkpoint.h"
#include "training/device.h"
#include "training/lesson.h"
#include "training/optimizer.h"
#include "training/train_recipe.h"

namespace longtake::training {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::unique_ptr<Lesson> make_lesson(const TrainRequest& request) {
  const std::string task = task_of(request.recipe);
  if (task == tasks::kForecastTask) return make_forecast_lesson(request);
  if (task == tasks::kTrackTask) return make_track_lesson(request);
  return make_classify_lesson(request);
}

class Trainer {
 public:
  explicit Trainer(const TrainRequest& request)
      : request_(request),
        lesson_(make_lesson(request)),
        options_(lesson_->options()),
        weights_(std::make_shared<Weights>(lesson_->model(),
                                           torch::dtype(torch::kFloat32).device(torch::Device(request.device)))),
        optimizer_(weights_, options_.optimizer) {
    lesson_->begin(weights_);
    if (options_.average_decay > 0) average_.emplace(*weights_, options_.average_decay);
  }

  TrainOutcome run() {
    start_directory();
    start_ = Clock::now();
    last_checkpoint_ = start_;
    try {
      while (!finished()) {
        if (!run_epoch()) return finish(true, false);
      }
    } catch (...) {
      if (is_new_ && history_.step == 0) leave_nothing();
      throw;
    }
    return finish(false, out_of_patience());
  }

 private:
  // A function of the history alone, so that a run which was over stays over when it is resumed.
  bool out_of_patience() const { return options_.patience > 0 && history_.epochs_without_gain >= options_.patience; }

  bool finished() const {
    return static_cast<std::int64_t>(history_.epochs.size()) >= options_.epochs || out_of_patience();
  }

  // A run that ends before its first step would only be in the way of the next one.
  void leave_nothing() const {
    try {
      request_.files->remove(request_.paths.recipe());
      std::error_code ignored;  // what is not empty stays
      std::filesystem::remove(request_.paths.directory / "checkpoints", ignored);
      std::filesystem::remove(request_.paths.directory, ignored);
    } catch (const Error&) {  // the error that ended the run says more
    }
  }

  // A new run, or the place where an old one stopped.
  void start_directory() {
    const Files& files = *request_.files;
    const bool there = files.exists(request_.paths.last());
    const bool begun = there || files.exists(request_.paths.recipe()) || files.exists(request_.paths.model());
    if (begun && !request_.resume) {
      throw ConfigError(
          fmt::format("{} already holds a run; give --resume to go on with it, or another --run directory",
                      request_.paths.directory.string()));
    }
    is_new_ = !begun;
    files.create_directories(request_.paths.directory / "checkpoints");
    lock_.emplace(request_.paths.directory);
    if (there) {
      load(load_checkpoint(files, request_.paths.last()));
      const std::string place =
          finished() ? fmt::format("{} epochs, {} steps: the run is finished", history_.epochs.size(), history_.step)
                     : fmt::format("step {} (epoch {})", history_.step, history_.epochs.size() + 1);
      request_.log->write(LogLevel::kInfo, fmt::format("resumed {} at {}", request_.paths.last().string(), place));
      return;
    }
    if (request_.resume) {
      request_.log->write(LogLevel::kInfo,
                          fmt::format("there is no checkpoint {}, so the run starts from the beginning",
                                      request_.paths.last().string()));
    }
    files.write_atomic(request_.paths.recipe(), request_.recipe.to_toml());
  }

  bool run_epoch() {
    const std::int64_t steps = lesson_->steps_per_epoch();
    while (history_.step_in_epoch < steps) {
      if (request_.stop != nullptr && *request_.stop) return false;
      run_step(steps);
      if (checkpoint_is_due()) save(request_.paths.last());
    }
    finish_epoch();
    return true;
  }

  void run_step(std::int64_t steps) {
    const double rate = learning_rate(options_.learning_rate, history_.step);
    const double loss = learn(rate);
    ++history_.step;
    ++history_.step_in_epoch;
    history_.epoch_loss += loss;
    if (history_.step_in_epoch == steps) check_answers();
    if (request_.observer != nullptr) {
      request_.observer->on_step(history_.step, static_cast<std::int64_t>(history_.epochs.size()) + 1,
                                 history_.step_in_epoch, steps, loss, rate);
    }
  }

  double learn(double rate) {
    weights_->clear_gradients();
    const double loss = lesson_->learn(history_.step);
    const double norm = clip_gradients(*weights_, options_.clip_norm);
    if (!std::isfinite(loss) || !std::isfinite(norm)) refuse(loss);
    optimizer_.step(rate);
    if (average_) average_->update(*weights_);
    return loss;
  }

  [[noreturn]] void refuse(double loss) const {
    throw Error(
        fmt::format("the {} is not a finite number at step {} (epoch {}), in the batch of {}; the last checkpoint "
                    "is kept. A smaller train.learning_rate or a train.clip_norm usually helps",
                    std::isfinite(loss) ? "gradient" : "loss", history_.step + 1, history_.epochs.size() + 1,
                    lesson_->last_items()));
  }

  // An update may overshoot although loss and gradient were finite; such weights must not replace the best ones.
  void check_weights() const {
    for (const graph::Parameter* parameter : weights_->trainable()) {
      if (torch::isfinite(weights_->at(parameter->name)).all().item<bool>()) continue;
      throw Error(
          fmt::format("a weight of '{}' is not a finite number at step {} (epoch {}); the last checkpoint is kept. "
                      "A smaller train.learning_rate or a train.clip_norm usually helps",
                      parameter->name, history_.step, history_.epochs.size() + 1));
    }
  }

  // Weights may be finite and yet so large that the answers are not. Nothing but the next step would tell, and an epoch
  // has a last one: its batch is asked again, with the weights that would be saved.
  void check_answers() const {
    if (lesson_->answers_last_batch(best_weights())) return;
    throw Error(
        fmt::format("an answer of the model is not a finite number at step {} (epoch {}); the last checkpoint is "
                    "kept. A smaller train.learning_rate or a train.clip_norm usually helps",
                    history_.step, history_.epochs.size() + 1));
  }

  std::shared_ptr<const Weights> best_weights() const {
    return average_ ? std::shared_ptr<const Weights>(average_->weights()) : weights_;
  }

  void finish_epoch() {
    check_weights();
    EpochRecord record{.epoch = static_cast<std::int64_t>(history_.epochs.size()) + 1,
                       .step = history_.step,
                       .train_loss = history_.epoch_loss / static_cast<double>(history_.step_in_epoch),
                       .learning_rate = learning_rate(options_.learning_rate, history_.step - 1)};
    lesson_->validate(best_weights(), record);
    record.seconds = history_.seconds + seconds_since(start_);
    history_.step_in_epoch = 0;
    history_.epoch_loss = 0;
    const bool best = history_.add(record);
    // The model first: if the process dies in between, the epoch is simply done again.
    if (best) {
      graph::save_model(trained_model(), request_.paths.model().string(), *request_.files);
      save(request_.paths.best());
    }
    save(request_.paths.last());
    if (request_.observer != nullptr) request_.observer->on_epoch(record, best);
  }

  graph::Model trained_model() const {
    graph::Model trained = lesson_->saved();
    best_weights()->store(trained);
    trained.provenance["command"] = request_.command;
    trained.provenance["seed"] = std::to_string(options_.seed);
    trained.provenance["step"] = std::to_string(history_.step);
    trained.provenance["trained_with"] = describe_torch();
    return trained;
  }

  bool checkpoint_is_due() const {
    if (options_.checkpoint_steps > 0 && history_.step % options_.checkpoint_steps == 0) return true;
    return seconds_since(last_checkpoint_) >= options_.checkpoint_seconds;
  }

  void save(const Files::Path& path) {
    last_checkpoint_ = Clock::now();
    Checkpoint checkpoint{.weights = weights_->tensors(), .optimizer = optimizer_.state()};
    if (average_) checkpoint.average = average_->weights()->tensors();
    lesson_->save(checkpoint);
    History history = history_;
    history.seconds += seconds_since(start_);
    checkpoint.metadata["history"] = history.to_json();
    checkpoint.metadata["recipe"] = request_.recipe.to_toml();
    save_checkpoint(*request_.files, path, checkpoint);
  }

  void load(const Checkpoint& checkpoint) {
    const std::string source = request_.paths.last().string();
    if (text_of(checkpoint, "recipe", source) != request_.recipe.to_toml()) {
      throw ConfigError(
          fmt::format("{} was made with another recipe; resume with the run's own {}, without overrides that "
                      "differ",
                      source, request_.paths.recipe().string()));
    }
    history_ = History::from_json(text_of(checkpoint, "history", source), source);
    weights_->load(checkpoint.weights);
    optimizer_.load(checkpoint.optimizer);
    if (average_) average_->weights()->load(checkpoint.average);
    lesson_->load(checkpoint, source);
  }

  TrainOutcome finish(bool interrupted, bool stopped_early) {
    if (interrupted) save(request_.paths.last());
    history_.seconds += seconds_since(start_);
    TrainOutcome outcome{.model = lesson_->saved(), .history = history_, .options = options_};
    outcome.interrupted = interrupted;
    outcome.stopped_early = stopped_early;
    if (!interrupted) {
      const std::string path = request_.paths.model().string();
      outcome.model = graph::load_model(path, *request_.files);
      if (lesson_->choose(outcome.model)) graph::save_model(outcome.model, path, *request_.files);
    }
    // It decides nothing: training is over.
    lesson_->measure(outcome);
    return outcome;
  }

  const TrainRequest& request_;
  std::unique_ptr<Lesson> lesson_;
  const TrainOptions& options_;
  std::shared_ptr<Weights> weights_;
  Optimizer optimizer_;
  std::optional<MovingAverage> average_;
  History history_;
  Clock::time_point start_, last_checkpoint_;
  std::optional<DirectoryLock> lock_;
  bool is_new_ = false;  // its directory held no run
};

}  // namespace

const std::string& text_of(const Checkpoint& checkpoint, const std::string& key, const std::string& source) {
  const auto found = checkpoint.metadata.find(key);
  if (found == checkpoint.metadata.end()) throw BadData(fmt::format("{}: it has no '{}'", source, key));
  return found->second;
}

TrainOutcome train(const TrainRequest& request) {
  check_device(request.device);
  configure_torch(request.threads, request.device);
  return guarded("training", [&] { return Trainer(request).run(); });
}

}  // namespace longtake::training
