#include "metrics/field_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

TEST(FieldPair, CountsAllCellsWithoutAMaskAndElseThoseOfTheMask) {
  SampleFields fields = sample_row({1, 2, 3}, {4, 5, 6});
  EXPECT_EQ(counted_cells(fields.pair()), 3);
  fields.valid = {1, 0, 255};
  EXPECT_EQ(counted_cells(fields.pair()), 2);
  EXPECT_TRUE(fields.pair().counts(2));
  EXPECT_FALSE(fields.pair().counts(1));
}

TEST(FieldPair, IsNotReadWhereACellIsMissing) {
  EXPECT_NO_THROW(check_pair(sample_row({kNotANumber, 2}, {1, 2}, {0, 1}).pair()));
  EXPECT_NO_THROW(check_pair(sample_row({1, 2}, {1, std::numeric_limits<float>::infinity()}, {1, 0}).pair()));
}

TEST(FieldPair, SaysWhereAValueIsNoNumber) {
  SampleFields fields{{0, 0, 0, 0, 0, kNotANumber}, {0, 0, 0, 0, 0, 0}, 2, 3, {}};
  try {
    check_pair(fields.pair());
    FAIL() << "a NaN was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("row 1, column 2"));
  }
  fields.forecast[5] = 0;
  fields.truth[0] = -std::numeric_limits<float>::infinity();
  EXPECT_THROW(check_pair(fields.pair()), InvalidArgument);
}

TEST(FieldPair, RefusesSizesThatDoNotFit) {
  EXPECT_THROW(check_pair(FieldPair{}), InvalidArgument);
  EXPECT_THROW(check_pair(sample_row({1, 2}, {1, 2, 3}).pair()), InvalidArgument);
  EXPECT_THROW(check_pair(sample_row({1, 2, 3}, {1, 2, 3}, {1, 1}).pair()), InvalidArgument);
  SampleFields fields = sample_row({1, 2}, {1, 2});
  fields.width = 1;
  EXPECT_THROW(check_pair(fields.pair()), InvalidArgument);
  fields.height = fields.width = -1;
  EXPECT_THROW(check_pair(fields.pair()), InvalidArgument);
  fields.height = fields.width = std::int64_t{1} << 32;  // whose product is 0 in 64 bits
  EXPECT_THROW(check_pair(fields.pair()), InvalidArgument);
}

TEST(ValidCells, AreThoseThatAreNumbersInBothAndOfTheMask) {
  const float infinity = std::numeric_limits<float>::infinity();
  const SampleFields fields = sample_row({kNotANumber, 1, 2, infinity, 4}, {0, kNotANumber, 2, 3, 4}, {1, 1, 1, 1, 0});
  EXPECT_EQ(valid_cells(fields.pair()), (std::vector<std::uint8_t>{0, 0, 1, 1, 0}));  // infinity is for check_pair()
  EXPECT_THROW(valid_cells(sample_row({1}, {1, 2}).pair()), InvalidArgument);
}

}  // namespace
}  // namespace longtake
