// Videos of the evaluated split as a run's report shows them.
#pragma once

#include <vector>

#include "reports/label_time_line.h"
#include "reports/sample_clips.h"
#include "training/trainer.h"

namespace longtake::training {

// Those items of the evaluation with a few pictures of each, over which, where the model has it, its attention lies.
std::vector<reports::SampleClip> sample_clips(const TrainOutcome& outcome, const std::vector<std::size_t>& items);

// What is true and what was found probable in the videos that were watched: the classes that are either.
std::vector<reports::LabelTimeLine> label_time_lines(const TrainOutcome& outcome);

// For a model that looks back over a window, the mean weight of each of its frames over the videos that were watched,
// by how many frames ago it was; else nothing.
std::vector<reports::Chart> window_charts(const TrainOutcome& outcome);

}  // namespace longtake::training
