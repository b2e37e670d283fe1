// The numbers here are worked out by hand beside each case.
#include "metrics/classification.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "longtake/error.h"

namespace longtake {
namespace {

using Scores = std::vector<float>;

//            predicted 0  1  2
//  truth 0             3  1  0     recall 3/4
//  truth 1             0  1  1     recall 1/2
//  truth 2             0  0  0     no cases
//  precision           1 1/2 0/1
ConfusionMatrix small_matrix() {
  ConfusionMatrix matrix(3);
  for (int i = 0; i < 3; ++i) matrix.add(0, 0);
  matrix.add(0, 1);
  matrix.add(1, 1);
  matrix.add(1, 2);
  return matrix;
}

TEST(ConfusionMatrix, GivesTheRatiosOfAHandCountedTable) {
  const ConfusionMatrix matrix = small_matrix();
  EXPECT_EQ(matrix.total(), 6);
  EXPECT_EQ(matrix.truth_total(0), 4);
  EXPECT_EQ(matrix.predicted_total(1), 2);
  EXPECT_EQ(matrix.count(0, 1), 1);
  EXPECT_DOUBLE_EQ(*matrix.accuracy(), 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(*matrix.recall(0), 0.75);
  EXPECT_DOUBLE_EQ(*matrix.recall(1), 0.5);
  EXPECT_DOUBLE_EQ(*matrix.precision(0), 1.0);
  EXPECT_DOUBLE_EQ(*matrix.precision(1), 0.5);
  EXPECT_DOUBLE_EQ(*matrix.precision(2), 0.0);
}

TEST(ConfusionMatrix, LeavesClassesWithoutCasesOutOfTheMean) {
  EXPECT_DOUBLE_EQ(*small_matrix().mean_class_accuracy(), (0.75 + 0.5) / 2);
}

TEST(ConfusionMatrix, HasNoRatiosWithoutCases) {
  const ConfusionMatrix empty(2);
  EXPECT_FALSE(empty.accuracy().has_value());
  EXPECT_FALSE(empty.mean_class_accuracy().has_value());
  EXPECT_FALSE(empty.precision(0).has_value());
  EXPECT_FALSE(small_matrix().recall(2).has_value());
}

TEST(ConfusionMatrix, MergedShardsEqualTheWhole) {
  ConfusionMatrix first(3), second(3);
  for (int i = 0; i < 3; ++i) first.add(0, 0);
  second.add(0, 1);
  second.add(1, 1);
  second.add(1, 2);
  first.merge(second);
  EXPECT_EQ(first, small_matrix());
}

TEST(ConfusionMatrix, RefusesWhatIsNoClass) {
  ConfusionMatrix matrix(3);
  EXPECT_THROW(matrix.add(3, 0), InvalidArgument);
  EXPECT_THROW(matrix.add(0, -1), InvalidArgument);
  EXPECT_THROW(matrix.merge(ConfusionMatrix(2)), InvalidArgument);
  EXPECT_THROW(ConfusionMatrix(0), InvalidArgument);
}

TEST(BestClass, IsTheFirstAmongEquals) {
  EXPECT_EQ(best_class(Scores{0.1F, 0.4F, 0.4F}), 1);
  EXPECT_EQ(best_class(Scores{2.0F}), 0);
  EXPECT_THROW(best_class(Scores{}), InvalidArgument);
  EXPECT_THROW(best_class(Scores{0.5F, std::nanf("")}), InvalidArgument);
}

TEST(BestClass, AcceptsInfiniteLogits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(best_class(Scores{-kInfinity, 0.0F, kInfinity}), 2);
}

TEST(RankOf, CountsWhatComesBefore) {
  const Scores scores{0.2F, 0.5F, 0.2F, 0.1F};
  EXPECT_EQ(rank_of(scores, 1), 0);
  EXPECT_EQ(rank_of(scores, 0), 1);
  EXPECT_EQ(rank_of(scores, 2), 2);
  EXPECT_EQ(rank_of(scores, 3), 3);
  EXPECT_THROW(rank_of(scores, 4), InvalidArgument);
}

TEST(TopKAccuracy, CountsTheTruthAmongTheKBest) {
  TopKAccuracy top2(2);
  EXPECT_FALSE(top2.value().has_value());
  const Scores scores{0.2F, 0.5F, 0.3F};
  top2.add(scores, 1);
  top2.add(scores, 2);
  top2.add(scores, 0);
  EXPECT_EQ(top2.correct(), 2);
  EXPECT_DOUBLE_EQ(*top2.value(), 2.0 / 3.0);
  TopKAccuracy other(2);
  other.add(scores, 0);
  top2.merge(other);
  EXPECT_DOUBLE_EQ(*top2.value(), 0.5);
  EXPECT_THROW(top2.merge(TopKAccuracy(5)), InvalidArgument);
  EXPECT_THROW(TopKAccuracy(0), InvalidArgument);
}

TEST(MeanScores, AveragesElementByElement) {
  const std::vector<Scores> rows{{0.7F, 0.3F}, {0.4F, 0.6F}, {0.2F, 0.8F}};  // specs 14.7
  const Scores mean = mean_scores(rows);
  EXPECT_NEAR(mean[0], 0.4333333, 1e-6);
  EXPECT_NEAR(mean[1], 0.5666667, 1e-6);
  EXPECT_THROW(mean_scores({}), InvalidArgument);
  EXPECT_THROW(mean_scores(std::vector<Scores>{{1.0F}, {1.0F, 2.0F}}), InvalidArgument);
}

TEST(VideoClassificationMetrics, CountsClipsAndVideosEachOnTheirLevel) {
  VideoClassificationMetrics metrics(2);
  const std::vector<Scores> clips{{0.7F, 0.3F}, {0.4F, 0.6F}, {0.2F, 0.8F}};
  metrics.add(clips, mean_scores(clips), 1);  // 2 of 3 clips are right, and so is the video
  EXPECT_DOUBLE_EQ(*metrics.clips().top1(), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(*metrics.videos().top1(), 1.0);
  EXPECT_DOUBLE_EQ(*metrics.videos().top5(), 1.0);

  VideoClassificationMetrics shard(2);
  shard.add(clips, mean_scores(clips), 0);
  metrics.merge(shard);
  EXPECT_DOUBLE_EQ(*metrics.clips().top1(), 3.0 / 6.0);
  EXPECT_DOUBLE_EQ(*metrics.videos().top1(), 0.5);
  EXPECT_EQ(metrics.videos().confusion().count(0, 1), 1);
}

TEST(ClassificationMetrics, RefusesScoresOfAnotherNumberOfClasses) {
  ClassificationMetrics metrics(3);
  EXPECT_THROW(metrics.add(Scores{0.1F, 0.9F}, 0), InvalidArgument);
  EXPECT_THROW(metrics.add(Scores{0.1F, 0.9F, 0.3F}, 3), InvalidArgument);
  EXPECT_EQ(metrics.confusion().total(), 0);
}

}  // namespace
}  // namespace longtake
