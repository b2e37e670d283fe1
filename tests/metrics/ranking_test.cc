// Numbers of specs 14.11, and ties worked out by hand beside each case.
#include "metrics/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "longtake/error.h"

namespace longtake {
namespace {

using Scores = std::vector<float>;
using Flags = std::vector<std::uint8_t>;

const std::vector<Scores> kScores{{.9F, .8F, .1F, .3F}, {.2F, .7F, .6F, .4F}, {.5F, .1F, .05F, .45F}};
const std::vector<Flags> kPositives{{1, 0, 0, 1}, {0, 1, 1, 0}, {0, 0, 0, 1}};

template <class Measure>
Measure filled(Measure measure, std::size_t from = 0, std::size_t to = 3) {
  for (std::size_t i = from; i < to; ++i) measure.add(kScores[i], kPositives[i]);
  return measure;
}

TEST(Ranking, GivesTheVectorsOfTheSpecification) {
  EXPECT_NEAR(*filled(HitAtK(1)).value(), 2.0 / 3, 1e-12);
  EXPECT_NEAR(*filled(HitAtK(2)).value(), 1, 1e-12);
  EXPECT_NEAR(*filled(EqualRecallPrecision()).value(), 0.5, 1e-12);
  EXPECT_NEAR(*filled(GlobalAveragePrecision(2)).value(), 0.6166667, 5e-8);
  EXPECT_NEAR(*filled(GlobalAveragePrecision(20)).value(), 0.7416667, 5e-8);
  const ClassAveragePrecision classes = filled(ClassAveragePrecision(4));
  const double expected[] = {1, 0.5, 1, 0.8333333};
  for (std::int64_t label = 0; label < 4; ++label) EXPECT_NEAR(*classes.of_class(label), expected[label], 5e-8);
  EXPECT_NEAR(*classes.mean(), (1 + 0.5 + 1 + 5.0 / 6) / 4, 1e-12);
}

TEST(Ranking, MergedShardsEqualTheWhole) {
  GlobalAveragePrecision global = filled(GlobalAveragePrecision(2), 0, 1);
  global.merge(filled(GlobalAveragePrecision(2), 1, 3));
  EXPECT_EQ(global.value(), filled(GlobalAveragePrecision(2)).value());
  ClassAveragePrecision classes = filled(ClassAveragePrecision(4), 0, 2);
  classes.merge(filled(ClassAveragePrecision(4), 2, 3));
  EXPECT_EQ(classes.mean(), filled(ClassAveragePrecision(4)).mean());
  EXPECT_EQ(classes.cases(), 3);
  HitAtK hits = filled(HitAtK(1), 0, 2);
  hits.merge(filled(HitAtK(1), 2, 3));
  EXPECT_EQ(hits.value(), filled(HitAtK(1)).value());
  EqualRecallPrecision equal = filled(EqualRecallPrecision(), 0, 2);
  equal.merge(filled(EqualRecallPrecision(), 2, 3));
  EXPECT_EQ(equal.value(), filled(EqualRecallPrecision()).value());
}

// Two equal scores, one of them positive: first it is 1/1, second 1/2, so the mean is 3/4.
TEST(AveragePrecision, OfAPairOfEqualsIsTheMeanOfBothOrders) {
  EXPECT_DOUBLE_EQ(*average_precision(Scores{1, 1}, Flags{0, 1}), 0.75);
  EXPECT_DOUBLE_EQ(*average_precision(Scores{1, 1}, Flags{1, 0}), 0.75);
  EXPECT_DOUBLE_EQ(*average_precision(Scores{1, 1}, Flags{0, 1}, {.ties = Ties::kIndex}), 0.5);
  EXPECT_DOUBLE_EQ(*average_precision(Scores{1, 1}, Flags{1, 0}, {.ties = Ties::kIndex}), 1);
}

// Every order of the equal ones, one by one.
double mean_over_orders(const Scores& scores, const Flags& positives, std::int64_t n) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  double sum = 0;
  int orders = 0;
  do {
    Scores permuted_scores;
    Flags permuted;
    for (const std::size_t i : order) {
      permuted_scores.push_back(scores[i]);
      permuted.push_back(positives[i]);
    }
    sum += *average_precision(permuted_scores, permuted, {.ties = Ties::kIndex, .n = n});
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  return sum / orders;
}

TEST(AveragePrecision, OfEqualsIsTheMeanOverAllTheirOrders) {
  const Scores scores{.5F, .9F, .5F, .5F, .1F, .1F, .9F};
  for (const Flags& positives : {Flags{1, 0, 1, 0, 0, 1, 1}, Flags{0, 0, 1, 0, 1, 0, 0}, Flags{1, 1, 1, 1, 1, 1, 1}}) {
    for (const std::int64_t n : {0, 1, 3, 4}) {
      EXPECT_NEAR(*average_precision(scores, positives, {.n = n}), mean_over_orders(scores, positives, n), 1e-12);
    }
  }
}

// Ranks: + - + -; the best two hold one of the two positives at rank 1: (1/1) / min(2, 2).
TEST(AveragePrecision, OfTheBestNDividesByWhatCouldBeFound) {
  const Scores scores{4, 3, 2, 1};
  const Flags positives{1, 0, 1, 0};
  EXPECT_DOUBLE_EQ(*average_precision(scores, positives), (1 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(*average_precision(scores, positives, {.n = 2}), 0.5);
  EXPECT_DOUBLE_EQ(*average_precision(scores, positives, {.n = 1}), 1);
  EXPECT_DOUBLE_EQ(*average_precision(scores, positives, {.positives = 4}), (1 + 2.0 / 3) / 4);
}

TEST(AveragePrecision, OfConstantScoresIsNearTheShareOfPositives) {
  Flags positives(1000, 0);
  std::fill_n(positives.begin(), 100, std::uint8_t{1});
  // By the closed form: 0.1/100 sum over j of (1 + (j - 1) 99/999) / j = 0.001 (H(1000) 900/999 + 1000 99/999).
  double harmonic = 0;
  for (int j = 1; j <= 1000; ++j) harmonic += 1.0 / j;
  EXPECT_NEAR(*average_precision(Scores(1000, 0.5F), positives), 0.001 * (harmonic * 900 / 999 + 99000.0 / 999), 1e-12);
}

TEST(ClassAveragePrecision, LeavesClassesWithoutPositivesOutOfTheMeanAndCountsThem) {
  ClassAveragePrecision classes(3);
  EXPECT_FALSE(classes.mean().has_value());
  classes.add(Scores{.9F, .2F, .4F}, Flags{1, 0, 0});
  classes.add(Scores{.1F, .3F, .5F}, Flags{0, 0, 1});
  EXPECT_FALSE(classes.of_class(1).has_value());
  EXPECT_EQ(classes.classes_without_positives(), 1);
  EXPECT_DOUBLE_EQ(*classes.mean(), 1);
  EXPECT_EQ(classes.positives(2), 1);
}

// PERR counts only classes with a score above 0, and a case without classes as 0.
TEST(EqualRecallPrecision, CountsNoScoreOfZeroAndNoCaseWithoutClasses) {
  EqualRecallPrecision equal;
  EXPECT_FALSE(equal.value().has_value());
  equal.add(Scores{.5F, 0, 0}, Flags{1, 1, 0});  // the second of the two best is right, but has no score
  EXPECT_DOUBLE_EQ(*equal.value(), 0.5);
  equal.add(Scores{.5F, .1F, 0}, Flags{0, 0, 0});
  EXPECT_DOUBLE_EQ(*equal.value(), 0.25);
  EXPECT_EQ(equal.without_positives(), 1);
}

TEST(HitAtK, TakesTheFirstAmongEquals) {
  HitAtK hit(1);
  hit.add(Scores{.5F, .5F}, Flags{0, 1});
  EXPECT_DOUBLE_EQ(*hit.value(), 0);
  hit.add(Scores{.5F, .5F}, Flags{1, 0});
  EXPECT_DOUBLE_EQ(*hit.value(), 0.5);
}

TEST(Ranking, RefusesWhatCannotBeRanked) {
  EXPECT_THROW(average_precision(Scores{1}, Flags{1, 0}), InvalidArgument);
  EXPECT_THROW(average_precision(Scores{std::nanf("")}, Flags{1}), InvalidArgument);
  EXPECT_THROW(HitAtK(0), InvalidArgument);
  EXPECT_THROW(ClassAveragePrecision(0), InvalidArgument);
  EXPECT_THROW(ClassAveragePrecision(2).add(Scores{1}, Flags{1}), InvalidArgument);
  EXPECT_THROW(ClassAveragePrecision(2).merge(ClassAveragePrecision(3)), InvalidArgument);
  EXPECT_THROW(HitAtK(1).merge(HitAtK(2)), InvalidArgument);
  EXPECT_FALSE(average_precision(Scores{1, 2}, Flags{0, 0}).has_value());
}

}  // namespace
}  // namespace longtake
