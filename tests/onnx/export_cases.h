// Small graphs to be exported, that together have every op with a step.
#pragma once

#include <functional>
#include <vector>

#include "graph/builder.h"

namespace longtake::test {

struct ExportCase {
  const char* name;
  std::function<void(graph::Builder&)> build;
};

std::vector<ExportCase> export_cases();

}  // namespace longtake::test
