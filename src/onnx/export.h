// The step graph of a model as an ONNX file: one tick of any number of streams, every state tensor an input and an
// output, standard ops only, so that any engine can carry the state. docs/onnx.md tells how to run it.
//
// Inputs, the first dimension of each being the stream:
//   <input>           the graph's inputs, float32; rows of streams to which nothing happens are ignored
//   <input>.present   bool [streams], with ExportOptions::input_presence: whether it comes at this tick
//   active, reset     bool [streams], the flags of longtake/chunk.h; neither is hold
//   flush, end        bool [streams], only where the graph waits for the end of a sequence
//   state.<name>      every tensor of graph::Plan::state that has elements, zeros for a new stream
// Outputs:
//   <output>          the graph's outputs, float32
//   <output>.present  bool [streams], where an output does not come at exactly the active ticks
//   state.<name>.next what to give as state.<name> at the next tick
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace longtake::onnx {

inline constexpr int kExportOpset = 13;  // 16 for a graph with warp

struct ExportOptions {
  bool input_presence = false;  // inputs may be absent at active ticks: each says so with <input>.present
  graph::InputShapes sizes;     // of inputs that differ from their nominal shape
};

// The file's bytes. The graph must be causal or lag behind by a bounded number of ticks. Throws InvalidArgument when
// there is no such graph, a weight is missing, or two of the names above are the same; Unsupported when the graph needs
// whole sequences or has an op that cannot be exported; each names the node.
std::vector<std::byte> export_onnx(const graph::Model& model, const std::string& graph_name,
                                   const ExportOptions& options = {});

// What the step graph of a plan takes and gives besides the graph's own inputs and outputs.
struct StepSignature {
  bool flush = false, end = false;      // whether it has these inputs
  std::vector<graph::StateSpec> state;  // those of the plan that have elements
};
inline std::string state_input(const std::string& state) { return "state." + state; }
inline std::string state_output(const std::string& state) { return state_input(state) + ".next"; }
StepSignature step_signature(const graph::Plan& plan);

// The ops that can be exported, sorted.
std::vector<std::string> exported_ops();

}  // namespace longtake::onnx
