// How to run a graph: the shape and clock of every value, what lies on a loop through delays (and must be stepped tick
// by tick), and what does not (and is computed for all rows of a chunk at once).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/model.h"
#include "graph/ops.h"

namespace longtake::graph {

// When a value is present, as far as the graph alone tells.
struct Clock {
  enum class Kind { kTick, kBegin, kEnd };
  Kind kind = Kind::kTick;
  std::int64_t period = 1;  // in ticks
  std::int64_t lag = 0;     // the value at a tick speaks about the frame `lag` ticks earlier
};

struct Step {
  bool loop = false;          // step tick by tick, else all rows at once
  std::vector<NodeId> nodes;  // in an order in which inputs come first (delays of a loop before their next value)
};

struct Plan {
  const Model* model = nullptr;
  const Graph* graph = nullptr;
  std::vector<Shape> shapes;  // per value, without stream and tick
  std::vector<Clock> clocks;  // per value
  std::vector<bool> goes_on;  // per value: has rows in flush ticks, as it lags or is made by delays of what does
  std::vector<Step> steps;
  std::vector<bool> in_loop;     // per node
  std::vector<StateSpec> state;  // all that a stream keeps, counters included
  std::int64_t lag = 0;          // the largest of the outputs: that many flush ticks empty the graph
  bool whole_sequences = false;  // a chunk must hold sequences from start to end: some value depends on all frames

  bool causal() const { return lag == 0 && !whole_sequences; }
  const Shape& shape(ValueId value) const { return shapes[value]; }
  std::int64_t state_bytes_per_stream() const;
};

// Sizes for the inputs by name; inputs that are not named keep their nominal shape.
using InputShapes = std::map<std::string, Shape>;

// Plans `graph`, which must belong to `model`; both must outlive the plan.
// Throws InvalidArgument that names the op, the value and the shapes or clocks that do not fit together.
Plan make_plan(const Model& model, const Graph& graph, const InputShapes& sizes = {});

// Shapes of one node's outputs, given those of the values before it.
std::vector<Shape> infer_node(const Model& model, const Graph& graph, const Node& node, std::span<const Shape> shapes);

// Calls use(OpContext, output shapes) for a node of a plan.
template <class F>
auto with_context(const Plan& plan, const Node& node, F use) {
  std::vector<Shape> inputs, parameters, outputs;
  for (ValueId value : node.inputs) inputs.push_back(value == kNoValue ? Shape{} : plan.shapes[value]);
  for (const std::string& name : node.parameters) {
    parameters.push_back(name.empty() ? Shape{} : plan.model->parameter(name).shape);
  }
  for (ValueId value : node.outputs) outputs.push_back(plan.shapes[value]);
  return use(OpContext{*plan.graph, node, inputs, parameters}, std::span<const Shape>(outputs));
}

}  // namespace longtake::graph
