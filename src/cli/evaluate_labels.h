// The part of `longtake evaluate` for models that label every frame.
#pragma once

#include <string>

#include "base/threads.h"
#include "cli/classifier.h"
#include "data/dataset.h"
#include "metrics/ranking.h"

namespace longtake::cli {

struct LabelEvaluationOptions {
  Ties ties = Ties::kExpected;
  bool skip_bad_files = false;
  bool json = false;
  std::string save_as;   // what save_evaluation() calls it; empty: not saved
  std::string data;      // what the dataset is, in words
  std::string features;  // a folder of features, or empty for the videos themselves
  int threads = 0;
};

// Per-frame mAP and the average precision of each class on `dataset`, whose labels are the model's. Returns the exit
// code.
int evaluate_labels(const OpenedModel& opened, const Dataset& dataset, const LabelEvaluationOptions& options,
                    ThreadPool& pool);

}  // namespace longtake::cli
