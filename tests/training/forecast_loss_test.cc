// The losses of forecasts, against numbers worked out by hand.
#include "training/forecast_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake::training {
namespace {

torch::Tensor rows(std::vector<float> values, std::int64_t count, std::int64_t height, std::int64_t width) {
  return torch::tensor(values).view({count, 1, height, width});
}

double loss_of(const torch::Tensor& frames, const ForecastTruth& truth, const tasks::ForecastLossOptions& options,
               const torch::Tensor& logits = {}, std::int64_t sequences = 1) {
  const std::vector<double> weights(static_cast<std::size_t>(frames.size(0)), 1.0);
  return forecast_loss(frames, logits, truth, weights, sequences, options).item<double>();
}

TEST(ForecastLoss, CrossEntropyIsSummedOverPixelsAndMeanOverSequences) {
  tasks::ForecastLossOptions options;
  options.cross_entropy = 1;
  const torch::Tensor logits = torch::zeros({2, 1, 2, 3});  // one half everywhere
  const ForecastTruth truth{torch::full({2, 1, 2, 3}, 0.25), {}};
  EXPECT_NEAR(loss_of(torch::sigmoid(logits), truth, options, logits, 2), 6 * std::log(2), 1e-5);
  EXPECT_THROW(loss_of(logits, truth, options), InvalidArgument);
}

TEST(ForecastLoss, ErrorsAreMeansOverTheCellsThatCount) {
  tasks::ForecastLossOptions options;
  options.squared = 1;
  const torch::Tensor frames = rows({1, 2, 3, 9}, 1, 2, 2), zero = torch::zeros({1, 1, 2, 2});
  const torch::Tensor valid = rows({1, 1, 1, 0}, 1, 2, 2);
  EXPECT_NEAR(loss_of(frames, {zero, valid}, options), 14.0 / 3, 1e-6);
  options = {};
  options.absolute = 2;
  EXPECT_NEAR(loss_of(frames, {zero, valid}, options), 4, 1e-6);
}

TEST(ForecastLoss, BalancedErrorsWeighByTheTrueValue) {
  tasks::ForecastLossOptions options;
  options.balanced_squared = options.balanced_absolute = 1;
  options.thresholds = {0.5, 0.7};
  options.weights = {1, 2, 5};
  // Errors of 0.1 at truths 0.4, 0.5, 0.7: (1 + 2 + 5) (0.01 + 0.1) / 3.
  const ForecastTruth truth{rows({0.4F, 0.5F, 0.7F}, 1, 1, 3), {}};
  EXPECT_NEAR(loss_of(truth.frames + 0.1, truth, options), 8 * 0.11 / 3, 1e-5);
}

TEST(ForecastLoss, PairwiseIsTheSpecifiedVectorAndDoesNotSeeAnOffset) {
  tasks::ForecastLossOptions options;
  options.pairwise = 1;
  const ForecastTruth truth{rows({0, 1, 2}, 1, 1, 3), {}};
  EXPECT_NEAR(loss_of(rows({1, 1, 4}, 1, 1, 3), truth, options), 2.0, 1e-6);  // specs 14.9
  EXPECT_NEAR(loss_of(truth.frames + 7, truth, options), 0, 1e-5);
}

TEST(ForecastLoss, GradientComparesNeighboursThatBothCount) {
  tasks::ForecastLossOptions options;
  options.gradient = 1;
  const ForecastTruth truth{rows({0, 1, 3}, 1, 1, 3), {}};
  // Differences 2 and 2 against 1 and 2.
  EXPECT_NEAR(loss_of(rows({0, 2, 4}, 1, 1, 3), truth, options), 0.5, 1e-6);
  const ForecastTruth half{truth.frames, rows({0, 1, 1}, 1, 1, 3)};
  EXPECT_NEAR(loss_of(rows({0, 2, 4}, 1, 1, 3), half, options), 0, 1e-6);
}

TEST(ForecastLoss, FractionsAreOneMinusTheSkillScore) {
  tasks::ForecastLossOptions options;
  options.fractions = 1;
  options.fraction_thresholds = {0.5};
  options.fraction_windows = {1};
  options.fraction_softness = 1e-3;
  // One event hit, one missed, one false alarm: 1 - 2a / (2a + b + c) = 1 / 2.
  const ForecastTruth truth{rows({1, 1, 0, 0}, 1, 2, 2), {}};
  EXPECT_NEAR(loss_of(rows({1, 0, 1, 0}, 1, 2, 2), truth, options), 0.5, 1e-5);
  EXPECT_NEAR(loss_of(truth.frames, truth, options), 0, 1e-5);
  // In a neighbourhood of three, an event one cell off is nearly right.
  options.fraction_windows = {3};
  const ForecastTruth one{rows({0, 0, 1, 0, 0, 0}, 1, 1, 6), {}};
  // Shares of thirds: truth (0,1,1,1,0,0), forecast (0,0,1,1,1,0), each over three columns and one of three rows.
  EXPECT_NEAR(loss_of(rows({0, 0, 0, 1, 0, 0}, 1, 1, 6), one, options), 1 - (1 - 2.0 / 6), 1e-5);
}

TEST(ForecastLoss, LaterLeadsMayWeighMore) {
  EXPECT_EQ(tasks::lead_weights(tasks::LeadWeights::kSame, 3), (std::vector<double>{1, 1, 1}));
  const auto linear = tasks::lead_weights(tasks::LeadWeights::kLinear, 3);
  EXPECT_NEAR(linear[2] / linear[0], 5, 1e-12);
  EXPECT_NEAR(linear[0] + linear[1] + linear[2], 3, 1e-12);
  const auto exponential = tasks::lead_weights(tasks::LeadWeights::kExponential, 3);
  EXPECT_NEAR(exponential[1] / exponential[0], std::sqrt(5), 1e-12);
}

}  // namespace
}  // namespace longtake::training
