// What can be said of a model without running it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/plan.h"
#include "longtake/weight_format.h"

namespace longtake::graph {

struct LayerReport {
  std::string name;
  std::string op;
  Shape shape;                  // of the first output, per row
  std::int64_t parameters = 0;  // learnable
  std::int64_t flops = 0;       // per frame, a multiply-add counted as two
  bool in_loop = false;
};

// What an executor holds for streams that are stepped together, in bytes.
struct MemoryReport {
  std::int64_t streams = 1;
  std::int64_t weights = 0;  // of the whole model, as they were loaded
  std::int64_t kernels = 0;  // the graph's weights once more, as its kernels want them
  std::int64_t buffers = 0;  // values between nodes, and what kernels work in
  std::int64_t state = 0;
  std::int64_t frames = 0;   // that a step is given
  std::int64_t answers = 0;  // that it gives

  std::int64_t total() const { return weights + kernels + buffers + state + frames + answers; }
};

struct InspectReport {
  std::string model;
  std::string graph;
  std::vector<std::string> graphs;                      // of the model, this one among them
  WeightFormat weight_format = WeightFormat::kFloat32;  // of the model's file
  std::int64_t model_parameters = 0;                    // learnable, of all graphs together
  std::int64_t parameters = 0;                          // learnable, of the graph
  // Learnable, in the order of the graph: of each layer, a recurrent cell being one ("lstm1"), and of each parameter.
  std::vector<std::pair<std::string, std::int64_t>> parameters_by_layer;
  std::vector<std::pair<std::string, std::int64_t>> parameters_by_name;
  std::int64_t flops_per_frame = 0;
  std::int64_t state_bytes_per_stream = 0;
  std::vector<StateSpec> state;
  bool causal = true;
  std::int64_t lag = 0;
  bool whole_sequences = false;                 // answers need all frames of a clip
  std::vector<std::vector<std::string>> loops;  // names of the nodes that are stepped together
  std::vector<LayerReport> layers;
  std::optional<MemoryReport> memory;  // inspect() leaves it out: only an executor knows (runtime/memory.h)
};

InspectReport inspect(const Plan& plan);

// The report as JSON with the fields above.
std::string to_json(const InspectReport& report);
// The report as a table for people.
std::string to_text(const InspectReport& report);
// The graph in Graphviz's language: loops as boxes, delays dashed.
std::string to_dot(const Plan& plan);

}  // namespace longtake::graph
