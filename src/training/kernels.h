// Autograd functions of our own, where LibTorch has none or one that costs too much. On any device, float32 and
// float64, differentiable once. Private to training/.
#pragma once

#include <vector>

#include "training/torch.h"

namespace longtake::training {

// Gates [rows, 4 C, ...] in the order i, f, g, o before their activations and the previous cell [rows, C, ...], to the
// hidden value and the new cell. `peepholes` is [3, C] or undefined: i and f see the previous cell, o the new one.
std::vector<torch::Tensor> lstm_gates(const torch::Tensor& gates, const torch::Tensor& cell,
                                      const torch::Tensor& peepholes);

// x [rows, C, ...] / (k + alpha / size * sum of squares of the `size` channels around)^beta. The window has
// size / 2 channels before and (size - 1) / 2 after.
torch::Tensor local_response_norm(const torch::Tensor& x, std::int64_t size, double alpha, double beta, double k);

// x [rows, C, height, width] moved by L fields of motion [rows, 2 L, height, width] in places, right and down by turns:
// [rows, L C, height, width], whose place p is x at p less the motion there, between places bilinear, zero outside. On
// CUDA the gradient adds up in no fixed order.
torch::Tensor warped(const torch::Tensor& x, const torch::Tensor& flow);

// The tensors that are there: those that may be absent go into autograd functions at the end of a list.
torch::autograd::variable_list list_of(std::initializer_list<torch::Tensor> tensors);

// The factors of the gradient of a weight that a loop uses at every tick, as the backward pass comes by them: last tick
// first.
struct LoopFactors : torch::CustomClassHolder {
  std::vector<torch::Tensor> inputs, gradients;

  // Of all ticks together.
  virtual torch::Tensor by_weight() const = 0;
  virtual torch::Tensor by_bias() const = 0;
};

// Weight and bias, which may be undefined, as the ticks are to take them: their functions leave their factors in
// `factors` and send no gradient of their own. False where the weight is frozen; both are then left as they are.
bool gather_gradient(torch::Tensor& weight, torch::Tensor& bias, const c10::intrusive_ptr<LoopFactors>& factors);

// A weight that a loop multiplies with at every tick. Its gradient is one product over the rows of all ticks, made when
// the last of them is known, instead of one small product per tick.
class LoopWeight {
 public:
  // `bias` may be undefined.
  LoopWeight(const torch::Tensor& weight, const torch::Tensor& bias);
  // x [rows, ..., in] to [rows, ..., out].
  torch::Tensor linear(const torch::Tensor& x) const;

 private:
  c10::intrusive_ptr<LoopFactors> ticks_;
  torch::Tensor weight_, bias_;
  bool collects_ = false;
};

}  // namespace longtake::training
