#include "training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/directory_lock.h"
#include "base/threads.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "tasks/extract.h"
#include "training/batch.h"
#include "training/bridge.h"
#include "training/checkpoint.h"
#include "training/device.h"
#include "training/graph_runner.h"
#include "training/loss.h"
#include "training/optimizer.h"
#include "training/recompute.h"
#include "training/slices.h"
#include "training/torch_executor.h"
#include "training/train_recipe.h"

namespace longtake::training {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A recipe whose data has no training items is wrong, not the program.
Dataset training_split(const Dataset& dataset) {
  try {
    return select_split(dataset, kTrainSplit);
  } catch (const InvalidArgument& error) {
    throw ConfigError(fmt::format("[data]: {}", error.what()));
  }
}

constexpr const char* kFrameMap = "per-frame mAP";

bool labels_frames(const graph::Model& model) { return model.task == tasks::kLabelTask; }

// The data must be of the model's kind, and what speaks of an item's one class has no meaning for intervals.
void check_task(const graph::Model& model, const Dataset& dataset, const TrainOptions& options) {
  if (labels_frames(model) && !dataset.dense) {
    throw ConfigError(
        fmt::format("[data]: its videos have one class each, but the model '{}' labels every frame; a format with "
                    "intervals is wanted, such as \"activitynet\"",
                    model.name));
  }
  if (dataset.dense && !labels_frames(model)) {
    throw ConfigError(
        fmt::format("[data]: its videos have intervals, but the model '{}' gives a video one class; a model whose task "
                    "is \"label\" is wanted, such as multi_lstm",
                    model.name));
  }
  const bool by_class =
      options.class_weights || options.label_smoothing != 0 || options.order == SampleOrder::kBalanced;
  if (dataset.dense && by_class) {
    throw ConfigError(
        "[train]: class_weights, label_smoothing and order = \"balanced\" are for videos of one class each");
  }
}

// Everything a recipe decides, read and checked before the first frame is decoded.
struct Setup {
  explicit Setup(const TrainRequest& request)
      : pool(request.threads == 0 ? static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))
                                  : request.threads) {
    const Options& recipe = request.recipe;
    const TrainRecipe read = read_train_recipe(recipe);
    input = read.input;
    options = read.options;
    dataset = std::make_shared<Dataset>(read.list_data(*request.files));
    const Dataset train = training_split(*dataset);
    set_total_steps(options, static_cast<std::int64_t>(train.items.size()));
    model = make_model(recipe, read, dataset->labels, *request.files, *request.log);
    check_task(model, *dataset, options);
    check_splits();
    if (!options.features.empty()) start_from_features();
    train_cache = open_cache(train);
    const auto splits = summarise(*dataset);
    if (splits.count(std::string(kValidationSplit)) != 0) {
      validation_cache = open_cache(select_split(*dataset, kValidationSplit));
    }
  }

  void check_splits() const {
    const auto splits = summarise(*dataset);
    const std::string& wanted = options.report_split;
    if (wanted != "auto" && wanted != "none" && !splits.contains(wanted)) {
      throw ConfigError(fmt::format("[train]: report_split = \"{}\", but the data has no item in that split", wanted));
    }
    if (options.patience > 0 && !splits.contains(std::string(kValidationSplit))) {
      throw ConfigError(
          "[train]: patience waits for a better validation, but the data has no validation split; "
          "data.validation_share holds one out");
    }
  }

  void start_from_features() {
    const AugmentationOptions& changes = options.augmentation;
    if (changes.crop || changes.mirror || changes.zoom != 0 || changes.brightness != 0 || changes.contrast != 0 ||
        changes.rotation_degrees != 0) {
      throw ConfigError(
          "[augment] changes pictures, but train.features were computed of them as they are; only speed and "
          "frame_phase are left to vary");
    }
    tasks::CutModel cut = tasks::cut_at_encoder(model);
    features = FeatureSource{options.features, tasks::feature_fingerprint(cut.encoder)};
    whole = std::exchange(model, std::move(cut.head));
  }

  std::shared_ptr<ClipCache> open_cache(Dataset split) {
    const BadFiles bad_files = options.skip_bad_files ? BadFiles::kSkip : BadFiles::kError;
    return std::make_shared<ClipCache>(std::move(split), input,
                                       ClipCacheOptions{options.cache_budget, bad_files, features}, pool);
  }

  ThreadPool pool;
  InputSpec input;
  std::shared_ptr<Dataset> dataset;
  graph::Model model;                 // what is trained: all of it, or with features what comes behind the encoder
  std::optional<graph::Model> whole;  // with features: encoder and all

  const graph::Model& saved() const { return whole ? *whole : model; }
  TrainOptions options;
  std::optional<FeatureSource> features;
  std::shared_ptr<ClipCache> train_cache;
  std::shared_ptr<ClipCache> validation_cache;  // null without a validation split
};

class Trainer {
 public:
  explicit Trainer(const TrainRequest& request)
      : request_(request),
        setup_(std::make_shared<Setup>(request)),
        options_(setup_->options),
        model_(setup_->model),
        plan_(graph::make_plan(model_, model_.graph("main"))),
        weights_(
            std::make_shared<Weights>(model_, torch::dtype(torch::kFloat32).device(torch::Device(request.device)))),
        runner_(plan_, weights_),
        optimizer_(weights_, options_.optimizer),
        batches_((options_.carry_state ? stream_batches : clip_batches)(*setup_->train_cache, setup_->input, options_,
                                                                        answering())) {
    if (options_.average_decay > 0) average_.emplace(*weights_, options_.average_decay);
    if (options_.class_weights) weigh_classes();
    logits_ = tasks::output_index(*plan_.graph, "logits");
    if (plan_.whole_sequences && options_.bptt_window > 0) {
      throw ConfigError("[train]: the model needs whole clips, so bptt_window must be 0");
    }
    if (options_.attention_penalty > 0) prepare_penalty();
  }

  TrainOutcome run() {
    start_directory();
    start_ = Clock::now();
    last_checkpoint_ = start_;
    while (!finished()) {
      if (!run_epoch()) return finish(true, false);
    }
    return finish(false, out_of_patience());
  }

 private:
  Answering answering() const {
    return {plan_.lag, [this](std::int64_t frames) { return graph::answered_frames(plan_, "logits", frames); }};
  }

  void prepare_penalty() {
    if (!model_.protocol.contains("attention")) {
      throw ConfigError("[train]: attention_penalty is for models with spatial attention, such as visual_attention");
    }
    if (options_.bptt_window > 0) {
      throw ConfigError("[train]: attention_penalty sums over whole clips, so bptt_window must be 0");
    }
    attention_ = tasks::output_index(*plan_.graph, "attention");
  }

  // A function of the history alone, so that a run which was over stays over when it is resumed.
  bool out_of_patience() const { return options_.patience > 0 && history_.epochs_without_gain >= options_.patience; }

  bool finished() const {
    return static_cast<std::int64_t>(history_.epochs.size()) >= options_.epochs || out_of_patience();
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
    const std::int64_t steps = batches_->steps_per_epoch();
    while (history_.step_in_epoch < steps) {
      if (request_.stop != nullptr && *request_.stop) return false;
      run_step(steps);
      if (checkpoint_is_due()) save(request_.paths.last());
    }
    finish_epoch();
    return true;
  }

  void run_step(std::int64_t steps) {
    const Batch batch = batches_->next();
    const double rate = learning_rate(options_.learning_rate, history_.step);
    const double loss = learn(batch, rate);
    ++history_.step;
    ++history_.step_in_epoch;
    history_.epoch_loss += loss;
    if (history_.step_in_epoch == steps) check_answers(batch);
    if (request_.observer != nullptr) {
      request_.observer->on_step(history_.step, static_cast<std::int64_t>(history_.epochs.size()) + 1,
                                 history_.step_in_epoch, steps, loss, rate);
    }
  }

  double learn(const Batch& batch, double rate) {
    if (batch.starts_anew) state_ = runner_.initial_state(batch.chunk.streams);
    weights_->clear_gradients();
    const RunOptions run{.training = true,
                         .seed = options_.seed,
                         .step = static_cast<std::uint64_t>(history_.step),
                         .samples = batch.samples};
    PieceOptions pieces{.ticks = attention_ ? 0 : ticks_at_once(batch)};
    if (options_.bptt_window > 0 && !options_.carry_state) {
      pieces = {Backpropagation::kTruncated, options_.bptt_window};
    }
    const double loss =
        backward_in_pieces(runner_, batch.chunk, {}, state_, run, pieces,
                           [&](const std::vector<RunnerOutput>& outputs, std::int64_t first_tick, bool) {
                             torch::Tensor sum = piece_loss(batch, outputs[logits_], first_tick);
                             return attention_ ? sum + penalty(batch, outputs[*attention_]) : sum;
                           });
    const double norm = clip_gradients(*weights_, options_.clip_norm);
    if (!std::isfinite(loss) || !std::isfinite(norm)) refuse(batch, loss);
    optimizer_.step(rate);
    if (average_) average_->update(*weights_);
    return loss;
  }

  // 0: all of them.
  std::int64_t ticks_at_once(const Batch& batch) const {
    if (plan_.whole_sequences) return 0;
    return ticks_in_budget(plan_, DType::kFloat32, batch.chunk.streams, options_.memory_budget);
  }

  torch::Tensor piece_loss(const Batch& batch, const RunnerOutput& logits, std::int64_t first_tick) const {
    if (logits.rows.empty()) return {};
    const RowTargets rows = targets_of(batch, logits.rows, first_tick);
    if (labels_frames(model_)) return logistic_loss(logits.data, rows.targets, rows.weights);
    return cross_entropy(logits.data, rows.labels, rows.weights, loss_options_);
  }

  torch::Tensor penalty(const Batch& batch, const RunnerOutput& attention) const {
    std::vector<std::int64_t> streams;
    for (const graph::OutputRow& row : attention.rows) streams.push_back(row.stream);
    return options_.attention_penalty * batch.share *
           doubly_stochastic_penalty(attention.data, streams, batch.chunk.streams, options_.attention_even);
  }

  [[noreturn]] void refuse(const Batch& batch, double loss) const {
    std::string items;
    for (std::int64_t item : batch.items) {
      items += (items.empty() ? "" : ", ") + setup_->train_cache->dataset().items[item].id;
    }
    throw Error(
        fmt::format("the {} is not a finite number at step {} (epoch {}), in the batch of {}; the last checkpoint "
                    "is kept. A smaller train.learning_rate or a train.clip_norm usually helps",
                    std::isfinite(loss) ? "gradient" : "loss", history_.step + 1, batch.epoch + 1, items));
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
  void check_answers(const Batch& batch) const {
    TorchExecutor executor(model_, "main", best_weights());
    State state = executor.initial_state(batch.chunk.streams);
    graph::Outputs outputs;
    const std::int64_t length = ticks_at_once(batch) > 0 ? ticks_at_once(batch) : batch.chunk.ticks;
    for (std::int64_t first = 0; first < batch.chunk.ticks; first += length) {
      const std::int64_t ticks = std::min(length, batch.chunk.ticks - first);
      executor.run(slice(plan_, batch.chunk, first, ticks), state, outputs);
      const auto logits = outputs[logits_].data.data<float>();
      if (std::all_of(logits.begin(), logits.end(), [](float logit) { return std::isfinite(logit); })) continue;
      throw Error(
          fmt::format("an answer of the model is not a finite number at step {} (epoch {}); the last checkpoint is "
                      "kept. A smaller train.learning_rate or a train.clip_norm usually helps",
                      history_.step, history_.epochs.size() + 1));
    }
  }

  void weigh_classes() {
    std::vector<std::int64_t> counts(model_.labels.size(), 0);
    for (const DatasetItem& item : setup_->train_cache->dataset().items) ++counts[item.label];
    loss_options_.class_weights = tasks::balanced_class_weights(counts);
  }

  std::shared_ptr<const Weights> best_weights() const {
    return average_ ? std::shared_ptr<const Weights>(average_->weights()) : weights_;
  }

  void validate(EpochRecord& record) const {
    TorchExecutor executor(model_, "main", best_weights());
    tasks::Classifier classifier(model_, executor);
    if (labels_frames(model_)) {
      const tasks::LabelEvaluation evaluation = tasks::evaluate_labels(classifier, *setup_->validation_cache);
      record.validation_loss = evaluation.loss;
      record.validation_accuracy = evaluation.frames.mean();
      return;
    }
    const tasks::Evaluation evaluation =
        tasks::evaluate(classifier, *setup_->validation_cache, tasks::protocol_of(model_));
    record.validation_loss = evaluation.loss;
    record.validation_accuracy = evaluation.metrics.videos().top1();
  }

  void finish_epoch() {
    check_weights();
    EpochRecord record{.epoch = static_cast<std::int64_t>(history_.epochs.size()) + 1,
                       .step = history_.step,
                       .train_loss = history_.epoch_loss / static_cast<double>(history_.step_in_epoch),
                       .learning_rate = learning_rate(options_.learning_rate, history_.step - 1)};
    if (labels_frames(model_)) record.validation_metric = kFrameMap;
    if (setup_->validation_cache != nullptr) validate(record);
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
    graph::Model trained = setup_->saved();
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
    if (options_.carry_state) checkpoint.states["main"] = to_state(state_);
    History history = history_;
    history.seconds += seconds_since(start_);
    checkpoint.metadata["history"] = history.to_json();
    checkpoint.metadata["batches"] = batches_->position();
    checkpoint.metadata["recipe"] = request_.recipe.to_toml();
    save_checkpoint(*request_.files, path, checkpoint);
  }

  void load(const Checkpoint& checkpoint) {
    const std::string source = request_.paths.last().string();
    const auto text = [&](const char* key) {
      const auto found = checkpoint.metadata.find(key);
      if (found == checkpoint.metadata.end()) throw BadData(fmt::format("{}: it has no '{}'", source, key));
      return found->second;
    };
    if (text("recipe") != request_.recipe.to_toml()) {
      throw ConfigError(
          fmt::format("{} was made with another recipe; resume with the run's own {}, without overrides that "
                      "differ",
                      source, request_.paths.recipe().string()));
    }
    history_ = History::from_json(text("history"), source);
    weights_->load(checkpoint.weights);
    optimizer_.load(checkpoint.optimizer);
    if (average_) average_->weights()->load(checkpoint.average);
    batches_->seek(text("batches"));
    const auto carried = checkpoint.states.find("main");
    if (carried != checkpoint.states.end()) {
      state_ = to_stream_state(plan_, carried->second, weights_->options());
    }
  }

  TrainOutcome finish(bool interrupted, bool stopped_early) {
    if (interrupted) save(request_.paths.last());
    history_.seconds += seconds_since(start_);
    TrainOutcome outcome{
        .model = setup_->saved(), .history = history_, .options = options_, .dataset = setup_->dataset};
    outcome.interrupted = interrupted;
    outcome.stopped_early = stopped_early;
    outcome.bad_files = setup_->train_cache->bad_files();
    if (interrupted) return outcome;
    outcome.model = graph::load_model(request_.paths.model().string(), *request_.files);
    measure(outcome);
    return outcome;
  }

  // The finished model on the split that the report is about. It decides nothing: training is over.
  void measure(TrainOutcome& outcome) {
    const auto splits = summarise(*setup_->dataset);
    outcome.evaluated_split = options_.report_split;
    if (options_.report_split == "none") outcome.evaluated_split.clear();
    if (options_.report_split == "auto") {
      for (const std::string_view split : {kTrainSplit, kValidationSplit, kTestSplit}) {
        if (splits.count(std::string(split)) != 0) outcome.evaluated_split = split;
      }
    }
    if (outcome.evaluated_split.empty()) return;
    // The cache borrows the setup's threads, so it keeps the setup alive.
    const auto cache = setup_->open_cache(select_split(*setup_->dataset, outcome.evaluated_split));
    outcome.evaluated = {cache.get(), [setup = setup_, cache](ClipCache*) {}};
    const graph::Model measured = setup_->features ? tasks::cut_at_encoder(outcome.model).head : outcome.model;
    TorchExecutor executor(measured, "main", {.device = request_.device});
    tasks::Classifier classifier(measured, executor);
    if (labels_frames(measured)) {
      outcome.labelling =
          std::make_shared<tasks::LabelEvaluation>(tasks::evaluate_labels(classifier, *outcome.evaluated));
      outcome.watched = watch_samples(classifier, *outcome.evaluated, nullptr);
      return;
    }
    outcome.evaluation = std::make_shared<tasks::Evaluation>(
        tasks::evaluate(classifier, *outcome.evaluated, tasks::protocol_of(measured)));
    outcome.watched = watch_samples(classifier, *outcome.evaluated, outcome.evaluation.get());
  }

  const TrainRequest& request_;
  std::shared_ptr<Setup> setup_;
  const TrainOptions& options_;
  const graph::Model& model_;
  graph::Plan plan_;
  std::shared_ptr<Weights> weights_;
  GraphRunner runner_;
  Optimizer optimizer_;
  std::unique_ptr<BatchSource> batches_;
  std::optional<MovingAverage> average_;
  CrossEntropyOptions loss_options_;
  std::size_t logits_ = 0;
  std::optional<std::size_t> attention_;  // where there is a penalty on it
  StreamState state_;
  History history_;
  Clock::time_point start_, last_checkpoint_;
  std::optional<DirectoryLock> lock_;
};

}  // namespace

TrainOutcome train(const TrainRequest& request) {
  check_device(request.device);
  configure_torch(request.threads, request.device);
  return guarded("training", [&] { return Trainer(request).run(); });
}

}  // namespace longtake::training
