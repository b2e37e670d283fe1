#include "metrics/lead_means.h"

#include <gtest/gtest.h>

#include <limits>

#include "longtake/error.h"

namespace longtake {
namespace {

TEST(LeadMeans, KeepsLeadsApartAndCountsWhatHasNoValue) {
  LeadMeans means(2);
  means.add(0, 1.0);
  means.add(0, 4.0);
  means.add(0, std::nullopt);
  means.add_sum(1, 6, 4);
  EXPECT_DOUBLE_EQ(*means.mean(0), 2.5);
  EXPECT_DOUBLE_EQ(*means.mean(1), 1.5);
  EXPECT_EQ(means.cases(0), 2);
  EXPECT_EQ(means.left_out(0), 1);
  EXPECT_EQ(means.left_out(1), 0);
}

TEST(LeadMeans, AveragesTheLeadsThatHaveCasesAndSumsOnlyWholeForecasts) {
  LeadMeans means(3);
  EXPECT_FALSE(means.mean(0).has_value());
  EXPECT_FALSE(means.mean_over_leads().has_value());
  means.add(0, 1.0);
  means.add(2, 3.0);
  means.add(2, 5.0);
  EXPECT_DOUBLE_EQ(*means.mean_over_leads(), 2.5);  // of 1 and 4
  EXPECT_FALSE(means.sum_over_leads().has_value());
  means.add(1, 10.0);
  EXPECT_DOUBLE_EQ(*means.sum_over_leads(), 15);
}

TEST(LeadMeans, MergedShardsEqualTheWhole) {
  LeadMeans whole(2), first(2), second(2);
  whole.add(0, 0.25);
  first.add(0, 0.25);
  for (LeadMeans* means : {&whole, &second}) {
    means->add(0, 8.0);
    means->add(1, std::nullopt);
    means->add_sum(1, 3, 7);
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
}

TEST(LeadMeans, RefusesWhatHasNoMeanAndLeadsThatThereAreNot) {
  LeadMeans means(2);
  EXPECT_THROW(LeadMeans(0), InvalidArgument);
  EXPECT_THROW(LeadMeans(-1), InvalidArgument);
  EXPECT_THROW(means.add(2, 1.0), InvalidArgument);
  EXPECT_THROW(means.add(-1, std::nullopt), InvalidArgument);
  EXPECT_THROW(means.add(0, std::numeric_limits<double>::infinity()), InvalidArgument);
  EXPECT_THROW(means.add(0, std::numeric_limits<double>::quiet_NaN()), InvalidArgument);
  EXPECT_THROW(means.add_sum(0, 1, -1), InvalidArgument);
  EXPECT_THROW(means.mean(2), InvalidArgument);
  EXPECT_THROW(means.merge(LeadMeans(3)), InvalidArgument);
  EXPECT_EQ(means, LeadMeans(2));
}

}  // namespace
}  // namespace longtake
