// Numbers of scikit-image 0.19 and PyTorch 1.13 over the fields of sample_fields.h, where cells are missing from loops
// over windows in Python, and what is worked out beside its case.
#include "metrics/image_quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

constexpr SimilarityOptions kUniformWindow{.window = SimilarityWindow::kUniform};

TEST(PeakSignalToNoiseRatio, AgreesWithScikitImage) {
  const SampleFields fields = like_fields();
  EXPECT_NEAR(*peak_signal_to_noise_ratio(fields.pair(), 1), 20.000918362365155, 1e-9);
  EXPECT_NEAR(*peak_signal_to_noise_ratio(fields.pair(), 2), 26.021518275644773, 1e-9);
}

// A mean squared error of (0.01 + 0.03) / 2 = 0.02 with the third cell missing: 10 log10(50).
TEST(PeakSignalToNoiseRatio, IsOfTheCellsThatCount) {
  const SampleFields fields = sample_row({0.1F, 0, 5}, {0, std::sqrt(0.03F), 0}, {1, 1, 0});
  EXPECT_NEAR(*peak_signal_to_noise_ratio(fields.pair(), 1), 10 * std::log10(50.0), 1e-6);
}

TEST(PeakSignalToNoiseRatio, OfEqualOrMissingFramesIsNothing) {
  EXPECT_FALSE(peak_signal_to_noise_ratio(sample_row({1, 2}, {1, 2}).pair(), 1).has_value());
  EXPECT_FALSE(peak_signal_to_noise_ratio(sample_row({1}, {0}, {0}).pair(), 1).has_value());
}

TEST(StructuralSimilarity, AgreesWithScikitImage) {
  const SampleFields fields = like_fields();
  EXPECT_NEAR(*structural_similarity(fields.pair(), 1), 0.9299976261990189, 1e-10);
  EXPECT_NEAR(*structural_similarity(fields.pair(), 2), 0.9313525305732365, 1e-10);
  EXPECT_NEAR(*structural_similarity(fields.pair(), 1, kUniformWindow), 0.9264986948251415, 1e-10);
  EXPECT_NEAR(*structural_similarity(fields.pair(), 2, kUniformWindow), 0.9279085928830444, 1e-10);
}

// Of constant frames only the means count: (2 f t + c1) / (f^2 + t^2 + c1) with c1 = 0.01^2.
TEST(StructuralSimilarity, OfConstantFramesComparesTheirMeans) {
  const SampleFields fields{std::vector<float>(143, 0.5F), std::vector<float>(143, 0.25F), 11, 13, {}};
  for (const SimilarityOptions& options : {SimilarityOptions{}, kUniformWindow}) {
    EXPECT_NEAR(*structural_similarity(fields.pair(), 1, options), (0.25 + 0.0001) / (0.3125 + 0.0001), 1e-10);
  }
}

TEST(StructuralSimilarity, IsOneOfEqualFramesAndTheSameBothWays) {
  SampleFields fields = unlike_fields();
  const double forward = *structural_similarity(fields.pair(), 1);
  fields.forecast.swap(fields.truth);
  EXPECT_NEAR(*structural_similarity(fields.pair(), 1), forward, 1e-12);
  fields.forecast = fields.truth;
  EXPECT_NEAR(*structural_similarity(fields.pair(), 1), 1, 1e-12);
}

TEST(StructuralSimilarity, LooksThroughNoWindowWithAMissingCell) {
  SampleFields fields = like_fields();
  fields.valid.assign(fields.truth.size(), 1);
  for (const std::size_t missing : {std::size_t{2 * 19 + 3}, std::size_t{15 * 19 + 18}}) {
    fields.valid[missing] = 0;
    fields.truth[missing] = std::nanf("");
  }
  EXPECT_NEAR(*structural_similarity(fields.pair(), 1), 0.9269490051637275, 1e-10);
  for (std::size_t row = 0; row < 16; ++row) fields.valid[row * 19 + 9] = 0;  // no 11 columns are left
  EXPECT_FALSE(structural_similarity(fields.pair(), 1).has_value());
  EXPECT_TRUE(structural_similarity(fields.pair(), 1, kUniformWindow).has_value());
}

TEST(StructuralSimilarity, RefusesFramesSmallerThanTheWindow) {
  const SampleFields fields{std::vector<float>(130), std::vector<float>(130), 10, 13, {}};
  EXPECT_THROW(structural_similarity(fields.pair(), 1), InvalidArgument);
  EXPECT_NO_THROW(structural_similarity(fields.pair(), 1, kUniformWindow));
}

//  forecast 1 4   truth 0 1    differences across |3|, |-2| and |1|, |5|: 2 + 3;
//           2 0         2 7    down |1|, |-4| and |2|, |6|: 1 + 2
TEST(GradientDifference, AddsNeighboursInBothDirections) {
  SampleFields fields{{1, 4, 2, 0}, {0, 1, 2, 7}, 2, 2, {}};
  EXPECT_DOUBLE_EQ(*gradient_difference(fields.pair()), 8);
  fields.valid = {1, 1, 1, 0};
  EXPECT_DOUBLE_EQ(*gradient_difference(fields.pair()), 3);  // without the last cell, across the first row and down the
  fields.valid = {1, 0, 0, 1};                               // first column
  EXPECT_FALSE(gradient_difference(fields.pair()).has_value());
}

TEST(GradientDifference, AgreesWithNumpyAndSeesNoOffset) {
  SampleFields fields = like_fields();
  EXPECT_NEAR(*gradient_difference(fields.pair()), 67.59021307900548, 1e-9);
  fields = sample_row({3, 4, 2}, {1, 2, 0});
  EXPECT_DOUBLE_EQ(*gradient_difference(fields.pair()), 0);
}

TEST(CrossEntropy, AgreesWithPyTorch) {
  const SampleFields fields = like_fields();
  EXPECT_NEAR(*cross_entropy(fields.pair()), 163.14067682921595, 1e-9);
}

// A sure and wrong cell costs 100, a sure and right one nothing, and a quarter for a quarter its entropy.
TEST(CrossEntropy, IsFiniteForSureForecasts) {
  const double quarter = -0.25 * std::log(0.25) - 0.75 * std::log(0.75);
  EXPECT_NEAR(*cross_entropy(sample_row({0, 1, 0.25F}, {1, 0, 0.25F}).pair()), 200 + quarter, 1e-9);
  EXPECT_DOUBLE_EQ(*cross_entropy(sample_row({0, 1, 1}, {0, 1, 0}, {1, 1, 0}).pair()), 0);
  EXPECT_FALSE(cross_entropy(sample_row({1}, {0}, {0}).pair()).has_value());
}

// Two sequences of two frames of one half for 3 cells: 3 log 2 a frame, 6 log 2 a sequence.
TEST(CrossEntropy, IsSummedOverTheFramesOfAForecast) {
  LeadMeans means(2);
  const SampleFields fields = sample_row({0.5F, 0.5F, 0.5F}, {0, 1, 0.3F});
  for (int sequence = 0; sequence < 2; ++sequence) {
    for (int lead = 0; lead < 2; ++lead) means.add(lead, cross_entropy(fields.pair()));
  }
  EXPECT_NEAR(*means.sum_over_leads(), 6 * std::log(2.0), 1e-12);
}

TEST(ImageQuality, AveragesFramesByLeadAndCountsEqualOnes) {
  ImageQuality quality(2, 1);
  SampleFields fields = like_fields();
  quality.add(0, fields.pair());
  fields.forecast = fields.truth;
  quality.add(0, fields.pair());
  EXPECT_NEAR(*quality.similarity().mean(0), (0.9299976261990189 + 1) / 2, 1e-10);
  EXPECT_NEAR(*quality.peak_signal_to_noise().mean(0), 20.000918362365155, 1e-9);
  EXPECT_EQ(quality.peak_signal_to_noise().left_out(0), 1);
  EXPECT_NEAR(*quality.gradients().mean(0), 67.59021307900548 / 2, 1e-9);
  EXPECT_FALSE(quality.similarity().mean(1).has_value());
  EXPECT_NEAR(*quality.similarity().mean_over_leads(), (0.9299976261990189 + 1) / 2, 1e-10);
}

TEST(ImageQuality, MergedShardsEqualTheWhole) {
  ImageQuality whole(2, 1, kUniformWindow), first = whole, second = whole;
  SampleFields one = like_fields();
  const SampleFields other = unlike_fields();
  one.valid.assign(one.truth.size(), 0);
  for (ImageQuality* quality : {&whole, &first}) quality->add(0, one.pair());
  for (ImageQuality* quality : {&whole, &second}) quality->add(1, other.pair());
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
  EXPECT_EQ(whole.similarity().left_out(0), 1);
}

TEST(ImageQuality, RefusesWhatDoesNotFit) {
  const SampleFields fields = like_fields();
  for (const double range : {0.0, -1.0, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(peak_signal_to_noise_ratio(fields.pair(), range), InvalidArgument);
    EXPECT_THROW(structural_similarity(fields.pair(), range), InvalidArgument);
    EXPECT_THROW(ImageQuality(1, range), InvalidArgument);
  }
  EXPECT_THROW(structural_similarity(fields.pair(), 1, {.k1 = 0}), InvalidArgument);
  EXPECT_THROW(ImageQuality(0, 1), InvalidArgument);
  ImageQuality quality(1, 1);
  EXPECT_THROW(quality.add(1, fields.pair()), InvalidArgument);
  EXPECT_THROW(quality.add(0, sample_row({1}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(quality.merge(ImageQuality(2, 1)), InvalidArgument);
  EXPECT_THROW(quality.merge(ImageQuality(1, 255)), InvalidArgument);
  EXPECT_THROW(quality.merge(ImageQuality(1, 1, kUniformWindow)), InvalidArgument);
  EXPECT_EQ(quality, ImageQuality(1, 1));
  EXPECT_THROW(cross_entropy(sample_row({1.5F}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(cross_entropy(sample_row({0.5F}, {-0.1F}).pair()), InvalidArgument);
  EXPECT_THROW(gradient_difference(sample_row({1, std::nanf("")}, {1, 1}).pair()), InvalidArgument);
}

}  // namespace
}  // namespace longtake
