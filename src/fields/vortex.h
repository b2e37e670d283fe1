// What a disturbance does to the fields around it: tropical cyclones after Holland (1980), "An analytic model of the
// wind and pressure profiles in hurricanes", Monthly Weather Review 108, and the lows that are none. Private to fields.
//
// Winds are in gradient balance with the pressure that is written, so that a model which looks at both sees one storm:
// V = sqrt((r f / 2)^2 + r / rho dp/dr) - r |f| / 2, cyclonic on either hemisphere.
#pragma once

#include "base/great_circle.h"

namespace longtake::fields {

// What is added to the fields at one place.
struct Influence {
  double pressure_pa = 0;  // at sea level
  double east_m_s = 0;     // wind at 850 hPa
  double north_m_s = 0;
  double rain_mm_h = 0;
  double surface_k = 0;  // temperature of the surface
  double upper_k = 0;    // temperature at 500 hPa
  double humidity = 0;   // relative, near the surface, as a share
};

// Wind in m/s that balances a pressure that rises by `slope` Pa/m outward at `radius_m` from a centre at `latitude`.
double gradient_wind(double slope, double radius_m, double latitude);

struct TropicalCyclone {
  GeoPoint centre;
  double deficit_pa = 0;       // of the centre against its surroundings
  double radius_km = 100;      // where cyclostrophic wind is greatest
  double shape = 1.4;          // Holland's B
  double inflow_degrees = 10;  // how far the wind turns from the circle towards the centre
  double east_m_s = 0;         // its own motion, half of which is added to the wind where that is greatest
  double north_m_s = 0;
  double band_phase = 0;  // radians: where its rain bands begin

  // The deviation of pressure in Pa at a distance from the centre: Holland's, which fades between 600 and 1200 km, and
  // its slope in Pa/m.
  double pressure(double km) const;
  double slope(double km) const;
  // Around the centre, in m/s, without motion.
  double wind(double km) const;

  // Nothing beyond kReachKm. Rain is a ring at the radius of greatest wind and two spiral bands; the air at 500 hPa is
  // as much warmer as hydrostatic balance asks of a column up to 200 hPa.
  Influence at(const GeoPoint& place) const;
  static constexpr double kReachKm = 1500;
};

// The cyclone whose greatest wind is that of the cyclostrophic profile. Its radius is Willoughby's (2006, equation 7a)
// for that wind and latitude, widened to what cells of `cell_km` can show: sqrt(radius^2 + cell^2).
TropicalCyclone tropical_cyclone(const GeoPoint& centre, double wind_m_s, double shape, double cell_km);

// A low that is no tropical cyclone. Pressure is a Gaussian.
struct Low {
  // An extratropical one has a cold core, warm air before it and cold behind it, and rain along its fronts. The other
  // kind is a wave in the trade winds: shallow, with rain behind its trough and no core.
  bool extratropical = true;
  GeoPoint centre;
  double deficit_pa = 0;
  double radius_km = 500;  // the Gaussian's sigma

  Influence at(const GeoPoint& place) const;
  static constexpr double kReach = 3.5;  // sigmas
};

// Kilometres from `from` to `to` on the plane that touches the globe between them: good to 1 % up to 1500 km below 60
// degrees of latitude.
struct Offset {
  double east_km = 0;
  double north_km = 0;
};
Offset offset_between(const GeoPoint& from, const GeoPoint& to);

}  // namespace longtake::fields
