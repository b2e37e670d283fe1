// Numbers of specs 14.10, sums by NumPy 1.24 over the fields of sample_fields.h, and what is worked out beside its
// case.
#include "metrics/forecast_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

// Errors 1, -2, 3 and 0 of truths 1, 2, 10 and 30 mm/h, which weigh 1, 2, 10 and 30.
const SampleFields& small_rain() {
  static const SampleFields fields = sample_row({2, 0, 13, 30}, {1, 2, 10, 30});
  return fields;
}

TEST(ForecastErrors, AreSumsPerFrameAndMeansPerCell) {
  ForecastErrors errors(1, rain_rate_weights());
  errors.add(0, small_rain().pair());
  EXPECT_DOUBLE_EQ(*errors.squared().per_frame.mean(0), 1 + 4 + 9);
  EXPECT_DOUBLE_EQ(*errors.squared().per_cell.mean(0), 14.0 / 4);
  EXPECT_DOUBLE_EQ(*errors.absolute().per_frame.mean(0), 1 + 2 + 3);
  EXPECT_DOUBLE_EQ(*errors.absolute().per_cell.mean(0), 6.0 / 4);
  EXPECT_DOUBLE_EQ(*errors.balanced_squared().per_frame.mean(0), 1 + 2 * 4 + 10 * 9);
  EXPECT_DOUBLE_EQ(*errors.balanced_squared().per_cell.mean(0), 99.0 / 4);
  EXPECT_DOUBLE_EQ(*errors.balanced_absolute().per_frame.mean(0), 1 + 2 * 2 + 10 * 3);
  EXPECT_DOUBLE_EQ(*errors.balanced_absolute().per_cell.mean(0), 35.0 / 4);
}

TEST(ForecastErrors, AgreeWithNumpy) {
  ForecastErrors errors(1, {.thresholds = {0.5F, 0.8F}, .weights = {1, 2, 5}});
  const SampleFields fields = like_fields();
  errors.add(0, fields.pair());
  EXPECT_NEAR(*errors.squared().per_cell.mean(0), 0.009997885616070516, 1e-12);
  EXPECT_NEAR(*errors.absolute().per_frame.mean(0), 24.91384665761143, 1e-9);
  EXPECT_NEAR(*errors.balanced_squared().per_frame.mean(0), 7.122799326539416, 1e-9);
  EXPECT_NEAR(*errors.balanced_absolute().per_frame.mean(0), 54.56935392413288, 1e-9);
  EXPECT_NEAR(*errors.correlation().mean(0), 0.9847121112306384, 1e-12);
  EXPECT_NEAR(*mean_squared_error(fields.pair()), 0.009997885616070516, 1e-12);
}

// Frames of 4 and 1 cells that count: sums 14 and 100 are 57 a frame, and 114 / 5 a cell.
TEST(ForecastErrors, PoolCellsButAverageFrames) {
  ForecastErrors errors(1);
  errors.add(0, small_rain().pair());
  errors.add(0, sample_row({11, 7}, {1, 0}, {1, 0}).pair());
  EXPECT_DOUBLE_EQ(*errors.squared().per_frame.mean(0), 57);
  EXPECT_DOUBLE_EQ(*errors.squared().per_cell.mean(0), 114.0 / 5);
  EXPECT_EQ(errors.balanced_squared(), errors.squared());  // without weights
  EXPECT_EQ(errors.squared().per_cell.cases(0), 5);
}

TEST(ForecastErrors, OfAPerfectForecastAreZeroAndOfMissingFramesNothing) {
  SampleFields fields = sample_row({1, 2}, {1, 2});
  ForecastErrors errors(2);
  errors.add(0, fields.pair());
  fields.valid = {0, 0};
  errors.add(1, fields.pair());
  EXPECT_DOUBLE_EQ(*errors.squared().per_frame.mean(0), 0);
  EXPECT_NEAR(*errors.correlation().mean(0), 1, 1e-15);
  EXPECT_FALSE(errors.squared().per_frame.mean(1).has_value());
  EXPECT_FALSE(errors.squared().per_cell.mean(1).has_value());
  EXPECT_FALSE(errors.correlation().mean(1).has_value());
  EXPECT_EQ(errors.squared().per_frame.left_out(1), 1);
  EXPECT_DOUBLE_EQ(*errors.absolute().per_frame.mean_over_leads(), 0);
  EXPECT_FALSE(mean_squared_error(fields.pair()).has_value());
}

TEST(ForecastErrors, MergedShardsEqualTheWhole) {
  const ForecastErrors empty(2, rain_rate_weights());
  ForecastErrors whole = empty, first = empty, second = empty;
  const SampleFields other = sample_row({5, 1, 0, 2}, {0, 40, 3, 2}, {1, 1, 0, 1});
  for (ForecastErrors* errors : {&whole, &first}) errors->add(0, small_rain().pair());
  for (ForecastErrors* errors : {&whole, &second}) {
    errors->add(0, other.pair());
    errors->add(1, other.pair());
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
}

// sum FT = 1 2 + 2 0 = 2 over sqrt(5) sqrt(4): the means are not taken away, or it would be -1.
TEST(UncentredCorrelation, TakesNoMeanAway) {
  EXPECT_NEAR(*uncentred_correlation(sample_row({1, 2}, {2, 0}).pair()), 2 / (std::sqrt(5.0) * 2), 1e-15);
}

TEST(UncentredCorrelation, IsZeroWhereOneIsDryAndMissingWhereBothAre) {
  EXPECT_DOUBLE_EQ(*uncentred_correlation(sample_row({0, 0}, {2, 1}).pair()), 0);
  EXPECT_DOUBLE_EQ(*uncentred_correlation(sample_row({2, 1}, {0, 0}).pair()), 0);
  EXPECT_FALSE(uncentred_correlation(sample_row({0, 0}, {0, 0}).pair()).has_value());
  EXPECT_FALSE(uncentred_correlation(sample_row({0, 3}, {0, 4}, {1, 0}).pair()).has_value());
}

TEST(BalancedWeights, StepAtTheirThresholds) {
  const BalancedWeights weights = rain_rate_weights();
  const std::vector<std::pair<float, double>> cases{{0.0F, 1}, {1.999F, 1}, {2.0F, 2},   {4.9F, 2},   {5.0F, 5},
                                                    {9.0F, 5}, {10.0F, 10}, {29.0F, 10}, {30.0F, 30}, {300.0F, 30}};
  for (const auto& [rate, weight] : cases) EXPECT_DOUBLE_EQ(weights.of(rate), weight) << rate;
}

TEST(BalancedWeights, OfPixelsAreThoseOfTheirRainRates) {
  const double pixels[] = {.328253104, .462426474, .551110247, .618196932, .724526812};  // specs 14.10
  const double rates[] = {0.5, 2, 5, 10, 30};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(hko7_pixel(rates[i]), pixels[i], 1e-9);
  const BalancedWeights weights = hko7_pixel_weights();
  ASSERT_EQ(weights.thresholds.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(weights.thresholds[i], pixels[i + 1], 1e-7);
  EXPECT_DOUBLE_EQ(weights.of(0.4624F), 1);
  EXPECT_DOUBLE_EQ(weights.of(0.4625F), 2);
  EXPECT_DOUBLE_EQ(weights.of(1.0F), 30);
}

TEST(ForecastErrors, RefuseWhatDoesNotFit) {
  ForecastErrors errors(2);
  EXPECT_THROW(ForecastErrors(0), InvalidArgument);
  EXPECT_THROW(ForecastErrors(1, {.thresholds = {1}, .weights = {1}}), InvalidArgument);
  EXPECT_THROW(ForecastErrors(1, {.thresholds = {2, 2}, .weights = {1, 2, 3}}), InvalidArgument);
  EXPECT_THROW(ForecastErrors(1, {.thresholds = {std::nanf("")}, .weights = {1, 2}}), InvalidArgument);
  EXPECT_THROW(ForecastErrors(1, {.thresholds = {}, .weights = {-1}}), InvalidArgument);
  EXPECT_THROW(errors.add(2, small_rain().pair()), InvalidArgument);
  EXPECT_THROW(errors.add(0, sample_row({1}, {std::nanf("")}).pair()), InvalidArgument);
  EXPECT_THROW(errors.add(0, sample_row({1, 2}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(errors.merge(ForecastErrors(3)), InvalidArgument);
  EXPECT_THROW(errors.merge(ForecastErrors(2, rain_rate_weights())), InvalidArgument);
  EXPECT_THROW(hko7_pixel(0), InvalidArgument);
  EXPECT_THROW(hko7_pixel(std::numeric_limits<double>::quiet_NaN()), InvalidArgument);
  EXPECT_EQ(errors, ForecastErrors(2));
}

}  // namespace
}  // namespace longtake
