// A model that forecasts, opened to answer.
#pragma once

#include <memory>
#include <string>

#include "graph/model.h"
#include "tasks/forecast_evaluation.h"

namespace longtake::cli {

struct OpenedForecaster {
  std::string path;
  std::shared_ptr<const graph::Model> model;
  std::unique_ptr<tasks::ForecasterSet> forecasters;
};

// `model` is that of the file `path`, whose task is to forecast.
OpenedForecaster open_forecaster(const std::string& path, graph::Model model, int threads);

}  // namespace longtake::cli
