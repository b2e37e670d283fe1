// What a run has seen so far: the numbers behind its curves, and what early stopping remembers. Part of every
// checkpoint. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace longtake::training {

struct EpochRecord {
  std::int64_t epoch = 0;  // counted from 1
  std::int64_t step = 0;   // after it
  double train_loss = 0;
  double learning_rate = 0;
  std::optional<double> validation_loss;
  std::optional<double> validation_accuracy;  // or what validation_metric says
  double seconds = 0;                         // since the run began, without what was interrupted
  // What validation_accuracy is. Not part of a checkpoint: the model's task tells.
  std::string validation_metric = "accuracy";
};

struct History {
  std::int64_t step = 0;  // finished steps
  std::int64_t step_in_epoch = 0;
  double epoch_loss = 0;  // sum over the steps of the epoch so far
  double seconds = 0;
  std::vector<EpochRecord> epochs;
  std::optional<double> best_accuracy;  // of the validation
  std::optional<double> best_loss;
  std::int64_t best_epoch = 0;
  std::int64_t epochs_without_gain = 0;

  // Takes in a finished epoch and says whether it is the best so far: by validation accuracy, then by validation loss;
  // without an accuracy by the loss alone, without validation the newest is.
  bool add(const EpochRecord& record);

  std::string to_json() const;
  // Throws BadData.
  static History from_json(const std::string& text, const std::string& source);
};

}  // namespace longtake::training
