// Small graphs in float64 in the trainer: their weights, what they give, and how close that is.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "graph/model.h"
#include "training/torch_executor.h"

namespace longtake::test {

inline constexpr std::uint8_t kStart = graph::kActive | graph::kReset;

inline void set(graph::Model& model, const std::string& name, std::vector<double> values) {
  model.weights[name] = Tensor::from<double>(model.parameter(name).shape, std::span<const double>(values));
}

inline std::vector<double> numbers(const Tensor& tensor) {
  const auto data = tensor.data<double>();
  return {data.begin(), data.end()};
}

inline auto near(std::vector<double> expected, double tolerance) {
  return testing::Pointwise(testing::DoubleNear(tolerance), expected);
}

// The outputs of a graph in float64 over the frames of one stream.
inline graph::Outputs run(const graph::Model& model, std::vector<Tensor> inputs, std::vector<std::uint8_t> flags) {
  training::TorchExecutor executor(model, "main", {.dtype = DType::kFloat64});
  graph::Chunk chunk{1, static_cast<std::int64_t>(flags.size()), flags, {}};
  for (Tensor& input : inputs) chunk.inputs.push_back({std::move(input), {}});
  State state = executor.initial_state(1);
  graph::Outputs outputs;
  executor.run(chunk, state, outputs);
  return outputs;
}

}  // namespace longtake::test
