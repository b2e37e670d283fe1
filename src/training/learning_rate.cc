#include "training/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "longtake/error.h"

namespace longtake::training {

LearningRatePolicy parse_learning_rate_policy(const std::string& word) {
  if (word == "constant") return LearningRatePolicy::kConstant;
  if (word == "step") return LearningRatePolicy::kStep;
  if (word == "cosine") return LearningRatePolicy::kCosine;
  throw ConfigError(fmt::format("unknown learning-rate policy \"{}\"; it is one of constant, step, cosine", word));
}

double learning_rate(const LearningRateOptions& options, std::int64_t step) {
  if (!(options.base >= 0)) throw ConfigError(fmt::format("learning rate {} must be at least 0", options.base));
  if (options.warmup < 0) throw ConfigError(fmt::format("warm-up of {} steps must be at least 0", options.warmup));
  double rate = options.base;
  if (options.policy == LearningRatePolicy::kStep) {
    if (options.every < 1) throw ConfigError(fmt::format("'every' is {} steps but must be at least 1", options.every));
    const std::int64_t drops = step / options.every;
    rate *= std::pow(options.factor, static_cast<double>(drops));
  } else if (options.policy == LearningRatePolicy::kCosine) {
    const auto steps = static_cast<double>(std::max<std::int64_t>(1, options.total - options.warmup));
    const double done = std::clamp(static_cast<double>(step - options.warmup) / steps, 0.0, 1.0);
    rate = options.final + (options.base - options.final) * (1 + std::cos(std::numbers::pi * done)) / 2;
  }
  if (step < options.warmup) rate *= static_cast<double>(step + 1) / static_cast<double>(options.warmup);
  if (!(rate <= kHighestLearningRate)) {
    throw ConfigError(
        fmt::format("train.step_factor {} brings the learning rate {} to {} at step {}, but float32 ends "
                    "at {}",
                    options.factor, options.base, rate, step + 1, kHighestLearningRate));
  }
  return rate;
}

}  // namespace longtake::training
