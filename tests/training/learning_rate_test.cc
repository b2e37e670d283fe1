#include "training/learning_rate.h"

#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake::training {
namespace {

TEST(LearningRate, FallsByStepsAsCaffe) {
  const LearningRateOptions options{
      .policy = LearningRatePolicy::kStep, .base = 0.001, .factor = 0.1, .every = 10000};  // LRCN's
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(options, 9999), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10000), 1e-4);
  EXPECT_NEAR(learning_rate(options, 29999), 1e-5, 1e-18);
}

TEST(LearningRate, FallsAsHalfACosineAfterTheWarmUp) {
  const LearningRateOptions options{
      .policy = LearningRatePolicy::kCosine, .base = 2, .total = 14, .final = 1, .warmup = 4};
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 3), 2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 4), 2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 9), 1.5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 14), 1);
  EXPECT_DOUBLE_EQ(learning_rate(options, 100), 1);
}

TEST(LearningRate, WarmsUpLinearly) {
  const LearningRateOptions options{.base = 0.4, .warmup = 4};
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(options, 2), 0.3);
  EXPECT_DOUBLE_EQ(learning_rate(options, 4), 0.4);
}

TEST(LearningRate, RefusesWhatMakesNoSense) {
  EXPECT_THROW(parse_learning_rate_policy("cosinus"), ConfigError);
  EXPECT_EQ(parse_learning_rate_policy("cosine"), LearningRatePolicy::kCosine);
  EXPECT_THROW(learning_rate({.policy = LearningRatePolicy::kStep, .every = 0}, 1), ConfigError);
  EXPECT_THROW(learning_rate({.base = -1}, 0), ConfigError);
  EXPECT_THROW(learning_rate({.warmup = -1}, 0), ConfigError);
  const LearningRateOptions growing{.policy = LearningRatePolicy::kStep, .base = 1, .factor = 1e20, .every = 1};
  EXPECT_DOUBLE_EQ(learning_rate(growing, 1), 1e20);
  EXPECT_THROW(learning_rate(growing, 2), ConfigError);
}

}  // namespace
}  // namespace longtake::training
