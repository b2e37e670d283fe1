// A classifier against a dataset whose labels are known: written once over graph::Executor, for validation while
// training and for the `evaluate` verb.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/clip_cache.h"
#include "metrics/classification.h"
#include "tasks/classify.h"

namespace longtake::tasks {

struct ItemEvaluation {
  std::int64_t item = 0;  // in the dataset
  std::int64_t truth = 0;
  std::int64_t predicted = 0;
  float truth_score = 0;  // the probability given to the truth
  std::vector<float> scores;
};

struct Evaluation {
  explicit Evaluation(std::int64_t classes) : metrics(classes) {}

  VideoClassificationMetrics metrics;
  double loss = 0;                    // mean over videos of -log of the probability of the truth
  std::vector<ItemEvaluation> items;  // those that could be read, in the dataset's order
  std::int64_t skipped = 0;           // those that could not
  std::string protocol;
};

// Called after each item, with how many are done; returns false to stop early.
using EvaluationProgress = std::function<bool(std::int64_t done)>;

// The clip with its frames in another order, the same for the same seed and item: what a model still knows of it does
// not come from motion. Times stay as they were.
Clip shuffled(const Clip& clip, std::uint64_t seed, std::int64_t item);

// The labels of the cache's dataset must be the model's. With `shuffle` every video is seen with its frames in an order
// that this seed gives.
Evaluation evaluate(Classifier& classifier, ClipCache& cache, const Protocol& protocol,
                    const EvaluationProgress& progress = {}, std::optional<std::uint64_t> shuffle = std::nullopt);

// The mean of the scores of several models that evaluated the same items, each with its weight divided by their sum:
// late fusion. What one of them could not read is skipped: a video of one frame has pictures, but no flow. Throws
// InvalidArgument when the items' labels differ or the weights do not fit.
Evaluation fuse(const std::vector<Evaluation>& evaluations, const std::vector<double>& weights, std::int64_t classes);

}  // namespace longtake::tasks
