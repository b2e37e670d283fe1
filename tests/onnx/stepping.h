// Runs scripts tick by tick in an executor of ours and, exported, in another engine.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "onnx/export.h"
#include "onnx/export_check.h"
#include "runtime/script.h"

// Tests that need the engine are skipped where there is no Node; with Node but without the package they fail, because
// `./dev` installs it.
#define SKIP_WITHOUT_NODE() \
  if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no Node"

namespace longtake::test {

enum class Carried {
  kByTheEngine,    // from tick to tick, without correction
  kFromEqualState  // before every tick the engine gets our state
};

class Stepping {
 public:
  // Runs the script in `executor`. In what the engine will be fed, rows that are absent are NaN. The script's
  // flushes and ends are left out where the exported graph has no input for them.
  void add(const std::shared_ptr<const graph::Model>& model, graph::Executor& executor, Script script, Carried carried,
           const onnx::ExportOptions& options = {});
  // Runs all in the engine; by script, the difference after every tick.
  std::vector<std::vector<onnx::Difference>> differences() const;

 private:
  struct Ours {
    std::shared_ptr<const graph::Model> model;
    graph::Plan plan;
    std::vector<graph::Outputs> outputs;
    std::vector<State> states;
  };
  std::vector<Ours> ours_;
  std::vector<onnx::EngineRun> runs_;
};

void expect_agreement(const std::vector<onnx::Difference>& differences);

}  // namespace longtake::test
