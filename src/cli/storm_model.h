// A model that follows or forecasts storms, opened to answer.
#pragma once

#include <memory>
#include <string>

#include "graph/model.h"
#include "tasks/storm_evaluation.h"

namespace longtake::cli {

struct StormModel {
  std::string path;
  std::shared_ptr<const graph::Model> model;
  tasks::ExecutorMaker executors;
};

// `model` is that of the file `path`. Throws BadData that names it where it has no storms, or a protocol that makes no
// sense.
StormModel open_storm_model(const std::string& path, graph::Model model, int threads);

}  // namespace longtake::cli
