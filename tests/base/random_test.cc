#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <span>
#include <vector>

#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;

TEST(Random, PhiloxGivesThePublishedAnswers) {
  // The rows "philox4x32 10" of kat_vectors, which the authors publish with Random123.
  EXPECT_THAT(philox({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_THAT(philox({ones, ones, ones, ones}, {ones, ones}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(Random, AFieldDoesNotDependOnHowItIsCut) {
  const std::uint64_t key = random_key(1, {2, 3, 4, 5});
  std::vector<float> whole(103);
  fill_uniform(key, 1000, whole);
  for (const std::size_t chunk : {1, 2, 3, 4, 5, 7, 64}) {
    std::vector<float> parts(whole.size());
    for (std::size_t i = 0; i < parts.size(); i += chunk) {
      fill_uniform(key, 1000 + i, std::span(parts).subspan(i, std::min(chunk, parts.size() - i)));
    }
    EXPECT_EQ(parts, whole) << chunk;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(uniform_at(key, 1000 + i), whole[i]);
}

TEST(Random, EveryKeyMatters) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    keys.insert(random_key(seed, {}));
    for (std::uint64_t a = 0; a < 3; ++a) {
      keys.insert(random_key(seed, {a}));
      keys.insert(random_key(seed, {a << 32}));
      for (std::uint64_t b = 0; b < 3; ++b) keys.insert(random_key(seed, {a, b}));
    }
  }
  EXPECT_EQ(keys.size(), 3u * (1 + 3 + 2 + 9)) << "0 << 32 is 0 again";
  EXPECT_NE(counter_uniform(1, 2, 3), counter_uniform(1, 3, 2));
  EXPECT_EQ(counter_uniform(1, 2, 3), counter_uniform(1, 2, 3));
}

TEST(Random, ASequenceContinuesFromItsStateAtAnyPosition) {
  Random random(42, 7);
  for (int position = 0; position < 9; ++position) {
    Random copy = random;
    Random restored(random.state());
    for (int i = 0; i < 10; ++i) {
      const std::uint32_t expected = copy.uniform_u32();
      EXPECT_EQ(restored.uniform_u32(), expected);
    }
    random.uniform_u32();
  }
}

TEST(Random, StreamsOfOneSeedDiffer) {
  EXPECT_NE(Random(1, 0).uniform_u64(), Random(1, 1).uniform_u64());
  EXPECT_NE(Random(1).uniform_u64(), Random(2).uniform_u64());
  EXPECT_EQ(Random(1, 5, 6).uniform_u64(), Random(1, 5, 6).uniform_u64());
}

// Bounds below are five standard errors of the mean of 100,000 draws.
TEST(Random, UniformHasTheMomentsOfTheUniformDistribution) {
  Random random(3);
  double sum = 0, square = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.uniform();
    ASSERT_TRUE(x >= 0 && x < 1);
    const float y = random.uniform_float();
    ASSERT_TRUE(y >= 0 && y < 1);
    sum += x;
    square += x * x;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 5 * std::sqrt(1.0 / 12 / 100000));
  EXPECT_NEAR(square / 100000, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / 100000));
}

TEST(Random, NormalHasTheMomentsOfTheNormalDistribution) {
  Random random(4);
  double sum = 0, square = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    square += x * x;
  }
  EXPECT_NEAR(sum / 100000, 0, 5 * std::sqrt(1.0 / 100000));
  EXPECT_NEAR(square / 100000, 1, 5 * std::sqrt(2.0 / 100000));
}

TEST(Random, BelowIsInRangeAndReachesAllEqually) {
  Random random(5);
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) ++counts.at(random.below(6));
  for (int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(60000 * (1.0 / 6) * (5.0 / 6)));
  EXPECT_EQ(random.below(1), 0u);
  EXPECT_LT(random.below(~std::uint64_t{0}), ~std::uint64_t{0});
  EXPECT_THROW(random.below(0), InvalidArgument);
}

TEST(Random, ShuffleKeepsTheValuesAndGivesAllOrders) {
  Random random(6);
  std::set<std::vector<int>> orders;
  for (int i = 0; i < 200; ++i) {
    std::vector<int> values = {1, 2, 3};
    random.shuffle(std::span(values));
    orders.insert(values);
  }
  EXPECT_EQ(orders.size(), 6u);
  for (std::vector<int> order : orders) {
    std::sort(order.begin(), order.end());
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
  }
}

}  // namespace
}  // namespace longtake
