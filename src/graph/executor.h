// The seam between what a model means and how it is computed. There are two executors, in training/ and in runtime/,
// and never a second definition of a model.
#pragma once

#include "graph/plan.h"
#include "longtake/chunk.h"
#include "longtake/state.h"

namespace longtake::graph {

class Executor {
 public:
  virtual ~Executor() = default;

  virtual const Plan& plan() const = 0;

  // The one primitive: clocks the graph over the chunk. `state` goes in as it was before the first tick and comes out
  // as it is after the last; `outputs` is overwritten and its memory reused. How a sequence is cut into chunks, and
  // which streams share one, changes no result. Throws InvalidArgument when chunk or state do not fit the plan; state
  // and outputs are then unspecified.
  virtual void run(const Chunk& chunk, State& state, Outputs& outputs) = 0;

  // The state of streams that have seen nothing.
  virtual State initial_state(std::int64_t streams) const = 0;
};

// Puts into `chunk` of `to_graph` the `once` inputs that the model binds to outputs of `from_graph`: for each stream
// the newest row. Throws InvalidArgument when a stream has none.
void apply_bindings(const Model& model, const Graph& from_graph, const Outputs& outputs, const Graph& to_graph,
                    Chunk& chunk);

}  // namespace longtake::graph
