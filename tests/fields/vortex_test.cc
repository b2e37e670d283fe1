#include "fields/vortex.h"

#include <gtest/gtest.h>

#include <cmath>

namespace longtake::fields {
namespace {

TEST(GradientWind, BalancesPressureOnBothHemispheres) {
  // Without rotation V^2 = r / rho dp/dr: 100 km, 0.011 Pa/m and 1.1 kg/m^3 give sqrt(1000).
  EXPECT_NEAR(gradient_wind(0.011, 100e3, 0), std::sqrt(1000.0), 1e-12);
  // At 30 N f is 7.292115e-5, half of r f is 3.6460575 m/s.
  EXPECT_NEAR(gradient_wind(0.011, 100e3, 30), std::sqrt(3.6460575 * 3.6460575 + 1000) - 3.6460575, 1e-9);
  EXPECT_EQ(gradient_wind(0.011, 100e3, -30), gradient_wind(0.011, 100e3, 30));
  EXPECT_EQ(gradient_wind(0, 100e3, 30), 0);
}

TEST(TropicalCyclone, HasHollandsPressureAndASlopeThatIsItsDerivative) {
  TropicalCyclone cyclone{.centre = {-60, 20}, .deficit_pa = 5000, .radius_km = 100, .shape = 1.5};
  // Holland (1980), equation 1: at the radius of greatest wind the deficit is 1 - 1/e of the centre's. The fade is
  // exp(-0.1^4).
  EXPECT_NEAR(cyclone.pressure(100), -5000 * (1 - std::exp(-1.0)) * std::exp(-1e-4), 1e-9);
  EXPECT_EQ(cyclone.pressure(0), -5000);
  EXPECT_NEAR(cyclone.pressure(1500), 0, 1);
  for (const double km : {20.0, 100.0, 350.0, 900.0, 1300.0}) {
    const double difference = (cyclone.pressure(km + 0.01) - cyclone.pressure(km - 0.01)) / 20;
    EXPECT_NEAR(cyclone.slope(km), difference, 1e-8) << km;
    EXPECT_EQ(cyclone.wind(km), gradient_wind(cyclone.slope(km), km * 1000, 20));
  }
}

TEST(TropicalCyclone, IsAsStrongAsAskedFor) {
  const TropicalCyclone cyclone = tropical_cyclone({-60, 0}, 40, 1.4, 0);
  // At the equator the cyclostrophic wind is the gradient wind. Willoughby's radius: 46.4 exp(-0.62) = 24.96 km.
  EXPECT_NEAR(cyclone.radius_km, 24.96, 0.01);
  EXPECT_NEAR(cyclone.wind(cyclone.radius_km), 40, 0.01);
  EXPECT_LT(cyclone.wind(0.8 * cyclone.radius_km), cyclone.wind(cyclone.radius_km));
  EXPECT_LT(cyclone.wind(1.2 * cyclone.radius_km), cyclone.wind(cyclone.radius_km));
  EXPECT_NEAR(tropical_cyclone({-60, 0}, 40, 1.4, 111).radius_km, std::hypot(24.96, 111), 0.01);
}

TEST(TropicalCyclone, TurnsCyclonicallyAndInward) {
  for (const double side : {1.0, -1.0}) {
    TropicalCyclone cyclone = tropical_cyclone({-60, side * 20}, 40, 1.4, 100);
    cyclone.inflow_degrees = 0;
    const Influence east = cyclone.at({-59, side * 20});
    EXPECT_GT(side * east.north_m_s, 20);  // counter-clockwise in the north
    EXPECT_NEAR(east.east_m_s, 0, 1e-9);
    cyclone.inflow_degrees = 15;
    EXPECT_LT(cyclone.at({-59, side * 20}).east_m_s, -5);  // towards the centre
    EXPECT_LT(cyclone.at({-60, side * 21}).north_m_s * side, -5);
  }
}

TEST(TropicalCyclone, IsStrongerWhereItsMotionAddsUp) {
  TropicalCyclone cyclone = tropical_cyclone({-60, 20}, 40, 1.4, 100);
  cyclone.inflow_degrees = 0;
  cyclone.east_m_s = -6;  // moves west: its right is the north
  EXPECT_LT(cyclone.at({-60, 21}).east_m_s, -std::abs(cyclone.at({-60, 19}).east_m_s) - 4);
}

TEST(TropicalCyclone, HasAWarmCoreAndRainThatLowsLack) {
  const GeoPoint centre{-40, 40};
  const TropicalCyclone cyclone = tropical_cyclone(centre, 40, 1.4, 100);
  const Low low{.centre = centre, .deficit_pa = cyclone.deficit_pa};
  EXPECT_GT(cyclone.at(centre).upper_k, 4);
  EXPECT_LT(low.at(centre).upper_k, -3);
  EXPECT_EQ(cyclone.at({-40, 55}).pressure_pa, 0);  // 1668 km away
  EXPECT_EQ(low.at({-40, 57}).rain_mm_h, 0);        // 1890 km: beyond 3.5 sigma
  double most = 0;
  for (double degrees = 0; degrees < 3; degrees += 0.25) {
    most = std::max(most, cyclone.at({-40, 40 + degrees}).rain_mm_h);
    EXPECT_GE(cyclone.at({-40, 40 + degrees}).rain_mm_h, 0);
  }
  EXPECT_GT(most, 3);
}

TEST(Low, IsInGradientBalance) {
  const Low low{.centre = {-40, 45}, .deficit_pa = 2000, .radius_km = 500};
  // At one sigma to the east: dp/dr = 2000 / 500e3 exp(-1/2).
  const GeoPoint place{-40 + 500 / (111.19508 * std::cos(45 * 3.14159265358979 / 180)), 45};
  const Influence influence = low.at(place);
  EXPECT_NEAR(influence.pressure_pa, -2000 * std::exp(-0.5), 0.1);
  EXPECT_NEAR(std::hypot(influence.east_m_s, influence.north_m_s),
              gradient_wind(2000 / 500e3 * std::exp(-0.5), 500e3, 45), 1e-3);
  EXPECT_GT(influence.north_m_s, 10);
}

TEST(Offset, IsNearTheGreatCircle) {
  const GeoPoint from{175, 40};
  for (const GeoPoint& to : {GeoPoint{-175, 35}, GeoPoint{170, 48}, GeoPoint{175, 40.5}}) {
    const Offset offset = offset_between(from, to);
    EXPECT_NEAR(std::hypot(offset.east_km, offset.north_km) / great_circle_km(from, to), 1, 0.01);
  }
}

}  // namespace
}  // namespace longtake::fields
