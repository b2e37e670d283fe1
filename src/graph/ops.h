// What the ops are: their arity, shapes, cost and what they do to time. One table, one entry an op; the executors hold
// the arithmetic. To add an op, add its entry to its group (op_groups.h), its reference kernel to
// runtime/kernels/reference and its autograd form to training/ops.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace longtake::graph {

// How the rows of a node's outputs follow from those of its inputs (schedule.h computes them).
enum class Temporal {
  kInput,          // given from outside
  kParameter,      // present at every reset tick
  kCombinational,  // present where all inputs are
  kDelay,          // present at every active tick; shows its input's last row before the tick
  kRunning,        // present where all inputs are; remembers a summary of the rows so far
  kWindow,         // collects the last `size` rows
  kLatest,         // present at every active tick since its input's first row, and with its rows; shows the newest
  kLast,           // present at the tick that ends a sequence; shows the input's last row
  kFirst,          // present at every reset tick; shows the input's row there, or zeros
  kWhole,  // needs whole sequences in one chunk: their last row at the reset tick (or zeros), or their rows turned
           // round
};

// What an op's functions see of a node: shapes are per row (without stream and tick), absent inputs have empty shapes.
struct OpContext {
  const Graph& graph;
  const Node& node;
  std::span<const Shape> inputs;
  std::span<const Shape> parameters;

  // Throws InvalidArgument: "op conv2d 'conv1': <what> (inputs: 'frame' [3, 32, 32])".
  [[noreturn]] void fail(const std::string& what) const;
  bool has_input(std::size_t index) const { return index < node.inputs.size() && node.inputs[index] != kNoValue; }
  bool has_parameter(std::size_t index) const {
    return index < node.parameters.size() && !node.parameters[index].empty();
  }
};

// A tensor that a stateful node keeps per stream.
struct StateSpec {
  std::string name;  // "<node>" or "<node>.<part>"
  DType dtype = DType::kFloat32;
  Shape shape;  // without the stream dimension
};

struct OpDefinition {
  const char* name;
  Temporal temporal;
  int min_inputs;
  int max_inputs;
  int max_parameters;
  // Shapes of the outputs, one per output. Throws through OpContext::fail.
  std::function<std::vector<Shape>(const OpContext&)> infer;
  // Floating-point operations per output row, a multiply-add counted as two; null where there is no arithmetic.
  std::function<std::int64_t(const OpContext&, std::span<const Shape> outputs)> flops;
  // Tensors kept per stream besides the counters that schedule.h keeps; null for stateless ops. Floating-point state
  // has the executor's dtype.
  std::function<std::vector<StateSpec>(const OpContext&, std::span<const Shape> outputs)> state;
};

// Throws InvalidArgument for an op this version does not know, naming the node.
const OpDefinition& definition_of(const Node& node);
// The ops that a model may hold; definition_of also knows those that executors put in place of several nodes.
std::span<const OpDefinition> all_ops();

// Output size of one dimension of a convolution or pooling; `ceil` rounds up as Caffe does, with no window that would
// start in the padding on the far side.
std::int64_t window_count(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t pad,
                          std::int64_t dilation, bool ceil);

// What the op coordinates gives, [3, height, width]: the column and the row of every place, from -1 to 1 (0 where there
// is one only), and 1.
std::vector<double> coordinate_values(std::int64_t height, std::int64_t width);

}  // namespace longtake::graph
