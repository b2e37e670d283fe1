// Which videos a run's report shows, and what the model said about each of their frames.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/clip_cache.h"
#include "tasks/classify.h"
#include "tasks/evaluate.h"

namespace longtake::training {

// Items of an evaluation, as positions in Evaluation::items.
struct SampleItems {
  std::vector<std::size_t> worst;  // taken for another class, those with the least for the truth first; at most 8
  std::vector<std::size_t> right;  // recognised, the surest of each class, the surest first; at most 4
};

SampleItems choose_samples(const tasks::Evaluation& evaluation);

// A video frame by frame, from the first to the last with the state carried.
struct Watched {
  std::int64_t item = 0;  // in the dataset
  tasks::VideoResult result;
};

// Watches those items that can be read. For a report on where the model looks or when its labels are true: nothing for
// other models.
std::vector<Watched> watch_samples(tasks::Classifier& classifier, ClipCache& cache,
                                   const tasks::Evaluation* evaluation);

}  // namespace longtake::training
