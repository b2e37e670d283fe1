#include "base/great_circle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace longtake {

double great_circle_km(const GeoPoint& a, const GeoPoint& b) {
  constexpr double kDegree = std::numbers::pi / 180;
  const double latitude = std::sin((b.latitude - a.latitude) * kDegree / 2);
  const double longitude = std::sin((b.longitude - a.longitude) * kDegree / 2);
  const double haversine =
      latitude * latitude + std::cos(a.latitude * kDegree) * std::cos(b.latitude * kDegree) * longitude * longitude;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(haversine, 1.0)));
}

}  // namespace longtake
