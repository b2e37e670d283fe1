// Convolutions with few products (runtime/kernels/winograd_sum.h), forward and backward, on the CPU in float32. Private
// to training/.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "kernels/winograd_sum.h"
#include "training/kernels.h"

namespace longtake::training {

// A convolution that may be used at every tick of a loop. The gradient of its weights is made once over the rows of all
// ticks, when the last of them is known.
class FastConvolution {
 public:
  // Whether a conv2d node is one: 3 x 3 or 5 x 5 taps, stride and dilation 1, one group, at least 8 channels on either
  // side. `map` is the shape of its input, without rows. Never with LONGTAKE_KERNELS=reference or =precise.
  static bool takes(const graph::Node& node, const Shape& map, const torch::Tensor& weight);

  // `bias` may be undefined.
  FastConvolution(const graph::Node& node, const Shape& map, const torch::Tensor& weight, const torch::Tensor& bias);

  // x [rows, channels, height, width] to [rows, outputs, ...], in any memory format; the result is channels last.
  torch::Tensor operator()(const torch::Tensor& x) const;

  // With the functions that autograd keeps.
  struct Shared final : LoopFactors {
    Shared(const kernels::WinogradGrid& on, const torch::Tensor& given_weight, const torch::Tensor& given_bias);
    // The gradient of the input is the convolution of the output's with the weights turned round.
    const kernels::WinogradSum& backward();
    torch::Tensor by_weight() const override;
    torch::Tensor by_bias() const override;

    kernels::WinogradGrid grid;
    kernels::KernelLevel level;
    torch::Tensor weight, bias;
    kernels::WinogradSum forward;

   private:
    std::optional<kernels::WinogradSum> backward_;
  };

 private:
  c10::intrusive_ptr<Shared> shared_;
  torch::Tensor weight_, bias_;
};

}  // namespace longtake::training
