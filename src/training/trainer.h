// Trains a model that classifies, labels every frame, forecasts, or follows storms from a recipe: the loop over
// batches, validation, checkpoints, early stopping, resuming. Free of LibTorch, so that cli/ may include it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/files.h"
#include "base/log.h"
#include "base/options.h"
#include "data/clip_cache.h"
#include "graph/model.h"
#include "tasks/evaluate.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/forecast_sample.h"
#include "tasks/label.h"
#include "tasks/storm_evaluation.h"
#include "training/history.h"
#include "training/samples.h"
#include "training/train_options.h"

namespace longtake::training {

// What happened, for whoever shows or stores it. Calls come from the training thread.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(std::int64_t step, std::int64_t epoch, std::int64_t step_in_epoch, std::int64_t steps_per_epoch,
                       double loss, double learning_rate) = 0;
  virtual void on_epoch(const EpochRecord& record, bool best) = 0;
};

// The files of a run: <directory>/recipe.toml, model.safetensors (the best so far by validation, or without one the
// newest), checkpoints/last.safetensors and checkpoints/best.safetensors.
struct RunPaths {
  explicit RunPaths(Files::Path run) : directory(std::move(run)) {}

  Files::Path directory;
  Files::Path recipe() const { return directory / "recipe.toml"; }
  Files::Path model() const { return directory / "model.safetensors"; }
  Files::Path report() const { return directory / "report.html"; }
  Files::Path last() const { return directory / "checkpoints" / "last.safetensors"; }
  Files::Path best() const { return directory / "checkpoints" / "best.safetensors"; }
};

struct TrainRequest {
  Options recipe;  // with its overrides
  RunPaths paths{""};
  bool resume = false;  // go on from checkpoints/last; without one begin
  std::string device = "cpu";
  int threads = 0;      // of LibTorch; 0: as many as the machine has cores
  std::string command;  // as it was typed, for the provenance
  // When it turns true, the step is finished, a checkpoint written, and train() returns.
  const std::atomic<bool>* stop = nullptr;
  const Files* files = &real_files();
  const LogSink* log = &silent_log();
  TrainObserver* observer = nullptr;
};

struct TrainOutcome {
  graph::Model model;  // as in model.safetensors
  History history;
  TrainOptions options;
  std::shared_ptr<Dataset> dataset;      // all splits, with the model's labels
  std::string evaluated_split;           // TrainOptions::report_split, resolved; empty for "none" or when interrupted
  std::shared_ptr<ClipCache> evaluated;  // the clips that `evaluation` is about; null without one
  std::shared_ptr<tasks::Evaluation> evaluation;        // of the model on that split, by its own protocol
  std::shared_ptr<tasks::LabelEvaluation> labelling;    // the same of a model that labels every frame
  std::vector<Watched> watched;                         // some of its videos, frame by frame: watch_samples()
  std::shared_ptr<tasks::ForecastEvaluation> forecast;  // the same of a model that forecasts, which has no dataset
  std::vector<tasks::ForecastSample> forecast_samples;  // some of its forecasts
  std::shared_ptr<tasks::StormEvaluation> storms;       // and of one that follows or forecasts storms
  std::vector<std::string> data_facts;                  // and what there is to say of its data
  BadFileReport bad_files;
  bool interrupted = false;
  bool stopped_early = false;
};

// Runs until the recipe's epochs are done, early stopping says so, or `stop` is set. The run directory is created; one
// that holds a run already is refused unless `resume`, and one in which another process trains always. With the same
// seed, machine and threads the same bytes come out, also when the process was killed and resumed any number of times.
// Throws ConfigError for the recipe, BadData and IoError for data and files, and Error when the loss is not a number,
// naming the step and the items of the batch; the last checkpoint then stays as it was.
TrainOutcome train(const TrainRequest& request);

}  // namespace longtake::training
