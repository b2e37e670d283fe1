#include "tasks/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/random.h"
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

// The item of that number, or null. Items come in the dataset's order.
const ItemEvaluation* find(const Evaluation& evaluation, std::int64_t item) {
  const auto found = std::lower_bound(evaluation.items.begin(), evaluation.items.end(), item,
                                      [](const ItemEvaluation& a, std::int64_t b) { return a.item < b; });
  return found == evaluation.items.end() || found->item != item ? nullptr : &*found;
}

}  // namespace

Clip shuffled(const Clip& clip, std::uint64_t seed, std::int64_t item) {
  std::vector<std::int64_t> order(clip.count());
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, static_cast<std::uint64_t>(item));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const auto permuted = [&](const Tensor& rows) {
    Tensor out(rows.dtype(), rows.shape());
    const std::size_t row = rows.bytes() / order.size();
    for (std::size_t i = 0; i < order.size(); ++i) std::memcpy(out.raw() + i * row, rows.raw() + order[i] * row, row);
    return out;
  };
  Clip out = clip;
  if (clip.features.empty()) out.frames = permuted(clip.frames);
  for (Tensor& level : out.features) level = permuted(level);
  return out;
}

Evaluation evaluate(Classifier& classifier, ClipCache& cache, const Protocol& protocol,
                    const EvaluationProgress& progress, std::optional<std::uint64_t> shuffle) {
  const Dataset& dataset = cache.dataset();
  if (dataset.labels != classifier.model().labels) throw InvalidArgument("the dataset has other labels than the model");
  Evaluation evaluation(static_cast<std::int64_t>(dataset.labels.size()));
  evaluation.protocol = protocol.describe() + (shuffle ? ", frames shuffled" : "");
  for (std::int64_t item = 0; item < static_cast<std::int64_t>(dataset.items.size()); ++item) {
    const auto clip = cache.get(item);
    if (clip == nullptr) {
      ++evaluation.skipped;
    } else {
      VideoResult result = classifier.classify(shuffle ? shuffled(*clip, *shuffle, item) : *clip, protocol);
      add(evaluation, item, dataset.items[item].label, std::move(result.scores), classifier.clip_scores());
    }
    if (progress && !progress(item + 1)) break;
  }
  if (!evaluation.items.empty()) evaluation.loss /= static_cast<double>(evaluation.items.size());
  return evaluation;
}

namespace {

// One where all are alike, else each in its turn.
std::string protocols_of(const std::vector<Evaluation>& evaluations) {
  const std::string& first = evaluations.front().protocol;
  const bool alike = std::all_of(evaluations.begin(), evaluations.end(),
                                 [&](const Evaluation& evaluation) { return evaluation.protocol == first; });
  if (alike) return first;
  std::string text;
  for (std::size_t m = 0; m < evaluations.size(); ++m) {
    text += fmt::format("{}model {}: {}", m == 0 ? "" : "; ", m + 1, evaluations[m].protocol);
  }
  return text;
}

}  // namespace

Evaluation fuse(const std::vector<Evaluation>& evaluations, const std::vector<double>& weights, std::int64_t classes) {
  if (evaluations.empty() || evaluations.size() != weights.size()) {
    throw InvalidArgument(fmt::format("{} models cannot be fused with {} weights", evaluations.size(), weights.size()));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) throw InvalidArgument("the weights of a fusion must sum to more than zero");
  Evaluation fused(classes);
  fused.protocol = protocols_of(evaluations);
  fused.skipped = evaluations[0].skipped;
  for (const ItemEvaluation& first : evaluations[0].items) {
    std::vector<float> scores(classes, 0);
    bool all = true;
    for (std::size_t m = 0; m < evaluations.size(); ++m) {
      const ItemEvaluation* const of_model = find(evaluations[m], first.item);
      all = all && of_model != nullptr;
      if (!all) break;
      if (of_model->truth != first.truth) throw InvalidArgument("the models to fuse did not evaluate the same items");
      const auto weight = static_cast<float>(weights[m] / sum);
      for (std::int64_t c = 0; c < classes; ++c) scores[c] += weight * of_model->scores[c];
    }
    if (all) {
      add(fused, first.item, first.truth, scores, {scores});
    } else {
      ++fused.skipped;
    }
  }
  if (!fused.items.empty()) fused.loss /= static_cast<double>(fused.items.size());
  return fused;
}

}  // namespace longtake::tasks
