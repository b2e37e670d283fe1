// Dense labelling: every frame of a video has any number of classes (MultiTHUMOS, 1507.05738). Models of the task
// "label" have the outputs "logits" and "scores", the sigmoids of those, per frame [classes]; either may lag.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/clip_cache.h"
#include "metrics/ranking.h"
#include "tasks/classify.h"
#include "tasks/evaluate.h"

namespace longtake::tasks {

inline constexpr const char* kLabelTask = "label";

// What is true of each frame of a decoded video: uint8 [frames, classes], by the middle of each frame's time. `fps` is
// the input's; 0 where it takes every frame.
Tensor frame_targets(const DatasetItem& item, const Clip& clip, double fps, std::int64_t classes);

// Takes another frame into the scores of a video so far, empty at first: the aggregate that came with the frame, or
// where the model has none the highest score of each class.
void update_scores(const FrameScores& frame, std::vector<float>& video);

struct LabelEvaluation {
  explicit LabelEvaluation(std::int64_t classes, Ties ties = Ties::kExpected) : frames(classes, ties) {}

  ClassAveragePrecision frames;  // all frames of all videos in one ranking per class
  double loss = 0;               // mean over frames of the sum over classes of the logistic loss
  std::int64_t videos = 0;
  std::int64_t skipped = 0;  // videos that could not be read
  std::string protocol;
};

// A labelling model against a dense dataset, whose labels must be the model's: every video from its first frame to its
// last, the state carried. Throws InvalidArgument when the dataset is not dense or has other labels.
LabelEvaluation evaluate_labels(Classifier& classifier, ClipCache& cache, Ties ties = Ties::kExpected,
                                const EvaluationProgress& progress = {});

}  // namespace longtake::tasks
