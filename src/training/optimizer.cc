#include "training/optimizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "kernels/level.h"
#include "kernels/ranges.h"
#include "training/bridge.h"
#include "training/threads.h"

namespace longtake::training {

using torch::Tensor;

Optimizer::Optimizer(std::shared_ptr<Weights> weights, const OptimizerOptions& options)
    : weights_(std::move(weights)), options_(options), level_(kernels::kernels_from_environment().level) {
  const bool has_first = options.kind != OptimizerKind::kRmsProp;
  const bool has_second = options.kind != OptimizerKind::kSgd;
  for (const graph::Parameter* parameter : weights_->trainable()) {
    const Tensor& weight = weights_->at(parameter->name);
    Slot& slot = slots_[parameter->name];
    if (has_first) slot.first = torch::zeros_like(weight).set_requires_grad(false);
    if (has_second) slot.second = torch::zeros_like(weight).set_requires_grad(false);
  }
}

void Optimizer::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  for (const graph::Parameter* parameter : weights_->trainable()) {
    Tensor weight = weights_->at(parameter->name);
    if (!weight.grad().defined()) continue;
    move(weight, weight.grad(), slots_.at(parameter->name), learning_rate * parameter->learning_rate,
         options_.decay * parameter->decay);
  }
}

namespace {

// All arrays in one pass: in many they would be read from memory many times. The numbers of the others' devices, types
// and layouts are left to LibTorch.
bool fits_kernel(kernels::KernelLevel level, std::initializer_list<Tensor> tensors) {
  return level != kernels::KernelLevel::kReference &&
         std::all_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) {
           return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous();
         });
}

void run_adam(kernels::KernelLevel level, const kernels::AdamStep& step, std::int64_t count) {
  const auto adam = kernels::kernels_of(level).vector.adam;
  constexpr std::int64_t kBlock = 4096, kArrays = 4;
  kernels::for_ranges(
      &kernel_threads().pool, kernels::divide_up(count, kBlock), kBlock * kArrays,
      [&](std::int64_t begin, std::int64_t end) { adam(step, begin * kBlock, std::min(count, end * kBlock)); });
}

}  // namespace

void Optimizer::move(Tensor& weight, Tensor gradient, Slot& slot, double rate, double decay) const {
  ++slot.steps;
  const bool is_adam = options_.kind == OptimizerKind::kAdam || options_.kind == OptimizerKind::kAdamW;
  if (is_adam && fits_kernel(level_, {weight, gradient, slot.first, slot.second})) {
    const auto steps = static_cast<double>(slot.steps);
    const bool shrinks = options_.kind == OptimizerKind::kAdamW;
    const auto pointer = [](const Tensor& tensor) { return tensor.data_ptr<float>(); };
    run_adam(level_,
             {pointer(weight), pointer(slot.first), pointer(slot.second), pointer(gradient),
              static_cast<float>(shrinks ? 1 - rate * decay : 1), static_cast<float>(shrinks ? 0 : decay),
              static_cast<float>(options_.beta1), static_cast<float>(options_.beta2),
              static_cast<float>(rate / (1 - std::pow(options_.beta1, steps))),
              static_cast<float>(1 / (1 - std::pow(options_.beta2, steps))), static_cast<float>(options_.epsilon)},
             weight.numel());
    return;
  }
  if (decay != 0 && options_.kind != OptimizerKind::kAdamW) gradient = gradient + decay * weight;
  switch (options_.kind) {
    case OptimizerKind::kSgd:
      slot.first.mul_(options_.momentum).add_(gradient, rate);
      weight.sub_(slot.first);
      return;
    case OptimizerKind::kRmsProp:
      slot.second.mul_(options_.smoothing).addcmul_(gradient, gradient, 1 - options_.smoothing);
      weight.addcdiv_(gradient, slot.second.sqrt().add_(options_.epsilon), -rate);
      return;
    case OptimizerKind::kAdamW:
    case OptimizerKind::kAdam: {
      const auto steps = static_cast<double>(slot.steps);
      const double first_scale = 1 / (1 - std::pow(options_.beta1, steps));
      const double second_scale = 1 / (1 - std::pow(options_.beta2, steps));
      if (options_.kind == OptimizerKind::kAdamW) weight.mul_(1 - rate * decay);
      slot.first.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
      slot.second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
      weight.addcdiv_(slot.first, (slot.second * second_scale).sqrt_().add_(options_.epsilon), -rate * first_scale);
      return;
    }
  }
}

std::map<std::string, longtake::Tensor> Optimizer::state() const {
  std::map<std::string, longtake::Tensor> out;
  for (const auto& [name, slot] : slots_) {
    out["steps/" + name] = longtake::Tensor::from<std::int64_t>({}, {slot.steps});
    if (slot.first.defined()) out["first/" + name] = from_torch(slot.first);
    if (slot.second.defined()) out["second/" + name] = from_torch(slot.second);
  }
  return out;
}

void Optimizer::load(const std::map<std::string, longtake::Tensor>& state) {
  const auto wanted = [&](const std::string& key, const Shape& shape) -> const longtake::Tensor& {
    const auto found = state.find(key);
    if (found == state.end() || found->second.shape() != shape) {
      throw InvalidArgument(fmt::format(
          "the optimizer's state needs '{}' {}; was it made by another optimizer or model?", key, to_string(shape)));
    }
    return found->second;
  };
  for (auto& [name, slot] : slots_) {
    slot.steps = wanted("steps/" + name, {}).data<std::int64_t>()[0];
    if (slot.first.defined()) slot.first.copy_(view(wanted("first/" + name, slot.first.sizes().vec())));
    if (slot.second.defined()) slot.second.copy_(view(wanted("second/" + name, slot.second.sizes().vec())));
  }
}

double clip_gradients(const Weights& weights, double limit) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> norms;
  for (const graph::Parameter* parameter : weights.trainable()) {
    const Tensor& gradient = weights.at(parameter->name).grad();
    if (gradient.defined()) norms.push_back(gradient.norm().to(torch::kFloat64));
  }
  if (norms.empty()) return 0;
  const double norm = torch::stack(norms).norm().item<double>();
  if (limit > 0 && std::isfinite(norm) && norm > limit) {
    for (const graph::Parameter* parameter : weights.trainable()) {
      Tensor gradient = weights.at(parameter->name).grad();
      if (gradient.defined()) gradient.mul_(limit / norm);
    }
  }
  return norm;
}

MovingAverage::MovingAverage(const Weights& weights, double decay)
    : average_(std::make_shared<Weights>(weights)), decay_(decay) {
  if (!(decay >= 0 && decay < 1)) {
    throw ConfigError(fmt::format("the decay {} of the moving average must be at least 0 and below 1", decay));
  }
}

void MovingAverage::update(const Weights& weights) {
  const torch::NoGradGuard no_grad;
  for (const graph::Parameter& parameter : weights.model().parameters) {
    Tensor average = average_->at(parameter.name);
    const Tensor& now = weights.at(parameter.name);
    if (parameter.trainable) {
      average.mul_(decay_).add_(now, 1 - decay_);
    } else {
      average.copy_(now);
    }
  }
}

}  // namespace longtake::training
