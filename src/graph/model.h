// A model: graphs, how they are bound to each other, parameters and their numbers, and everything a user must know to
// feed it rightly. It is what a model file holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/parameter.h"
#include "longtake/input_spec.h"
#include "longtake/tensor.h"
#include "longtake/weight_format.h"

namespace longtake::graph {

// The newest row of `from_graph`'s output becomes the `once` input of `to_graph` when a sequence of the latter starts.
struct Binding {
  std::string from_graph;
  std::string from_output;
  std::string to_graph;
  std::string to_input;
  friend bool operator==(const Binding&, const Binding&) = default;
};

struct Model {
  std::string name;  // in the registry
  std::string task;  // "classify", ...
  std::vector<Graph> graphs;
  std::vector<Binding> bindings;
  std::vector<Parameter> parameters;
  std::map<std::string, Tensor> weights;  // float32, by parameter name; empty until initialised or loaded
  // How the file keeps the matrices (weight_format.h), and a session unless it is told otherwise.
  WeightFormat weight_format = WeightFormat::kFloat32;
  std::vector<std::string> labels;
  std::map<std::string, InputSpec> inputs;        // by input name
  std::map<std::string, std::string> protocol;    // how the paper tests it, such as clip = "16"; read by tasks/
  std::map<std::string, std::string> provenance;  // recipe, data, seed, licence, versions

  const Graph& graph(const std::string& name) const;
  const Parameter& parameter(const std::string& name) const;
  // The number of learnable numbers (statistics not counted), without allocating any.
  std::int64_t parameter_count() const;
};

// Fills every weight that is missing from its initialiser.
void initialise(Model& model, std::uint64_t seed);

// Throws InvalidArgument unless names are unique, every graph's parameters exist, every binding fits in name and shape,
// every graph can be planned at its nominal sizes, and weights (where present) have the declared shapes.
void check(const Model& model);

}  // namespace longtake::graph
