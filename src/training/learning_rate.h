// How fast to learn at each step. Free of LibTorch.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace longtake::training {

// Weights are float32, and what moves them must be, too.
inline constexpr double kHighestLearningRate = std::numeric_limits<float>::max();

enum class LearningRatePolicy {
  kConstant,
  kStep,    // times `factor` after every `every` steps
  kCosine,  // falls as half a cosine to `final` at step `total`
};

// "constant", "step" or "cosine". Throws ConfigError that names the choices.
LearningRatePolicy parse_learning_rate_policy(const std::string& word);

struct LearningRateOptions {
  LearningRatePolicy policy = LearningRatePolicy::kConstant;
  double base = 0.001;
  double factor = 0.1;
  std::int64_t every = 10000;
  std::int64_t total = 1;
  double final = 0;
  std::int64_t warmup = 0;  // the first steps rise linearly: step s of them has (s + 1) / warmup of the rate
};

// The rate of step `step`, counted from 0. After the warm-up, a cosine has the rest of `total` steps; the steps of
// kStep count from the very first. Throws ConfigError when an option makes no sense or brings the rate above
// kHighestLearningRate, naming it.
double learning_rate(const LearningRateOptions& options, std::int64_t step);

}  // namespace longtake::training
