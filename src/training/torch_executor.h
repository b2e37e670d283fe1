// The plain Executor on LibTorch: what training/ computes, through the interface that every other module knows. Free of
// LibTorch, so that cli/ and tests may include it. The trainer itself works on graph_runner.h, where gradients are.
#pragma once

#include <memory>
#include <string>

#include "graph/executor.h"

namespace longtake::training {

class GraphRunner;
class Weights;

struct TorchExecutorOptions {
  DType dtype = DType::kFloat32;  // or kFloat64: states are then float64 too, inputs may be either
  std::string device = "cpu";     // as check_device() in device.h
  graph::InputShapes sizes;       // of inputs, where not nominal
};

// Evaluates: nothing is dropped, batch norm uses its running statistics, no gradient is kept.
class TorchExecutor final : public graph::Executor {
 public:
  // Copies the model's weights. The model must outlive the executor.
  // Throws InvalidArgument when the graph does not fit or a weight is missing, Unsupported for a device that is not
  // there.
  TorchExecutor(const graph::Model& model, const std::string& graph, const TorchExecutorOptions& options = {});
  // Shares `weights` with whoever trains them.
  TorchExecutor(const graph::Model& model, const std::string& graph, std::shared_ptr<const Weights> weights,
                const graph::InputShapes& sizes = {});
  ~TorchExecutor() override;

  const graph::Plan& plan() const override { return plan_; }
  // Throws Error where LibTorch fails.
  void run(const graph::Chunk& chunk, State& state, graph::Outputs& outputs) override;
  State initial_state(std::int64_t streams) const override;

 private:
  graph::Plan plan_;
  std::shared_ptr<const Weights> weights_;
  std::unique_ptr<GraphRunner> runner_;
};

}  // namespace longtake::training
