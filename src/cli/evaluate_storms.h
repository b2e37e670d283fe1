// The part of `longtake evaluate` for models that follow or forecast storms.
#pragma once

#include <string>
#include <vector>

#include "graph/model.h"

namespace longtake::cli {

struct StormEvaluationOptions {
  std::string data;  // a recipe; empty: the run's own
  std::vector<std::string> overrides;
  std::string split;           // empty: test, or validation where there is none
  std::int64_t sequences = 0;  // so many, spread evenly; 0: all
  int threads = 0;
  bool json = false;
  bool save = false;
};

// Detections and errors of the model of file `path`, and where it forecasts of the tracks' extrapolation. Returns the
// exit code.
int evaluate_storms(const std::string& path, graph::Model model, const StormEvaluationOptions& options);

}  // namespace longtake::cli
