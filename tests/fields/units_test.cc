#include "fields/units.h"

#include <gmock/gmock.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

double converted(double value, std::string_view from, std::string_view to, const ConversionOptions& options = {}) {
  return Conversion(from, to, options)(value);
}

void expect_units_refused(std::string_view from, std::string_view to, const std::string& why) {
  EXPECT_THAT(
      [&] { converted(1, from, to); },
      ThrowsMessage<InvalidArgument>(AllOf(HasSubstr(std::string(from)), HasSubstr(std::string(to)), HasSubstr(why))));
}

TEST(Units, ConvertWithinWhatTheyMeasure) {
  EXPECT_DOUBLE_EQ(converted(1013.25, "hPa", "Pa"), 101325);
  EXPECT_DOUBLE_EQ(converted(101325, "Pa", "mb"), 1013.25);
  EXPECT_DOUBLE_EQ(converted(20, "degC", "K"), 293.15);
  EXPECT_NEAR(converted(0, "K", "degC"), -273.15, 1e-12);
  EXPECT_NEAR(converted(212, "degF", "celsius"), 100, 1e-10);
  EXPECT_DOUBLE_EQ(converted(10, "m s**-1", "km/h"), 36);
  EXPECT_NEAR(converted(1, "knots", "m s-1"), 0.514444, 1e-6);
  EXPECT_DOUBLE_EQ(converted(50, "%", "1"), 0.5);
  EXPECT_DOUBLE_EQ(converted(2, "g kg-1", "kg kg**-1"), 0.002);
}

TEST(Units, SpellingsOfRainAgree) {
  for (const char* unit :
       {"mm/h", "mm h-1", "mm h**-1", "mm h^-1", "mm hr-1", "mm/hour", "kg m-2 h-1", "mm per hour"}) {
    EXPECT_NEAR(converted(3.5, unit, "mm/h"), 3.5, 1e-12) << unit;
  }
  EXPECT_NEAR(converted(1e-3, "kg m-2 s-1", "mm/h"), 3.6, 1e-12);
  EXPECT_NEAR(converted(1e-8, "m s-1", "mm/day"), 0.864, 1e-12);  // CAM's PRECT
  EXPECT_NEAR(converted(1, "mm/5min", "mm/h"), 12, 1e-12);
  EXPECT_NEAR(converted(1, "mm per 5 min", "mm/h"), 12, 1e-12);
  EXPECT_NEAR(converted(25.4, "kg m^-2", "in"), 1, 1e-12);
}

TEST(Units, ADepthNeedsItsInterval) {
  const ConversionOptions five_minutes{.interval_s = 300};
  EXPECT_NEAR(converted(0.5, "mm", "mm/h", five_minutes), 6, 1e-12);
  EXPECT_NEAR(converted(0.5, "kg m-2", "mm/h", five_minutes), 6, 1e-12);
  EXPECT_NEAR(converted(6, "mm/h", "mm", five_minutes), 0.5, 1e-12);
  EXPECT_NEAR(converted(6, "mm/h", "kg m-2", five_minutes), 0.5, 1e-12);
  expect_units_refused("mm", "mm/h", "interval");
}

TEST(Units, ThatDoNotConvertAreBothNamed) {
  expect_units_refused("mm/h", "K", "different things");
  expect_units_refused("hPa", "m/s", "different things");
  expect_units_refused("dBZ", "K", "different things");
  expect_units_refused("furlong", "m", "no unit that is known");
  expect_units_refused("m", "mm^", "no unit that is known");
  expect_units_refused("m^99999999999", "m", "no unit that is known");
  expect_units_refused("", "m", "no unit that is known");
  EXPECT_EQ(converted(7, "furlong", " furlong"), 7);
}

// R = (10^(dBZ/10) / a)^(1/b), calculated by hand: 200 R^1.6 = 10^3.5 gives R = 15.8114^(1/1.6).
TEST(Reflectivity, FollowsTheRelation) {
  EXPECT_NEAR(rain_rate(35), std::pow(15.811388, 0.625), 1e-6);
  EXPECT_NEAR(rain_rate(10 * std::log10(223), kFmi), 1, 1e-12);
  EXPECT_NEAR(reflectivity(1), 23.0103, 1e-4);
  EXPECT_NEAR(reflectivity(10, kHko), 17.6738 + 15.6, 1e-4);
  for (const double rate : {0.1, 0.5, 2.0, 30.0, 150.0}) {
    EXPECT_NEAR(rain_rate(reflectivity(rate, kHko), kHko), rate, 1e-9 * rate);
    EXPECT_NEAR(converted(converted(rate, "mm/h", "dBZ"), "dBZ", "mm/h"), rate, 1e-9 * rate);
  }
}

// The benchmark's thresholds in pixels (specs of HKO-7): 0.5 mm/h is p = 0.328253 and 30 mm/h is p = 0.724527, dBZ = 70
// p - 10.
TEST(Reflectivity, GivesHko7sThresholds) {
  EXPECT_NEAR((reflectivity(0.5, kHko) + 10) / 70, 0.328253, 1e-6);
  EXPECT_NEAR((reflectivity(30, kHko) + 10) / 70, 0.724527, 1e-6);
}

TEST(Reflectivity, OfNoRainIsItsOwnValueBothWays) {
  EXPECT_EQ(reflectivity(0), kNoRainDbz);
  EXPECT_EQ(reflectivity(1e-9), kNoRainDbz);
  EXPECT_EQ(rain_rate(kNoRainDbz), 0);
  EXPECT_EQ(rain_rate(-10, kHko, -10), 0);
  EXPECT_GT(rain_rate(-9.9, kHko, -10), 0);
}

TEST(Reflectivity, RefusesARelationThatIsNone) {
  EXPECT_THROW(Conversion("dBZ", "mm/h", {.relation = {0, 1.6}}), InvalidArgument);
}

TEST(ConvertField, KeepsMissingMissingAndUsesItsOwnInterval) {
  Field field = empty_field(1, 3, "test");
  set_cell(field, 0, 0.25);
  set_cell(field, 2, 0);
  field.unit = "mm";
  field.interval_s = 360;
  field = convert(field, "mm/h", {.interval_s = 60});
  EXPECT_FLOAT_EQ(field.values[0], 2.5F);
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_TRUE(std::isnan(field.values[1]));
  EXPECT_EQ(field.unit, "mm/h");
  field = convert(field, "dBZ");
  EXPECT_FLOAT_EQ(field.values[2], static_cast<float>(kNoRainDbz));
  EXPECT_EQ(valid_count(field), 2);
}

}  // namespace
}  // namespace longtake::fields
