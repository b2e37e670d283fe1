// The weather that generated storms move through: real analyses laid over a season's mean. Private to fields.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace longtake::fields {

// What the fields are at one place before storms come.
struct Weather {
  double pressure_pa = 0;
  double east_m_s = 0;
  double north_m_s = 0;
  double surface_k = 0;
  double upper_k = 0;
};

// How the analyses are laid over the map, so that no two sequences have the same weather.
struct BackgroundView {
  double roll_degrees = 0;  // how far they are moved to the west
  // East and west change places and time runs backward, so that weather still moves to the east. The northward wind is
  // negated, which keeps the winds in balance with the pressure.
  bool mirrored = false;
  double start_s = 0;  // into the analyses
};

// Four NetCDF files, Pstorm.cdf, Tstorm.cdf, Ustorm.cdf and Vstorm.cdf, of the variables p (Pa), t (K), u and v (m/s)
// at times in hours: sea level pressure, temperature and wind near the surface.
//
// Only their deviations from the mean over time and longitude are used, for the analyses may be of another season.
// They are added to a mean of the North Atlantic from August to October, by formulas of latitude: kShare of pressure
// and wind, because weather in summer is about that much weaker than in winter, and less of temperature, which over
// land in winter varies far more than over the sea. Corners without data are filled from their neighbours, times
// without data from the times around. Along longitude the analyses repeat: their first and last eighth are blended
// into one another. Beyond their latitudes deviations fade. On the southern hemisphere it is all mirrored at the
// equator.
class StormBackground {
 public:
  // Throws IoError where a file is missing, BadData or InvalidArgument for what is no such file, or files that differ.
  static StormBackground read(const Files::Path& folder);

  // How long the analyses last.
  double duration_s() const { return step_s_ * static_cast<double>(times_ - 1); }
  // The names of the files, for those who note what a set was made of.
  static std::span<const std::string> file_names();

  // At `elapsed_s` of a sequence. The view's start and the time together must not leave duration_s(); they are held at
  // its ends.
  Weather at(const BackgroundView& view, double elapsed_s, double longitude, double latitude) const;
  static constexpr double kShare = 0.6;

 private:
  enum Quantity { kPressure, kTemperature, kEast, kNorth, kQuantities };
  double deviation(Quantity quantity, double time, double row, double column) const;

  std::size_t times_ = 0;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;  // of the part that repeats
  double step_s_ = 0;
  double north_ = 0;  // latitude of the first row
  double row_degrees_ = 0;
  double column_degrees_ = 0;
  std::array<std::vector<float>, kQuantities> deviations_;  // [times, rows, columns]
};

}  // namespace longtake::fields
