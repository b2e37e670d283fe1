#include "base/great_circle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace longtake {

namespace {

constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

double great_circle_km(const GeoPoint& a, const GeoPoint& b) {
  const double latitude = std::sin((b.latitude - a.latitude) * kDegree / 2);
  const double longitude = std::sin((b.longitude - a.longitude) * kDegree / 2);
  const double haversine =
      latitude * latitude + std::cos(a.latitude * kDegree) * std::cos(b.latitude * kDegree) * longitude * longitude;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(haversine, 1.0)));
}

GeoPoint along_great_circle(const GeoPoint& a, const GeoPoint& b, double share) {
  using Vector = std::array<double, 3>;
  const auto vector = [](const GeoPoint& point) -> Vector {
    const double flat = std::cos(point.latitude * kDegree);
    return {flat * std::cos(point.longitude * kDegree), flat * std::sin(point.longitude * kDegree),
            std::sin(point.latitude * kDegree)};
  };
  const double angle = great_circle_km(a, b) / kEarthRadiusKm;
  const double whole = std::sin(angle);
  // Along a short way the sines are as the angles.
  const double from = whole < 1e-9 ? 1 - share : std::sin((1 - share) * angle) / whole;
  const double to = whole < 1e-9 ? share : std::sin(share * angle) / whole;
  const Vector first = vector(a);
  const Vector last = vector(b);
  Vector place{};
  for (std::size_t i = 0; i < place.size(); ++i) place[i] = from * first[i] + to * last[i];
  return {std::atan2(place[1], place[0]) / kDegree, std::atan2(place[2], std::hypot(place[0], place[1])) / kDegree};
}

}  // namespace longtake
