// Distances on the globe, taken for a sphere, which errs by up to 0.6 %.
#pragma once

namespace longtake {

inline constexpr double kEarthRadiusKm = 6371.0088;  // the mean radius (IUGG)

struct GeoPoint {
  double longitude = 0, latitude = 0;  // degrees, east and north positive
  friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

// Kilometres along the great circle, by the haversine formula. Longitudes may be of any turn.
double great_circle_km(const GeoPoint& a, const GeoPoint& b);

}  // namespace longtake
