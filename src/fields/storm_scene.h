// One generated sequence: which disturbances there are, how they live, and the fields that show them. Private to
// fields.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "fields/field.h"
#include "fields/storm_background.h"
#include "fields/tracks.h"
#include "fields/vortex.h"

namespace longtake::fields {

// Where a track is at `time`: on the great circle between two of its points that are at most six hours apart.
std::optional<GeoPoint> place_on(const Track& track, std::int64_t time);

// A tropical cyclone for as long as its track lasts.
struct StormLife {
  const Track* track = nullptr;
  double peak_m_s = 30;  // its greatest wind
  double shape = 1.4;    // Holland's B
  double inflow_degrees = 10;
  double wobble_phase = 0;  // radians: of the small changes of its wind
  double band_phase = 0;

  // Drawn: peaks of 20 to 60 m/s, weak ones more often than strong ones.
  static StormLife draw(const Track& track, Random& random);
  // Its wind at `time`: it grows over the first third of its life and fades after that, faster north of 40 degrees, and
  // is never below 15 m/s.
  double wind_m_s(std::int64_t time, const GeoPoint& place) const;
  // Nothing before its first point, after its last and in gaps.
  std::optional<TropicalCyclone> at(std::int64_t time, double cell_km) const;
};

// A low that goes straight on.
struct MovingLow {
  Low low;  // as deep as it becomes
  std::int64_t start = 0;
  double duration_s = 0;
  double east_m_s = 0;
  double north_m_s = 0;

  // Deepens, and fills again; nothing outside of its time.
  std::optional<Low> at(std::int64_t time) const;
};

// Rain without a storm, which comes and goes.
struct Shower {
  GeoPoint centre;
  std::int64_t start = 0;
  double duration_s = 0;
  double radius_km = 0;
  double peak_mm_h = 0;
  double east_m_s = 0;
  double north_m_s = 0;
};

struct StormScene {
  std::int64_t start = 0;
  std::int64_t step_s = 0;
  std::int64_t frames = 0;
  Grid grid;  // kGeographic, regular
  BackgroundView view;
  std::vector<StormLife> storms;
  std::vector<MovingLow> lows;
  std::vector<Shower> showers;
  std::uint64_t noise_key = 0;

  std::int64_t time(std::int64_t frame) const { return start + frame * step_s; }
  double cell_km() const;
};

// The names of the fields of a frame, in their order: PSL (Pa), U850, V850 (m s-1), PRECT (m s-1 of liquid water), TS
// (K), QREFHT (kg kg-1), T500 (K).
std::span<const char* const> storm_quantities();

// The fields of one frame, all valid.
std::vector<Field> draw_frame(const StormScene& scene, const StormBackground& background, std::int64_t frame);

}  // namespace longtake::fields
