#include "tasks/label.h"

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// Of one frame, from its probabilities.
double logistic_loss(std::span<const float> scores, std::span<const std::uint8_t> targets) {
  double loss = 0;
  for (std::size_t c = 0; c < scores.size(); ++c) {
    const double right = targets[c] != 0 ? scores[c] : 1.0 - scores[c];
    loss -= std::log(std::max(1e-12, right));
  }
  return loss;
}

}  // namespace

Tensor frame_targets(const DatasetItem& item, const Clip& clip, double fps, std::int64_t classes) {
  return rasterise(item.intervals, frame_centres(clip.times_s, fps), classes);
}

void update_scores(const FrameScores& frame, std::vector<float>& video) {
  if (!frame.video.empty() || video.empty()) {
    video = frame.video.empty() ? frame.scores : frame.video;
    return;
  }
  for (std::size_t c = 0; c < video.size(); ++c) video[c] = std::max(video[c], frame.scores[c]);
}

LabelEvaluation evaluate_labels(Classifier& classifier, ClipCache& cache, Ties ties,
                                const EvaluationProgress& progress) {
  const Dataset& dataset = cache.dataset();
  if (!dataset.dense) throw InvalidArgument("a labelling model is evaluated on intervals, but the dataset has none");
  if (dataset.labels != classifier.model().labels) throw InvalidArgument("the dataset has other labels than the model");
  const auto classes = static_cast<std::int64_t>(dataset.labels.size());
  const Protocol protocol;
  LabelEvaluation evaluation(classes, ties);
  evaluation.protocol = protocol.describe();
  for (std::int64_t item = 0; item < static_cast<std::int64_t>(dataset.items.size()); ++item) {
    const auto clip = cache.get(item);
    if (clip == nullptr) {
      ++evaluation.skipped;
    } else {
      const Tensor targets = frame_targets(dataset.items[item], *clip, classifier.spec().fps, classes);
      const VideoResult result = classifier.classify(*clip, protocol);
      for (std::size_t f = 0; f < result.frames.size(); ++f) {
        const auto truth = targets.data<std::uint8_t>().subspan(f * static_cast<std::size_t>(classes),
                                                                static_cast<std::size_t>(classes));
        evaluation.frames.add(result.frames[f].scores, truth);
        evaluation.loss += logistic_loss(result.frames[f].scores, truth);
      }
      ++evaluation.videos;
    }
    if (progress && !progress(item + 1)) break;
  }
  if (evaluation.frames.cases() > 0) evaluation.loss /= static_cast<double>(evaluation.frames.cases());
  return evaluation;
}

}  // namespace longtake::tasks
