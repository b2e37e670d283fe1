#include "fields/regrid.h"

#include <gmock/gmock.h>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Values 0, 1, 2, ... on a grid of 1000 m; negative ones are missing.
Field field_of(std::int64_t height, std::int64_t width, const std::vector<double>& values) {
  Field field = empty_field(height, width, "test");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0) set_cell(field, i, values[i]);
  }
  field.unit = "mm/h";
  field.time = 7;
  field.grid.kind = GridKind::kProjected;
  for (std::int64_t i = 0; i < width; ++i) field.grid.x.push_back(500 + 1000.0 * static_cast<double>(i));
  for (std::int64_t i = 0; i < height; ++i) field.grid.y.push_back(-500 - 1000.0 * static_cast<double>(i));
  return field;
}

Field ramp(std::int64_t height, std::int64_t width) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < height * width; ++i) values.push_back(static_cast<double>(i));
  return field_of(height, width, values);
}

TEST(Crop, CutsValuesMaskAndAxes) {
  const Field field = crop(field_of(3, 3, {0, 1, 2, 3, -1, 5, 6, 7, 8}), 1, 0, 2, 2);
  EXPECT_THAT(filled_values(field, 99), ElementsAre(3, 99, 6, 7));
  EXPECT_THAT(field.grid.x, ElementsAre(500, 1500));
  EXPECT_THAT(field.grid.y, ElementsAre(-1500, -2500));
  EXPECT_EQ(field.unit, "mm/h");
  EXPECT_EQ(field.time, 7);
  EXPECT_THAT([] { crop(ramp(3, 3), 1, 1, 3, 1); },
              ThrowsMessage<InvalidArgument>(HasSubstr("leave a field of 3 x 3")));
  EXPECT_THROW(crop(ramp(3, 3), -1, 0, 1, 1), InvalidArgument);
  EXPECT_THROW(crop(ramp(3, 3), 0, 0, 0, 1), InvalidArgument);
  EXPECT_THROW(crop(ramp(3, 3), 1, 1, INT64_MAX, INT64_MAX), InvalidArgument);
}

TEST(Coarsen, TakesMeansOfWhatIsValid) {
  const Field field = field_of(2, 5, {0, 2, 8, -1, 1, 4, 6, -1, -1, 1});
  const Field half = coarsen(field, 2, 2, 0.5);
  EXPECT_EQ(half.width, 2);
  EXPECT_THAT(filled_values(half, 99), ElementsAre(3, 99));
  EXPECT_THAT(filled_values(coarsen(field, 2, 2, 0.25), 99), ElementsAre(3, 8));
  EXPECT_THAT(filled_values(coarsen(field_of(1, 2, {-1, -1}), 1, 2, 0), 99), ElementsAre(99));
  EXPECT_THAT(half.grid.x, ElementsAre(1000, 3000));
  EXPECT_THAT(half.grid.y, ElementsAre(-1000));
  EXPECT_EQ(coarsen(field, 1, 1, 1), field);
  EXPECT_THROW(coarsen(field, 3, 1), InvalidArgument);
  EXPECT_THROW(coarsen(field, 0, 1), InvalidArgument);
  EXPECT_THROW(coarsen(field, 1, 1, 1.5), InvalidArgument);
}

TEST(Resample, ToItsOwnSpacingIsTheSame) {
  EXPECT_EQ(resample(ramp(3, 4), 1000), ramp(3, 4));
  EXPECT_EQ(resample(ramp(3, 4), 1000, Interpolation::kNearest), ramp(3, 4));
}

TEST(Resample, IsLinearBetweenCentres) {
  // A plane stays a plane wherever four centres are around.
  const Field fine = resample(ramp(4, 4), 500);
  EXPECT_EQ(fine.width, 8);
  for (std::int64_t row = 1; row < 7; ++row) {
    for (std::int64_t column = 1; column < 7; ++column) {
      const auto at = [](std::int64_t i) { return (static_cast<double>(i) + 0.5) / 2 - 0.5; };
      EXPECT_FLOAT_EQ(fine.values[static_cast<std::size_t>(row * 8 + column)],
                      static_cast<float>(4 * at(row) + at(column)));
    }
  }
  EXPECT_EQ(fine.grid.x[0], 250);
  EXPECT_EQ(fine.grid.y[1], -750);
}

TEST(Resample, NeverMakesRainOfWhatIsMissing) {
  const Field field = field_of(2, 3, {1, 1, -1, 1, 1, 1});
  const Field fine = resample(field, 500);
  for (std::int64_t row = 0; row < 4; ++row) {
    for (std::int64_t column = 0; column < 6; ++column) {
      // Every new cell with some weight on (0, 2): right of the second column's centre, above the second row's.
      EXPECT_EQ(fine.valid[static_cast<std::size_t>(row * 6 + column)], row <= 2 && column >= 3 ? 0 : 1)
          << row << ", " << column;
    }
  }
  EXPECT_EQ(valid_count(resample(field, 500, Interpolation::kNearest)), 20);
  EXPECT_EQ(valid_count(resample(field_of(2, 2, {-1, -1, -1, -1}), 500)), 0);
}

TEST(Resample, BringsRadarsToOneSpacing) {
  Field coarse = ramp(3, 3);
  for (double& x : coarse.grid.x) x *= 2;
  for (double& y : coarse.grid.y) y *= 2;
  const Field a = resample(coarse, 1500);
  const Field b = resample(ramp(6, 6), 1500);
  check_same_size(a, b);
  EXPECT_EQ(a.grid.x, b.grid.x);
  EXPECT_EQ(a.grid.y, b.grid.y);
  EXPECT_THAT([&] { check_same_size(coarse, b); }, ThrowsMessage<InvalidArgument>(HasSubstr("4 x 4 cells")));
}

TEST(Resample, RefusesWhatItCannot) {
  EXPECT_THROW(resample(ramp(3, 3), 0), InvalidArgument);
  EXPECT_THROW(resample(ramp(3, 3), 4000), InvalidArgument);
  EXPECT_THROW(resample(ramp(3, 3), 1e-9), InvalidArgument);
  EXPECT_THROW(resample(ramp(1, 3), 1000), InvalidArgument);
  Field field = ramp(3, 3);
  field.grid.x = {0, 1, 5};
  EXPECT_THROW(resample(field, 1), InvalidArgument);
  EXPECT_THROW(resample(empty_field(3, 3, "test"), 1), InvalidArgument);
}

TEST(TurnLongitudes, NeedsDegreesThatGoRound) {
  Field field = ramp(1, 4);
  EXPECT_THROW(turn_longitudes(field, 0), InvalidArgument);
  field.grid.kind = GridKind::kGeographic;
  field.grid.x = {0, 90, 180, 270};
  EXPECT_THAT(turn_longitudes(field, -180).values, ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(turn_longitudes(field, -180).grid.x, ElementsAre(-180, -90, 0, 90));
  field.grid.x = {0, 120, 240, 360};
  EXPECT_THROW(turn_longitudes(field, 0), InvalidArgument);
}

}  // namespace
}  // namespace longtake::fields
