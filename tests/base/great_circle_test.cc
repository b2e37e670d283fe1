#include "base/great_circle.h"

#include <gtest/gtest.h>

namespace longtake {
namespace {

void expect_place(const GeoPoint& place, double longitude, double latitude) {
  EXPECT_NEAR(place.longitude, longitude, 1e-9);
  EXPECT_NEAR(place.latitude, latitude, 1e-9);
}

TEST(AlongGreatCircle, DividesTheWay) {
  expect_place(along_great_circle({0, 0}, {90, 0}, 1.0 / 3), 30, 0);
  expect_place(along_great_circle({10, 20}, {10, 50}, 0.5), 10, 35);
  expect_place(along_great_circle({170, 0}, {-170, 0}, 0.75), -175, 0);  // the short way around
  // From 45 N to 45 N a quarter around, the middle lies at the latitude whose tangent is sqrt(2).
  expect_place(along_great_circle({-45, 45}, {45, 45}, 0.5), 0, 54.735610317245346);
}

TEST(AlongGreatCircle, BeginsAndEndsAtItsPlaces) {
  const GeoPoint a{-60.5, 14.25};
  const GeoPoint b{-61.125, 14.75};
  expect_place(along_great_circle(a, b, 0), a.longitude, a.latitude);
  expect_place(along_great_circle(a, b, 1), b.longitude, b.latitude);
  expect_place(along_great_circle(a, a, 0.3), a.longitude, a.latitude);
  EXPECT_NEAR(great_circle_km(a, along_great_circle(a, b, 0.25)), great_circle_km(a, b) / 4, 1e-9);
}

}  // namespace
}  // namespace longtake
