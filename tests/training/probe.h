// Outputs and gradients of a graph for a loss that touches every number it gives. Free of LibTorch, so that most tests
// compile without it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/model.h"
#include "longtake/chunk.h"
#include "longtake/state.h"

namespace longtake::test {

struct ProbeOptions {
  bool training = false;
  std::uint64_t seed = 1, step = 0;
  std::vector<std::uint64_t> samples;  // per stream; empty: 0, 1, 2, ...
  std::int64_t piece_ticks = 0;        // 0: all at once
  bool truncated = false;
  bool gradients = true;
  DType dtype = DType::kFloat64;  // what is computed in
};

struct Probed {
  double loss = 0;
  std::map<std::string, Tensor> by_parameter;  // of those that learn, zeros where no gradient came
  std::vector<Tensor> by_input;                // in the order of Graph::inputs
  std::map<std::string, Tensor> statistics;    // of batch norm afterwards
  State state;
};

// What comes back is in float64 whatever it was computed in. The loss is the sum of every output's numbers times
// coefficients in [-0.5, 0.5) that depend on output, sample, tick of the chunk and element only. `chunk` must list the
// rows of its inputs.
Probed probe(const graph::Model& model, const std::string& graph, const graph::Chunk& chunk,
             const ProbeOptions& options = {});

// The same chunk with float64 data.
graph::Chunk in_float64(const graph::Chunk& chunk);
Tensor in_float64(const Tensor& tensor);

// The largest |a - b| / (1 + |b|) over two tensors of one shape.
double difference(const Tensor& a, const Tensor& b);
double difference(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b);

}  // namespace longtake::test
