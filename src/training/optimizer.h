// How weights move along their gradients. Private to training/.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "kernels/choice.h"
#include "training/optimizer_options.h"
#include "training/weights.h"

namespace longtake::training {

class Optimizer {
 public:
  Optimizer(std::shared_ptr<Weights> weights, const OptimizerOptions& options);

  // One step. A parameter that no gradient has reached stays as it is.
  void step(double learning_rate);

  // All that the next step depends on besides weights and gradients: "<part>/<parameter>" and "steps/<parameter>".
  // load() throws InvalidArgument that names a tensor which does not fit.
  std::map<std::string, Tensor> state() const;
  void load(const std::map<std::string, Tensor>& state);

 private:
  struct Slot {
    std::int64_t steps = 0;
    torch::Tensor first, second;  // velocity or first moment; second moment
  };
  void move(torch::Tensor& weight, torch::Tensor gradient, Slot& slot, double rate, double decay) const;

  std::shared_ptr<Weights> weights_;
  OptimizerOptions options_;
  kernels::KernelLevel level_;
  std::map<std::string, Slot> slots_;
};

// Scales all gradients so that their common L2 norm is at most `limit`, and returns the norm before (which is not
// finite when a gradient is not; the gradients then stay as they are). A limit of 0 only measures.
double clip_gradients(const Weights& weights, double limit);

// An exponential moving average of the weights: average = decay average + (1 - decay) weight. Statistics are copied.
class MovingAverage {
 public:
  // Starts as a copy of `weights`. Throws ConfigError unless 0 <= decay < 1.
  MovingAverage(const Weights& weights, double decay);

  void update(const Weights& weights);
  // To evaluate or save the average with; shares its tensors.
  const std::shared_ptr<Weights>& weights() const { return average_; }

 private:
  std::shared_ptr<Weights> average_;
  double decay_;
};

}  // namespace longtake::training
