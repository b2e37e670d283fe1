// Profiles and maps of single storms.
#include "fields/vortex.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fields/tracks.h"

namespace longtake::fields {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kRadian = kPi / 180;
constexpr double kDensity = 1.1;           // kg/m^3, of air between the surface and 850 hPa
constexpr double kRotation = 7.292115e-5;  // of the Earth, in radians a second
constexpr double kFadeKm = 1000;           // where a cyclone's pressure is down to 1/e of Holland's

double gaussian(double distance, double sigma) { return std::exp(-distance * distance / (2 * sigma * sigma)); }

// Adds a wind around the centre, cyclonic at its latitude, turned inward.
void add_circling(Influence& influence, const Offset& offset, double km, double speed, double inflow, double latitude) {
  if (km <= 0) return;
  const double sense = latitude < 0 ? -1 : 1;
  const double east = offset.east_km / km;
  const double north = offset.north_km / km;
  influence.east_m_s += speed * (-sense * std::cos(inflow) * north - std::sin(inflow) * east);
  influence.north_m_s += speed * (sense * std::cos(inflow) * east - std::sin(inflow) * north);
}

// Degrees that a column from the surface to 200 hPa must be warmer to weigh so much less: dT = T dp / (p ln(p / 200)).
double warm_core_k(double deficit_pa) {
  constexpr double kColumnK = 260;
  constexpr double kSurfacePa = 101300;
  return kColumnK * deficit_pa / (kSurfacePa * std::log(kSurfacePa / 20000));
}

// The share of the greatest rain: an eye wall, and bands that spiral in the way the wind blows.
double cyclone_rain(const TropicalCyclone& cyclone, const Offset& offset, double km) {
  const double scaled = std::max(km, 1.0) / cyclone.radius_km;
  const double ring = gaussian(scaled - 1, 0.45);
  const double sense = cyclone.centre.latitude < 0 ? -1 : 1;
  const double angle = sense * std::atan2(offset.north_km, offset.east_km);
  const double spiral = 0.5 + 0.5 * std::cos(2 * (angle - cyclone.band_phase) + 4 * std::log(scaled));
  const double envelope = std::exp(-scaled / 2.2);
  return std::min(1.0, 0.6 * ring + envelope * (0.25 + 0.75 * spiral * spiral));
}

// The share of the greatest rain of an extratropical low: a band from its north around the east to a front that trails
// to the south west.
double frontal_rain(const Offset& offset, double scaled, double latitude) {
  const double sense = latitude < 0 ? -1 : 1;
  const double angle = std::atan2(sense * offset.north_km, offset.east_km);
  const double front = kPi * (0.6 - 0.5 * scaled);
  const double away = std::remainder(angle - front, 2 * kPi);
  return gaussian(away * std::max(scaled, 0.3), 0.28) * gaussian(scaled - 0.9, 0.7);
}

}  // namespace

double gradient_wind(double slope, double radius_m, double latitude) {
  const double half = radius_m * std::abs(kRotation * std::sin(latitude * kRadian));
  return std::sqrt(half * half + std::max(0.0, radius_m * slope / kDensity)) - half;
}

Offset offset_between(const GeoPoint& from, const GeoPoint& to) {
  constexpr double kKilometres = kEarthRadiusKm * kRadian;
  const double between = std::cos((from.latitude + to.latitude) / 2 * kRadian);
  return {wrap_longitude(to.longitude - from.longitude) * kKilometres * between,
          (to.latitude - from.latitude) * kKilometres};
}

double TropicalCyclone::pressure(double km) const {
  if (km <= 0) return -deficit_pa;
  const double holland = 1 - std::exp(-std::pow(radius_km / km, shape));
  return -deficit_pa * holland * std::exp(-std::pow(km / kFadeKm, 4));
}

double TropicalCyclone::slope(double km) const {
  if (km <= 0) return 0;
  const double ratio = std::pow(radius_km / km, shape);
  const double holland = 1 - std::exp(-ratio);
  const double fade = std::exp(-std::pow(km / kFadeKm, 4));
  const double holland_slope = -std::exp(-ratio) * shape * ratio / km;
  const double fade_slope = -4 * std::pow(km / kFadeKm, 4) / km * fade;
  return -deficit_pa * (holland_slope * fade + holland * fade_slope) / 1000;
}

double TropicalCyclone::wind(double km) const { return gradient_wind(slope(km), km * 1000, centre.latitude); }

Influence TropicalCyclone::at(const GeoPoint& place) const {
  Influence influence;
  const Offset offset = offset_between(centre, place);
  const double km = std::hypot(offset.east_km, offset.north_km);
  if (km > kReachKm) return influence;
  const double greatest = wind(radius_km);
  const double speed = wind(km);
  influence.pressure_pa = pressure(km);
  add_circling(influence, offset, km, speed, inflow_degrees * kRadian, centre.latitude);
  const double moves = greatest > 0 ? 0.5 * speed / greatest : 0;
  influence.east_m_s += moves * east_m_s;
  influence.north_m_s += moves * north_m_s;
  influence.rain_mm_h = std::max(0.0, 0.3 * (greatest - 5)) * cyclone_rain(*this, offset, km);
  influence.upper_k = warm_core_k(deficit_pa) * gaussian(km, 1.3 * radius_km);
  influence.humidity = 0.12 * gaussian(km, 3 * radius_km);
  return influence;
}

TropicalCyclone tropical_cyclone(const GeoPoint& centre, double wind_m_s, double shape, double cell_km) {
  TropicalCyclone cyclone;
  cyclone.centre = centre;
  cyclone.shape = shape;
  cyclone.deficit_pa = wind_m_s * wind_m_s * kDensity * std::numbers::e / shape;
  const double narrow = 46.4 * std::exp(-0.0155 * wind_m_s + 0.0169 * std::abs(centre.latitude));
  cyclone.radius_km = std::hypot(narrow, cell_km);
  return cyclone;
}

Influence Low::at(const GeoPoint& place) const {
  Influence influence;
  const Offset offset = offset_between(centre, place);
  const double km = std::hypot(offset.east_km, offset.north_km);
  const double scaled = km / radius_km;
  if (scaled > kReach) return influence;
  const double depth = gaussian(scaled, 1);
  const double slope = deficit_pa * depth * scaled / (radius_km * 1000);
  influence.pressure_pa = -deficit_pa * depth;
  add_circling(influence, offset, km, gradient_wind(slope, km * 1000, centre.latitude), 0.1, centre.latitude);
  if (extratropical) {
    const double strength = deficit_pa / 2000;
    influence.rain_mm_h = 4 * strength * frontal_rain(offset, scaled, centre.latitude);
    influence.surface_k = 4 * strength * offset.east_km / radius_km * depth;
    influence.upper_k =
        -5 * strength * gaussian(std::hypot(offset.east_km / radius_km + 0.5, offset.north_km / radius_km), 1.1);
  } else {
    const double behind = offset.east_km / radius_km - 0.5;
    influence.rain_mm_h = 3 * gaussian(std::hypot(behind, offset.north_km / radius_km), 0.6);
    influence.humidity = 0.06 * depth;
  }
  return influence;
}

}  // namespace longtake::fields
