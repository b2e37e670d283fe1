// Numbers of specs 14.9, of Rosetta Code's haversine task, and what is worked out beside its case.
#include "metrics/track_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/great_circle.h"
#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

using Centres = std::vector<StormCentre>;

constexpr double kDegree =
    kEarthRadiusKm * std::numbers::pi / 180;  // 111.195 km of latitude, or longitude at the equator

// On the equator, `east` degrees from Greenwich, on a grid of half degrees.
StormCentre at_equator(double east) { return {.longitude = east, .column = 2 * east}; }

TEST(GreatCircleDistance, IsThatOfKnownPlaces) {
  EXPECT_NEAR(kDegree, 111.195, 5e-4);
  const StormCentre nashville{.latitude = 36.12, .longitude = -86.67};
  const StormCentre los_angeles{.latitude = 33.94, .longitude = -118.40};
  EXPECT_NEAR(great_circle_distance(nashville, los_angeles), 2887.2599506 / 6372.8 * kEarthRadiusKm, 1e-6);
  const StormCentre pole{.latitude = 90};
  EXPECT_NEAR(great_circle_distance(pole, at_equator(77)), 90 * kDegree, 1e-9);
  EXPECT_NEAR(great_circle_distance(at_equator(10), at_equator(190)), 180 * kDegree, 1e-6);
  // Where the parallel of 60 degrees is half as long, a degree along the great circle is a little less than a half.
  const double at_60 = great_circle_distance({.latitude = 60, .longitude = 5}, {.latitude = 60, .longitude = 6});
  EXPECT_LT(at_60, kDegree / 2);
  EXPECT_NEAR(at_60, kDegree / 2, 0.01);
}

TEST(GreatCircleDistance, GoesAcrossTheDateLineAndKeepsSmallDistances) {
  EXPECT_NEAR(great_circle_distance(at_equator(179.5), at_equator(-179.5)), kDegree, 1e-9);
  EXPECT_NEAR(great_circle_distance(at_equator(190), at_equator(-170)), 0, 1e-9);
  EXPECT_NEAR(great_circle_distance(at_equator(0), at_equator(1e-9)), 1e-9 * kDegree, 1e-18);
}

TEST(MatchStorms, PairsEachOnceAndOnlyWithinTheRadius) {
  const Centres forecast{at_equator(0), at_equator(10), at_equator(50)};
  const Centres truth{at_equator(11), at_equator(0.5), at_equator(12)};
  const std::vector<StormMatch> matches = match_storms(forecast, truth, 1.5 * kDegree);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].forecast, 0);
  EXPECT_EQ(matches[0].truth, 1);
  EXPECT_NEAR(matches[0].distance, 0.5 * kDegree, 1e-9);
  EXPECT_EQ(matches[1].forecast, 1);
  EXPECT_EQ(matches[1].truth, 0);
  EXPECT_TRUE(match_storms(forecast, truth, 0.4 * kDegree).empty());
  EXPECT_TRUE(match_storms(Centres{}, truth, 100).empty());
}

// The forecast at 9 is the storm at 10, though giving it to 0 would let the one at 19 have 10.
TEST(MatchStorms, GivesTheClosestPairPrecedence) {
  const std::vector<StormMatch> matches =
      match_storms(Centres{at_equator(19), at_equator(9)}, Centres{at_equator(0), at_equator(10)}, 9.5 * kDegree);
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].forecast, 1);
  EXPECT_EQ(matches[0].truth, 1);
}

TEST(MatchStorms, TakesTheFirstAmongPairsThatAreAsClose) {
  const std::vector<StormMatch> matches =
      match_storms(Centres{at_equator(0), at_equator(0)}, Centres{at_equator(-1), at_equator(1)}, 2 * kDegree);
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0], (StormMatch{0, 0, matches[0].distance}));
  EXPECT_EQ(matches[1], (StormMatch{1, 1, matches[1].distance}));
}

// Two storms found, 1 and 2 degrees off (2 and 4 cells of half a degree), one missed, two that are none.
StormScores small_scores() {
  StormScores scores(2, 3 * kDegree);
  scores.add(0, Centres{at_equator(1), at_equator(40), at_equator(62)},
             Centres{at_equator(0), at_equator(20), at_equator(60)});
  scores.add(0, Centres{at_equator(5)}, {});
  return scores;
}

TEST(StormScores, CountAndMeasureByLead) {
  const StormScores scores = small_scores();
  EXPECT_EQ(scores.hits(0), 2);
  EXPECT_EQ(scores.misses(0), 1);
  EXPECT_EQ(scores.false_alarms(0), 2);
  EXPECT_DOUBLE_EQ(*scores.probability_of_detection(0), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*scores.false_alarm_ratio(0), 0.5);
  EXPECT_DOUBLE_EQ(*scores.critical_success_index(0), 0.4);
  EXPECT_NEAR(*scores.kilometres().mean(0), 1.5 * kDegree, 1e-9);
  EXPECT_NEAR(*scores.cells().mean(0), 3, 1e-12);
}

TEST(StormScores, MeasureBothSidesOfTheGrid) {
  StormScores scores(1, 100);
  scores.add(0, Centres{{.row = 3, .column = 4.5}}, Centres{{.row = 0, .column = 0.5}});
  EXPECT_DOUBLE_EQ(*scores.cells().mean(0), 5);
  EXPECT_DOUBLE_EQ(*scores.kilometres().mean(0), 0);
}

TEST(StormScores, HaveNothingToSayWithoutStorms) {
  StormScores scores(2, 100);
  scores.add(0, {}, {});
  scores.add(1, {}, Centres{at_equator(0)});
  EXPECT_FALSE(scores.probability_of_detection(0).has_value());
  EXPECT_FALSE(scores.false_alarm_ratio(0).has_value());
  EXPECT_FALSE(scores.critical_success_index(0).has_value());
  EXPECT_FALSE(scores.kilometres().mean(0).has_value());
  EXPECT_DOUBLE_EQ(*scores.probability_of_detection(1), 0);
  EXPECT_FALSE(scores.false_alarm_ratio(1).has_value());
}

TEST(StormScores, MergedShardsEqualTheWhole) {
  StormScores whole = small_scores(), first = small_scores(), second(2, 3 * kDegree);
  for (StormScores* scores : {&whole, &second}) {
    scores->add(1, Centres{at_equator(7)}, Centres{at_equator(7.5), at_equator(100)});
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
  EXPECT_EQ(first.misses(1), 1);
}

TEST(StormScores, RefuseWhatIsNoPlace) {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const StormCentre good;
  EXPECT_THROW(great_circle_distance({.latitude = 90.1}, good), InvalidArgument);
  EXPECT_THROW(great_circle_distance(good, {.latitude = nothing}), InvalidArgument);
  EXPECT_THROW(great_circle_distance(good, {.longitude = nothing}), InvalidArgument);
  EXPECT_THROW(match_storms(Centres{{.latitude = -91}}, {}, 1), InvalidArgument);  // with none to match, too
  EXPECT_THROW(match_storms({}, {}, -1), InvalidArgument);
  EXPECT_THROW(match_storms({}, {}, nothing), InvalidArgument);
  EXPECT_THROW(StormScores(0, 1), InvalidArgument);
  EXPECT_THROW(StormScores(1, -1), InvalidArgument);
  StormScores scores(1, 1);
  EXPECT_THROW(scores.add(1, {}, {}), InvalidArgument);
  EXPECT_THROW(scores.add(0, Centres{good}, Centres{{.row = nothing}}), InvalidArgument);
  EXPECT_THROW(scores.add(0, Centres{good}, Centres{{.latitude = 100}}), InvalidArgument);
  EXPECT_THROW(scores.merge(StormScores(1, 2)), InvalidArgument);
  EXPECT_THROW(scores.merge(StormScores(2, 1)), InvalidArgument);
  EXPECT_EQ(scores, StormScores(1, 1));
}

TEST(MeanPairwiseSquaredError, GivesTheVectorOfTheSpecification) {
  EXPECT_DOUBLE_EQ(*mean_pairwise_squared_error(sample_row({1, 1, 4}, {0, 1, 2}).pair()), 2);
  EXPECT_DOUBLE_EQ(*mean_pairwise_squared_error(sample_row({1, 1, 9, 4}, {0, 1, 2, 2}, {1, 1, 0, 1}).pair()), 2);
}

TEST(MeanPairwiseSquaredError, IsTheMeanOverPairsAndSeesNoOffset) {
  const SampleFields fields = like_fields();
  double sum = 0;
  int pairs = 0;
  for (std::size_t i = 0; i < fields.truth.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j, ++pairs) {
      const double difference = (double{fields.forecast[i]} - fields.forecast[j]) -  //
                                (double{fields.truth[i]} - fields.truth[j]);
      sum += difference * difference;
    }
  }
  EXPECT_NEAR(*mean_pairwise_squared_error(fields.pair()), sum / pairs, 1e-12);
  EXPECT_DOUBLE_EQ(*mean_pairwise_squared_error(sample_row({3, 4}, {1, 2}).pair()), 0);
  EXPECT_FALSE(mean_pairwise_squared_error(sample_row({3, 4}, {1, 2}, {1, 0}).pair()).has_value());
}

}  // namespace
}  // namespace longtake
