// Graphs cut in two: a part that is computed once and kept, such as a frozen encoder, and the part that goes on from
// it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/model.h"

namespace longtake::graph {

// The graph with only the nodes marked in `kept`, which must be all that those read; ids are counted anew.
Graph with_nodes(const Graph& graph, const std::vector<bool>& kept);

// What leaves the outermost region `name`: the values of its nodes that nodes outside it read or that are outputs, in
// the order of the graph. Throws InvalidArgument when the graph has no such region.
std::vector<ValueId> region_outputs(const Graph& graph, const std::string& name);

// The graph that computes `values` and nothing else; its outputs are named "0", "1", ...
Graph up_to(const Graph& graph, std::span<const ValueId> values);

// The graph that is given `values` (of the shapes in `shapes`) as inputs named "0", "1", ... and computes the same
// outputs. Throws InvalidArgument when it would still need an input that it had before.
Graph from_on(const Graph& graph, std::span<const ValueId> values, std::span<const Shape> shapes);

// The model with the one graph `graph` in place of its graphs, and of parameters and weights only those that it uses.
Model with_graph(const Model& model, Graph graph);

}  // namespace longtake::graph
