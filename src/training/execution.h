// What the parts of a GraphRunner's run share. Private to training/.
#pragma once

#include "training/graph_runner.h"
#include "training/places.h"

namespace longtake::training {

struct Execution {
  const graph::Plan& plan;
  const graph::Schedule& schedule;
  const Weights& weights;
  const RunOptions& options;
  const std::vector<bool>& joined;
  StreamState& state;
  std::vector<torch::Tensor> values;  // by ValueId: all rows of the chunk, packed

  const graph::Node& node(graph::NodeId id) const { return plan.graph->nodes[id]; }
  const torch::Device device() const { return weights.options().device(); }
  torch::Tensor empty_rows(graph::ValueId value) const;
  // A single row of `fill`.
  torch::Tensor constant_row(const Shape& shape, double fill) const;
};

// A combinational node on some of its rows.
struct OpCall {
  const Execution& execution;
  const graph::Node& node;
  std::vector<torch::Tensor> inputs;      // the rows of each, in the same order
  std::vector<torch::Tensor> parameters;  // undefined where an optional one is absent
  std::span<const graph::Row> rows;

  const torch::Tensor& parameter(std::size_t index) const;
};

// The node's outputs. Throws Unsupported for an op that is not in ops.cc.
std::vector<torch::Tensor> evaluate(const OpCall& call);

// `values` times a mask that depends only on the run's seed, step and sample and on the row's node and tick, so that
// neither chunking nor batching nor running again changes it.
torch::Tensor drop(const OpCall& call, double probability);

// What the state of a delay, latest or last becomes after the chunk; `pieces` are the finder's.
void keep_state(Execution& execution, graph::NodeId id, const PlaceFinder& finder,
                std::span<const torch::Tensor> pieces);

// The stateful ops of a parallel step.
void run_show(Execution& execution, graph::NodeId id);     // delay, latest, last
void run_running(Execution& execution, graph::NodeId id);  // running_*, ramp
void run_window(Execution& execution, graph::NodeId id);
void run_turn(Execution& execution, graph::NodeId id);  // first, final, reverse

// A step that lies on a loop, tick by tick.
void run_loop(Execution& execution, const graph::Step& step);
// The same of one whose values are vectors, as a whole (vector_loop.h); false where it is not one.
bool run_vector_loop(Execution& execution, const graph::Step& step);

}  // namespace longtake::training
