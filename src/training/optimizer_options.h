// Which optimiser, and its constants. Free of LibTorch; optimizer.h has the arithmetic.
#pragma once

#include <string>

namespace longtake::training {

enum class OptimizerKind { kSgd, kRmsProp, kAdam, kAdamW };

// "sgd", "rmsprop", "adam" or "adamw". Throws ConfigError that names the choices.
OptimizerKind parse_optimizer(const std::string& word);

// g is the gradient, r the learning rate times the parameter's multiplier, d the decay times its multiplier.
// All but adamw first add the L2 term: g += d w.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double momentum = 0.9;  // sgd, as Caffe: v = momentum v + r g; w -= v
  double decay = 0;
  // rmsprop (Tieleman 2012): s = smoothing s + (1 - smoothing) g^2; w -= r g / (sqrt(s) + epsilon)
  double smoothing = 0.9;
  double beta1 = 0.9;  // adam (Kingma 2015, algorithm 1), with bias correction
  double beta2 = 0.999;
  double epsilon = 1e-8;  // adamw (Loshchilov 2019): adam and, of the old w, w -= r d w
};

}  // namespace longtake::training
