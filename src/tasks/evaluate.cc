#include "tasks/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

void add(Evaluation& evaluation, std::int64_t item, std::int64_t truth, std::vector<float> scores,
         const std::vector<std::vector<float>>& clip_scores) {
  evaluation.metrics.add(clip_scores, scores, truth);
  const float truth_score = scores[truth];
  evaluation.loss -= std::log(std::max(1e-12, static_cast<double>(truth_score)));
  evaluation.items.push_back({item, truth, best_class(scores), truth_score, std::move(scores)});
}

}  // namespace

Evaluation evaluate(Classifier& classifier, ClipCache& cache, const Protocol& protocol,
                    const EvaluationProgress& progress) {
  const Dataset& dataset = cache.dataset();
  if (dataset.labels != classifier.model().labels) throw InvalidArgument("the dataset has other labels than the model");
  Evaluation evaluation(static_cast<std::int64_t>(dataset.labels.size()));
  evaluation.protocol = protocol.describe();
  for (std::int64_t item = 0; item < static_cast<std::int64_t>(dataset.items.size()); ++item) {
    const auto clip = cache.get(item);
    if (clip == nullptr) {
      ++evaluation.skipped;
    } else {
      VideoResult result = classifier.classify(*clip, protocol);
      add(evaluation, item, dataset.items[item].label, std::move(result.scores), classifier.clip_scores());
    }
    if (progress && !progress(item + 1)) break;
  }
  if (!evaluation.items.empty()) evaluation.loss /= static_cast<double>(evaluation.items.size());
  return evaluation;
}

Evaluation fuse(const std::vector<Evaluation>& evaluations, const std::vector<double>& weights, std::int64_t classes) {
  if (evaluations.empty() || evaluations.size() != weights.size()) {
    throw InvalidArgument(fmt::format("{} models cannot be fused with {} weights", evaluations.size(), weights.size()));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) throw InvalidArgument("the weights of a fusion must sum to more than zero");
  Evaluation fused(classes);
  fused.protocol = evaluations[0].protocol;
  fused.skipped = evaluations[0].skipped;
  for (std::size_t i = 0; i < evaluations[0].items.size(); ++i) {
    const ItemEvaluation& first = evaluations[0].items[i];
    std::vector<float> scores(classes, 0);
    for (std::size_t m = 0; m < evaluations.size(); ++m) {
      if (evaluations[m].items.size() != evaluations[0].items.size() || evaluations[m].items[i].item != first.item) {
        throw InvalidArgument("the models to fuse did not evaluate the same items");
      }
      const auto weight = static_cast<float>(weights[m] / sum);
      for (std::int64_t c = 0; c < classes; ++c) scores[c] += weight * evaluations[m].items[i].scores[c];
    }
    add(fused, first.item, first.truth, scores, {scores});
  }
  if (!fused.items.empty()) fused.loss /= static_cast<double>(fused.items.size());
  return fused;
}

}  // namespace longtake::tasks
