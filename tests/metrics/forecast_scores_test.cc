// Numbers of specs 14.12; fractions skill scores from SciPy 1.10's uniform_filter, and where cells are missing from
// loops over windows in Python, over the fields of sample_fields.h; and what is worked out beside its case.
#include "metrics/forecast_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

using Table = ContingencyTable;

TEST(ContingencyTable, GivesTheVectorsOfTheSpecification) {
  const Table table{.hits = 30, .misses = 20, .false_alarms = 10, .correct_negatives = 940};
  EXPECT_DOUBLE_EQ(*table.probability_of_detection(), 0.6);
  EXPECT_DOUBLE_EQ(*table.false_alarm_ratio(), 0.25);
  EXPECT_DOUBLE_EQ(*table.critical_success_index(), 0.5);
  EXPECT_NEAR(*table.gilbert_skill_score(), 0.4827586, 5e-8);
  EXPECT_NEAR(*table.heidke_skill_score(), 0.6511628, 5e-8);
}

// The form of the specification, with the hits of chance, and the relation of the two.
TEST(ContingencyTable, HasSkillBeyondTheHitsOfChance) {
  for (const Table& table : {Table{1, 2, 3, 4}, Table{7, 0, 2, 1}, Table{0, 5, 0, 9}, Table{100, 1, 1, 1000000}}) {
    const auto a = static_cast<double>(table.hits), b = static_cast<double>(table.false_alarms);
    const auto c = static_cast<double>(table.misses), d = static_cast<double>(table.correct_negatives);
    const double chance = (a + b) * (a + c) / (a + b + c + d);
    const double gilbert = (a - chance) / (a + b + c - chance);
    EXPECT_NEAR(*table.gilbert_skill_score(), gilbert, 1e-12);
    EXPECT_NEAR(*table.heidke_skill_score(), 2 * gilbert / (1 + gilbert), 1e-12);
  }
}

TEST(ContingencyTable, HasNoScoresWithoutCases) {
  const Table empty, dry{.correct_negatives = 5}, missed{.misses = 2, .correct_negatives = 3};
  const Table wet{.hits = 4}, raised{.false_alarms = 2, .correct_negatives = 3};
  for (const Table& table : {empty, dry}) {
    EXPECT_FALSE(table.probability_of_detection().has_value());
    EXPECT_FALSE(table.false_alarm_ratio().has_value());
    EXPECT_FALSE(table.critical_success_index().has_value());
    EXPECT_FALSE(table.gilbert_skill_score().has_value());
    EXPECT_FALSE(table.heidke_skill_score().has_value());
  }
  EXPECT_DOUBLE_EQ(*missed.probability_of_detection(), 0);
  EXPECT_FALSE(missed.false_alarm_ratio().has_value());
  EXPECT_FALSE(raised.probability_of_detection().has_value());
  EXPECT_DOUBLE_EQ(*raised.false_alarm_ratio(), 1);
  EXPECT_DOUBLE_EQ(*wet.critical_success_index(), 1);
  EXPECT_FALSE(wet.gilbert_skill_score().has_value());  // where it rains everywhere, chance hits everything
}

TEST(Contingency, CountsAtOrAboveTheThresholdWhereNothingIsMissing) {
  const SampleFields fields = sample_row({2.0F, 1.9F, 5.0F, 0.0F, 9.0F, std::nanf("")},
                                         {2.0F, 2.0F, 1.0F, 1.9F, 9.0F, 9.0F}, {1, 1, 1, 1, 0, 0});
  EXPECT_EQ(contingency(fields.pair(), 2), (Table{.hits = 1, .misses = 1, .false_alarms = 1, .correct_negatives = 1}));
  EXPECT_EQ(contingency(fields.pair(), 1.5F), (Table{.hits = 2, .misses = 1, .false_alarms = 1}));
  const SampleFields tenths = sample_row({0.7F}, {0.7F});  // which is a little below 0.7
  EXPECT_EQ(contingency(tenths.pair(), 0.7F).hits, 1);
}

// Lead 0 sees one frame of 1 hit in 2 events, and one of 8 in 8: pooled 9/10, though the mean of scores would be 3/4.
TEST(ContingencyScores, PoolCountsBeforeTheyAreScored) {
  ContingencyScores scores(2, {1, 5});
  scores.add(0, sample_row({1, 0}, {1, 1}).pair());
  scores.add(0, sample_row(std::vector<float>(8, 6), std::vector<float>(8, 6)).pair());
  EXPECT_DOUBLE_EQ(*scores.table(0, 0).critical_success_index(), 0.9);
  EXPECT_EQ(scores.table(0, 1), (Table{.hits = 8, .correct_negatives = 2}));
  EXPECT_EQ(scores.table(1, 0), Table{});
}

TEST(ContingencyScores, AverageTheLeadsThatHaveAScore) {
  ContingencyScores scores(3, {1});
  scores.add(0, sample_row({1, 1}, {1, 1}).pair());  // POD 1
  scores.add(1, sample_row({0, 0}, {0, 0}).pair());  // none
  scores.add(2, sample_row({1, 0}, {1, 1}).pair());  // POD 1/2
  EXPECT_DOUBLE_EQ(*scores.mean_over_leads(0, &ContingencyTable::probability_of_detection), 0.75);
  EXPECT_FALSE(ContingencyScores(3, {1}).mean_over_leads(0, &ContingencyTable::false_alarm_ratio).has_value());
}

TEST(ContingencyScores, OfAPerfectForecastAreOneAndOfMissingFramesNothing) {
  SampleFields fields = unlike_fields();
  fields.forecast = fields.truth;
  ContingencyScores scores(2, {0.5F});
  scores.add(0, fields.pair());
  fields.valid.assign(fields.truth.size(), 0);
  scores.add(1, fields.pair());
  const Table& perfect = scores.table(0, 0);
  EXPECT_DOUBLE_EQ(*perfect.probability_of_detection(), 1);
  EXPECT_DOUBLE_EQ(*perfect.false_alarm_ratio(), 0);
  EXPECT_DOUBLE_EQ(*perfect.critical_success_index(), 1);
  EXPECT_DOUBLE_EQ(*perfect.gilbert_skill_score(), 1);
  EXPECT_DOUBLE_EQ(*perfect.heidke_skill_score(), 1);
  EXPECT_EQ(scores.table(1, 0), Table{});
}

TEST(ContingencyScores, MergedShardsEqualTheWhole) {
  ContingencyScores whole(2, {0.5F, 0.8F}), first = whole, second = whole;
  const SampleFields one = unlike_fields(), other = like_fields();
  for (ContingencyScores* scores : {&whole, &first}) scores->add(1, one.pair());
  for (ContingencyScores* scores : {&whole, &second}) {
    scores->add(0, one.pair());
    scores->add(1, other.pair());
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
}

TEST(ContingencyScores, RefuseWhatDoesNotFit) {
  EXPECT_THROW(ContingencyScores(0, {1}), InvalidArgument);
  EXPECT_THROW(ContingencyScores(1, {}), InvalidArgument);
  EXPECT_THROW(ContingencyScores(1, {2, 1}), InvalidArgument);
  EXPECT_THROW(ContingencyScores(1, {1, 1}), InvalidArgument);
  EXPECT_THROW(ContingencyScores(1, {std::nanf("")}), InvalidArgument);
  ContingencyScores scores(2, {1});
  const SampleFields good = sample_row({1}, {1});
  EXPECT_THROW(scores.add(2, good.pair()), InvalidArgument);
  EXPECT_THROW(scores.add(-1, good.pair()), InvalidArgument);
  EXPECT_THROW(scores.add(0, sample_row({std::nanf("")}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(scores.add(0, sample_row({1, 2}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(scores.table(0, 1), InvalidArgument);
  EXPECT_THROW(scores.table(2, 0), InvalidArgument);
  EXPECT_THROW(scores.merge(ContingencyScores(3, {1})), InvalidArgument);
  EXPECT_THROW(scores.merge(ContingencyScores(2, {2})), InvalidArgument);
  EXPECT_THROW(contingency(good.pair(), std::nanf("")), InvalidArgument);
  EXPECT_EQ(scores, ContingencyScores(2, {1}));
}

const std::vector<std::int64_t> kWindows{1, 2, 3, 4, 7, 16, 45};

FractionsSkillScore fractions_of(const SampleFields& fields, Outside outside = Outside::kNoEvent) {
  FractionsSkillScore score(1, {0.5F, 0.8F}, kWindows, outside);
  score.add(0, fields.pair());
  return score;
}

TEST(FractionsSkillScore, AgreesWithUniformFilters) {
  const double expected[2][7] = {{0.5182724252491695, 0.835214446952596, 0.9295505812944647, 0.9629200463499421,
                                  0.9901709806896116, 0.9980964755527395, 0.9989189189189189},
                                 {0.1333333333333333, 0.4727793696275072, 0.6716772151898736, 0.787490465293669,
                                  0.8921092238228338, 0.960818067115932, 0.9801980198019802}};
  const FractionsSkillScore score = fractions_of(unlike_fields());
  for (std::int64_t threshold = 0; threshold < 2; ++threshold) {
    for (std::int64_t window = 0; window < 7; ++window) {
      EXPECT_NEAR(*score.value(0, threshold, window), expected[threshold][window], 1e-12) << kWindows[window];
    }
  }
}

TEST(FractionsSkillScore, SeesMissingCellsAsAskedFor) {
  SampleFields fields = unlike_fields();
  fields.valid = sample_mask();
  ASSERT_EQ(counted_cells(fields.pair()), 261);
  const std::int64_t windows[] = {0, 2, 3, 4};  // of 1, 3, 4 and 7 cells
  const double no_event[2][4] = {{0.5019305019305019, 0.9147138964577656, 0.9531151515151515, 0.983862643656458},
                                 {0.14814814814814814, 0.7192060712200806, 0.8158477202301904, 0.9190377488851202}};
  const double left_out[2][4] = {{0.5019305019305019, 0.9060561378007802, 0.9409314089108594, 0.9820761551500172},
                                 {0.14814814814814814, 0.7109044560570932, 0.8106514984059224, 0.9218136358985513}};
  for (std::size_t i = 0; i < fields.truth.size(); i += 5) {
    if (fields.valid[i] == 0) fields.forecast[i] = std::nanf("");  // what lies there is not read
  }
  const FractionsSkillScore with_no_event = fractions_of(fields);
  const FractionsSkillScore with_left_out = fractions_of(fields, Outside::kLeftOut);
  for (std::int64_t threshold = 0; threshold < 2; ++threshold) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_NEAR(*with_no_event.value(0, threshold, windows[i]), no_event[threshold][i], 1e-12);
      EXPECT_NEAR(*with_left_out.value(0, threshold, windows[i]), left_out[threshold][i], 1e-12);
    }
  }
}

// One event in the second of 3 cells, forecast in the third. In windows of 3 the true counts are (1, 1, 1) and those of
// the forecast (0, 1, 1). Over the same 9 cells everywhere it is 1 - 1 / (3 + 2); over the 2, 3 and 2 that there are,
// shares are (1/2, 1/3, 1/2) and (0, 1/3, 1/2): 1 - (1/4) / (1/4 + 1/9 + 1/4 + 1/9 + 1/4).
TEST(FractionsSkillScore, SeesTheEdgeAsAskedFor) {
  const SampleFields fields = sample_row({0, 0, 1}, {0, 1, 0});
  for (const Outside outside : {Outside::kNoEvent, Outside::kLeftOut}) {
    FractionsSkillScore score(1, {1}, {3}, outside);
    score.add(0, fields.pair());
    EXPECT_NEAR(*score.value(0, 0, 0), outside == Outside::kNoEvent ? 0.8 : 1 - 0.25 / (0.75 + 2.0 / 9), 1e-15);
  }
}

TEST(FractionsSkillScore, OfOneCellIsTheContingencyTables) {
  SampleFields fields = like_fields();
  fields.valid = sample_mask();
  const FractionsSkillScore score = fractions_of(fields);
  const Table table = contingency(fields.pair(), 0.5F);
  const auto hits = static_cast<double>(table.hits), wrong = static_cast<double>(table.misses + table.false_alarms);
  ASSERT_GT(wrong, 0);
  EXPECT_NEAR(*score.value(0, 0, 0), 2 * hits / (2 * hits + wrong), 1e-14);
}

// Where every window has the whole grid, it knows only how often the event was: with shares p and q, 2 p q / (p^2 +
// q^2).
TEST(FractionsSkillScore, OfTheWholeGridIsThatOfFrequencies) {
  const SampleFields fields = unlike_fields();
  const Table table = contingency(fields.pair(), 0.8F);
  const auto p = static_cast<double>(table.hits + table.false_alarms),
             q = static_cast<double>(table.hits + table.misses);
  ASSERT_NE(p, q);
  for (const Outside outside : {Outside::kNoEvent, Outside::kLeftOut}) {
    EXPECT_NEAR(*fractions_of(fields, outside).value(0, 1, 6), 2 * p * q / (p * p + q * q), 1e-12);
  }
}

TEST(FractionsSkillScore, OfAPerfectForecastIsOneAndOfAMissingOrDryFrameNothing) {
  SampleFields fields = unlike_fields();
  fields.forecast = fields.truth;
  EXPECT_DOUBLE_EQ(*fractions_of(fields).value(0, 0, 2), 1);
  fields.valid.assign(fields.truth.size(), 0);
  for (const Outside outside : {Outside::kNoEvent, Outside::kLeftOut}) {
    EXPECT_FALSE(fractions_of(fields, outside).value(0, 0, 2).has_value());
    EXPECT_FALSE(fractions_of(fields, outside).skilful(0, 0).has_value());
  }
  const FractionsSkillScore dry = fractions_of(sample_row({0, 0}, {0, 0}));
  EXPECT_FALSE(dry.value(0, 0, 2).has_value());
  EXPECT_FALSE(dry.mean_over_leads(0, 2).has_value());
  EXPECT_DOUBLE_EQ(*dry.skilful(0, 0), 0.5);
}

// An event that is one cell off is not seen at all in a window of 1, but in larger ones more and more.
TEST(FractionsSkillScore, ForgivesADisplacementByAndBy) {
  SampleFields fields{std::vector<float>(400), std::vector<float>(400), 20, 20, {}};
  fields.truth[10 * 20 + 10] = fields.forecast[10 * 20 + 11] = 1;
  FractionsSkillScore score(1, {1}, {1, 3, 5, 7});
  score.add(0, fields.pair());
  // Windows of n see both but for a column of n each: 1 - 2n / 2n^2.
  for (const auto& [index, size] : {std::pair{0, 1.0}, {1, 3.0}, {2, 5.0}, {3, 7.0}}) {
    EXPECT_NEAR(*score.value(0, 0, index), 1 - 1 / size, 1e-12);
  }
  EXPECT_DOUBLE_EQ(*score.skilful(0, 0), 0.5 + 0.5 / 400);
}

TEST(FractionsSkillScore, MergedShardsEqualTheWhole) {
  FractionsSkillScore whole(2, {0.5F}, {1, 3}), first = whole, second = whole;
  SampleFields one = unlike_fields();
  const SampleFields other = like_fields();
  one.valid = sample_mask();
  for (FractionsSkillScore* score : {&whole, &first}) score->add(0, one.pair());
  for (FractionsSkillScore* score : {&whole, &second}) {
    score->add(0, other.pair());
    score->add(1, one.pair());
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
  // Sums are pooled: the score of both frames is none of theirs, and lies between.
  FractionsSkillScore alone(2, {0.5F}, {1, 3});
  alone.add(0, other.pair());
  EXPECT_LT(*whole.value(0, 0, 0), *alone.value(0, 0, 0));
  EXPECT_GT(*whole.value(0, 0, 0), *whole.value(1, 0, 0));
  EXPECT_DOUBLE_EQ(*whole.mean_over_leads(0, 0), (*whole.value(0, 0, 0) + *whole.value(1, 0, 0)) / 2);
}

TEST(FractionsSkillScore, RefusesWhatDoesNotFit) {
  EXPECT_THROW(FractionsSkillScore(0, {1}, {1}), InvalidArgument);
  EXPECT_THROW(FractionsSkillScore(1, {}, {1}), InvalidArgument);
  EXPECT_THROW(FractionsSkillScore(1, {1}, {}), InvalidArgument);
  EXPECT_THROW(FractionsSkillScore(1, {1}, {0}), InvalidArgument);
  EXPECT_THROW(FractionsSkillScore(1, {1}, {std::int64_t{1} << 40}), InvalidArgument);
  FractionsSkillScore score(1, {1}, {1, 3});
  EXPECT_THROW(score.add(1, sample_row({1}, {1}).pair()), InvalidArgument);
  EXPECT_THROW(score.add(0, sample_row({1}, {std::nanf("")}).pair()), InvalidArgument);
  EXPECT_THROW(score.value(0, 0, 2), InvalidArgument);
  EXPECT_THROW(score.value(0, 1, 0), InvalidArgument);
  EXPECT_THROW(score.value(1, 0, 0), InvalidArgument);
  EXPECT_THROW(score.merge(FractionsSkillScore(1, {1}, {1})), InvalidArgument);
  EXPECT_THROW(score.merge(FractionsSkillScore(1, {1}, {1, 3}, Outside::kLeftOut)), InvalidArgument);
  EXPECT_EQ(score, FractionsSkillScore(1, {1}, {1, 3}));
}

}  // namespace
}  // namespace longtake
