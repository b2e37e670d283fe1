// Distances and ways on the globe, taken for a sphere, which errs by up to 0.6 %.
#pragma once

namespace longtake {

inline constexpr double kEarthRadiusKm = 6371.0088;  // the mean radius (IUGG)

struct GeoPoint {
  double longitude = 0, latitude = 0;  // degrees, east and north positive
  friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

// Kilometres along the great circle, by the haversine formula. Longitudes may be of any turn.
double great_circle_km(const GeoPoint& a, const GeoPoint& b);

// The place at `share` of the way from `a` (0) to `b` (1) along the great circle, its longitude in [-180, 180]. Between
// opposite places, which many great circles join, it is on one of them.
GeoPoint along_great_circle(const GeoPoint& a, const GeoPoint& b, double share);

}  // namespace longtake
