// All that a recipe says, read and checked without a look at its data: who mistyped a key learns it before a million
// files are listed. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "base/options.h"
#include "graph/model.h"
#include "longtake/input_spec.h"
#include "tasks/recipe.h"
#include "tasks/windows.h"
#include "training/train_options.h"

namespace longtake::training {

struct TrainRecipe {
  InputSpec input;
  TrainOptions options;                    // set_total_steps() is still to be called
  tasks::DataLister list_data;             // of models that classify or label
  tasks::ForecastDataOpener open_windows;  // of models that forecast or follow storms
};

// The task of the recipe's model: "classify", "label", "forecast", "track". Throws ConfigError where there is no such
// model.
std::string task_of(const Options& recipe);

// Reads every section. Throws ConfigError that names what is wrong, unknown keys too.
TrainRecipe read_train_recipe(const Options& recipe);

// The recipe's model for these classes, with its protocol and [train.layer_rates], without weights but for
// those of an encoder that comes from a file. Throws ConfigError, and what that file's reader throws.
graph::Model build_model(const Options& recipe, const InputSpec& input, const std::vector<std::string>& labels);

// The same with numbers in every weight: the encoder's of [model] encoder_weights, if the recipe names such a file, and
// random ones for the rest. Throws IoError and BadData for the file; tensors of it that have no place are a warning.
graph::Model make_model(const Options& recipe, const TrainRecipe& read, const std::vector<std::string>& labels,
                        const Files& files, const LogSink& log);

}  // namespace longtake::training
