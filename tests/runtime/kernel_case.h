// One node on its own, for tests of kernels: its request at any level, random inputs, and its outputs.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "base/threads.h"
#include "graph/builder.h"
#include "runtime/kernels/kernel.h"

namespace longtake::test {

class KernelCase {
 public:
  // `build` adds inputs and, last, the node.
  KernelCase(const std::function<void(graph::Builder&)>& build, std::uint32_t seed);

  const graph::Node& node() const { return model_.graphs[0].nodes.back(); }
  // Rows of random inputs, channels first.
  std::vector<std::vector<float>> inputs(std::int64_t rows, float scale = 2) const;
  std::unique_ptr<runtime::Kernel> kernel(kernels::KernelLevel level, const kernels::Limits& limits = {}) const;
  // Inputs and outputs are channels first; above the reference level the kernel sees maps channels-last.
  std::vector<std::vector<float>> run(kernels::KernelLevel level, const std::vector<std::vector<float>>& inputs,
                                      std::int64_t rows, ThreadPool* pool = nullptr,
                                      const kernels::Limits& limits = {}) const;
  graph::Model& model() { return model_; }
  const std::vector<Shape>& input_shapes() const { return input_shapes_; }

 private:
  template <class F>
  auto with_request(kernels::KernelLevel level, const kernels::Limits& limits, F use) const;

  graph::Model model_;
  std::vector<Shape> input_shapes_, output_shapes_, parameter_shapes_;
  std::uint32_t seed_;
};

// The levels above the reference that this machine can run.
std::vector<kernels::KernelLevel> fast_levels();

}  // namespace longtake::test
