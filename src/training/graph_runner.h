// Runs a planned graph on LibTorch tensors so that gradients flow through everything: values, the state that goes into
// and comes out of a chunk, and what is bound from other graphs. Private to training/; torch_executor.h is the plain
// Executor around it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/schedule.h"
#include "longtake/state.h"
#include "training/torch.h"
#include "training/weights.h"

namespace longtake::training {

// The state of streams in the course of training: counters on the host, numbers as part of the autograd graph. A value:
// copies share tensors, which nobody changes in place.
struct StreamState {
  State counters;
  std::map<std::string, torch::Tensor> tensors;

  // The same numbers without their history: truncated BPTT.
  void detach();
};

StreamState to_stream_state(const graph::Plan& plan, const State& state, const torch::TensorOptions& options);
State to_state(const StreamState& state);

struct RunOptions {
  bool training = false;          // dropout drops, trainable batch norm uses and updates statistics of the chunk
  bool update_statistics = true;  // false where a chunk is run again only for its gradients
  std::uint64_t seed = 0;         // of the dropout masks, which depend on this,
  std::uint64_t step = 0;         // on the training step,
  std::span<const std::uint64_t> samples;  // and on which sample each stream is (its index where this is empty)
};

struct RunnerOutput {
  torch::Tensor data;  // [rows, ...]
  std::vector<graph::OutputRow> rows;
};

class GraphRunner {
 public:
  // The plan must outlive the runner.
  GraphRunner(const graph::Plan& plan, std::shared_ptr<const Weights> weights);

  const graph::Plan& plan() const { return plan_; }
  const Weights& weights() const { return *weights_; }

  // As Executor::run. A tensor in `given`, which is empty or has one entry for each input of the graph, takes the place
  // of that input's data, so that gradients flow to it; the chunk must still hold data of the same shape. With
  // gradients enabled, the chunk must live until the backward pass is done. Outputs are in the order of Graph::outputs.
  std::vector<RunnerOutput> run(const graph::Chunk& chunk, std::span<const torch::Tensor> given, StreamState& state,
                                const RunOptions& options);

  StreamState initial_state(std::int64_t streams) const;

 private:
  const graph::Plan& plan_;
  std::shared_ptr<const Weights> weights_;
  graph::Schedule schedule_;
  std::vector<bool> joined_;  // per value: read outside the loop it lies on
};

// As graph::apply_bindings, so that gradients flow back: puts the newest row per stream of what the model binds into
// `given`, which gets one entry for each input of `to_graph`, and data of the same shape into `chunk`.
void apply_bindings(const graph::Model& model, const graph::Graph& from_graph, const std::vector<RunnerOutput>& outputs,
                    const graph::Graph& to_graph, graph::Chunk& chunk, std::vector<torch::Tensor>& given);

}  // namespace longtake::training
