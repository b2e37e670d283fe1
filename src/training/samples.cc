#include "training/samples.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "tasks/label.h"

namespace longtake::training {

namespace {

constexpr std::size_t kWorstClips = 8;
constexpr std::size_t kRightClips = 4;
constexpr std::size_t kTimeLines = 2;

std::vector<Watched> watch(tasks::Classifier& classifier, ClipCache& cache, std::span<const std::int64_t> items,
                           std::size_t most) {
  std::vector<Watched> watched;
  for (const std::int64_t item : items) {
    if (watched.size() == most) break;
    const auto clip = cache.get(item);
    if (clip != nullptr) watched.push_back({item, classifier.classify(*clip, {.clip = 0})});
  }
  return watched;
}

}  // namespace

SampleItems choose_samples(const tasks::Evaluation& evaluation) {
  const auto& items = evaluation.items;
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return items[a].truth_score < items[b].truth_score; });
  SampleItems samples;
  for (const std::size_t i : order) {
    if (items[i].predicted != items[i].truth && samples.worst.size() < kWorstClips) samples.worst.push_back(i);
  }
  std::set<std::int64_t> shown;
  for (auto i = order.rbegin(); i != order.rend() && samples.right.size() < kRightClips; ++i) {
    const tasks::ItemEvaluation& item = items[*i];
    if (item.predicted == item.truth && shown.insert(item.truth).second) samples.right.push_back(*i);
  }
  return samples;
}

std::vector<Watched> watch_samples(tasks::Classifier& classifier, ClipCache& cache,
                                   const tasks::Evaluation* evaluation) {
  std::vector<std::int64_t> items;
  if (classifier.model().task == tasks::kLabelTask) {
    items.resize(cache.dataset().items.size());
    std::iota(items.begin(), items.end(), 0);
    return watch(classifier, cache, items, kTimeLines);
  }
  if (evaluation == nullptr || !classifier.model().protocol.contains("attention")) return {};
  const SampleItems samples = choose_samples(*evaluation);
  for (const std::size_t i : samples.worst) items.push_back(evaluation->items[i].item);
  for (const std::size_t i : samples.right) items.push_back(evaluation->items[i].item);
  return watch(classifier, cache, items, items.size());
}

}  // namespace longtake::training
