// The lesson of models that give a video a class, or every frame its labels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/threads.h"
#include "longtake/error.h"
#include "tasks/extract.h"
#include "training/batch.h"
#include "training/graph_runner.h"
#include "training/lesson.h"
#include "training/loss.h"
#include "training/recompute.h"
#include "training/slices.h"
#include "training/torch_executor.h"
#include "training/train_recipe.h"

namespace longtake::training {

namespace {

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
    if (!options.features.empty()) start_from_features(*request.files);
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

  // The split that the report is about; empty for none.
  std::string measured_split() const {
    if (options.report_split == "none") return "";
    if (options.report_split != "auto") return options.report_split;
    std::string newest;
    const auto splits = summarise(*dataset);
    for (const std::string_view split : {kTrainSplit, kValidationSplit, kTestSplit}) {
      if (splits.contains(std::string(split))) newest = split;
    }
    return newest;
  }

  void start_from_features(const Files& files) {
    const AugmentationOptions& changes = options.augmentation;
    if (changes.crop || changes.mirror || changes.zoom != 0 || changes.brightness != 0 || changes.contrast != 0 ||
        changes.rotation_degrees != 0) {
      throw ConfigError(
          "[augment] changes pictures, but train.features were computed of them as they are; only speed and "
          "frame_phase are left to vary");
    }
    if (tasks::protocol_of(model).crops > 1) {
      throw ConfigError(
          "[evaluate]: train.features were computed of the centre of each frame, but the model is tested on several "
          "crops of it; set evaluate.crops = 1");
    }
    tasks::CutModel cut = tasks::cut_at_encoder(model);
    features = FeatureSource{options.features, tasks::feature_fingerprint(cut.encoder)};
    whole = std::exchange(model, std::move(cut.head));
    if (options.skip_bad_files) return;
    const std::string measured = measured_split();
    for (const DatasetItem& item : dataset->items) {  // those of the test, too, before hours of training
      const bool used = item.split == kTrainSplit || item.split == kValidationSplit || item.split == measured;
      if (used) require_features(files, *features, item);
    }
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

class ClassifyLesson final : public Lesson {
 public:
  explicit ClassifyLesson(const TrainRequest& request)
      : device_(request.device),
        setup_(std::make_shared<Setup>(request)),
        options_(setup_->options),
        model_(setup_->model),
        plan_(graph::make_plan(model_, model_.graph("main"))),
        batches_((options_.carry_state ? stream_batches : clip_batches)(*setup_->train_cache, setup_->input, options_,
                                                                        answering())) {
    if (options_.class_weights) weigh_classes();
    logits_ = tasks::output_index(*plan_.graph, "logits");
    if (plan_.whole_sequences && options_.bptt_window > 0) {
      throw ConfigError("[train]: the model needs whole clips, so bptt_window must be 0");
    }
    if (options_.attention_penalty > 0) prepare_penalty();
  }

  const TrainOptions& options() const override { return options_; }
  const graph::Model& model() const override { return model_; }
  const graph::Model& saved() const override { return setup_->saved(); }

  void begin(const std::shared_ptr<Weights>& weights) override {
    weights_ = weights;
    runner_.emplace(plan_, weights);
  }

  std::int64_t steps_per_epoch() const override { return batches_->steps_per_epoch(); }

  double learn(std::int64_t step) override {
    batch_ = batches_->next();
    if (batch_.starts_anew) state_ = runner_->initial_state(batch_.chunk.streams);
    const RunOptions run{
        .training = true, .seed = options_.seed, .step = static_cast<std::uint64_t>(step), .samples = batch_.samples};
    PieceOptions pieces{.ticks = attention_ ? 0 : ticks_at_once()};
    if (options_.bptt_window > 0 && !options_.carry_state) {
      pieces = {Backpropagation::kTruncated, options_.bptt_window};
    }
    return backward_in_pieces(*runner_, batch_.chunk, {}, state_, run, pieces,
                              [&](const std::vector<RunnerOutput>& outputs, std::int64_t first_tick, bool) {
                                torch::Tensor sum = piece_loss(outputs[logits_], first_tick);
                                return attention_ ? sum + penalty(outputs[*attention_]) : sum;
                              });
  }

  std::string last_items() const override {
    std::string items;
    for (std::int64_t item : batch_.items) {
      items += (items.empty() ? "" : ", ") + setup_->train_cache->dataset().items[item].id;
    }
    return items;
  }

  bool answers_last_batch(const std::shared_ptr<const Weights>& weights) const override {
    TorchExecutor executor(model_, "main", weights);
    State state = executor.initial_state(batch_.chunk.streams);
    graph::Outputs outputs;
    const std::int64_t length = ticks_at_once() > 0 ? ticks_at_once() : batch_.chunk.ticks;
    for (std::int64_t first = 0; first < batch_.chunk.ticks; first += length) {
      const std::int64_t ticks = std::min(length, batch_.chunk.ticks - first);
      executor.run(slice(plan_, batch_.chunk, first, ticks), state, outputs);
      const auto logits = outputs[logits_].data.data<float>();
      if (!std::all_of(logits.begin(), logits.end(), [](float logit) { return std::isfinite(logit); })) return false;
    }
    return true;
  }

  void save(Checkpoint& checkpoint) const override {
    if (options_.carry_state) checkpoint.states["main"] = to_state(state_);
    checkpoint.metadata["batches"] = batches_->position();
  }

  void load(const Checkpoint& checkpoint, const std::string& source) override {
    batches_->seek(text_of(checkpoint, "batches", source));
    const auto carried = checkpoint.states.find("main");
    if (carried != checkpoint.states.end()) state_ = to_stream_state(plan_, carried->second, weights_->options());
  }

  void validate(const std::shared_ptr<const Weights>& weights, EpochRecord& record) const override {
    if (labels_frames(model_)) record.validation_metric = kFrameMap;
    if (setup_->validation_cache == nullptr) return;
    TorchExecutor executor(model_, "main", weights);
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

  void measure(TrainOutcome& outcome) override {
    outcome.evaluated_split = setup_->measured_split();
    outcome.dataset = setup_->dataset;
    outcome.bad_files = setup_->train_cache->bad_files();
    if (outcome.interrupted || outcome.evaluated_split.empty()) return;
    // The cache borrows the setup's threads, so it keeps the setup alive.
    const auto cache = setup_->open_cache(select_split(*setup_->dataset, outcome.evaluated_split));
    outcome.evaluated = {cache.get(), [setup = setup_, cache](ClipCache*) {}};
    const graph::Model measured = setup_->features ? tasks::cut_at_encoder(outcome.model).head : outcome.model;
    TorchExecutor executor(measured, "main", {.device = device_});
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

  // 0: all of them.
  std::int64_t ticks_at_once() const {
    if (plan_.whole_sequences) return 0;
    return ticks_in_budget(plan_, DType::kFloat32, batch_.chunk.streams, options_.memory_budget);
  }

  torch::Tensor piece_loss(const RunnerOutput& logits, std::int64_t first_tick) const {
    if (logits.rows.empty()) return {};
    const RowTargets rows = targets_of(batch_, logits.rows, first_tick);
    if (labels_frames(model_)) return logistic_loss(logits.data, rows.targets, rows.weights);
    return cross_entropy(logits.data, rows.labels, rows.weights, loss_options_);
  }

  torch::Tensor penalty(const RunnerOutput& attention) const {
    std::vector<std::int64_t> streams;
    for (const graph::OutputRow& row : attention.rows) streams.push_back(row.stream);
    return options_.attention_penalty * batch_.share *
           doubly_stochastic_penalty(attention.data, streams, batch_.chunk.streams, options_.attention_even);
  }

  void weigh_classes() {
    std::vector<std::int64_t> counts(model_.labels.size(), 0);
    for (const DatasetItem& item : setup_->train_cache->dataset().items) ++counts[item.label];
    loss_options_.class_weights = tasks::balanced_class_weights(counts);
  }

  std::string device_;
  std::shared_ptr<Setup> setup_;
  const TrainOptions& options_;
  const graph::Model& model_;
  graph::Plan plan_;
  std::shared_ptr<Weights> weights_;
  std::optional<GraphRunner> runner_;
  std::unique_ptr<BatchSource> batches_;
  Batch batch_;  // of the last step
  StreamState state_;
  CrossEntropyOptions loss_options_;
  std::size_t logits_ = 0;
  std::optional<std::size_t> attention_;  // where there is a penalty on it
};

}  // namespace

std::unique_ptr<Lesson> make_classify_lesson(const TrainRequest& request) {
  return std::make_unique<ClassifyLesson>(request);
}

}  // namespace longtake::training
