// Storms as maps and back: tracks become densities that a model learns, and the peaks of a predicted density become
// tracks (Deep-Hurricane-Tracker, WACV 2019).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fields/field.h"
#include "fields/tracks.h"

namespace longtake::fields {

struct DensityOptions {
  double sigma_km = 200;
  // The width of each storm where it differs, such as from its wind's diameter; goes before sigma_km.
  std::function<double(const TrackPoint&)> sigma_of;
  std::int64_t longest_gap_s = 21600;  // as positions_at()
};

// The label map at `time` on the grid of `like`: in each cell exp(-d^2 / (2 sigma^2)) of the nearest storm in that
// measure, d the great circle's kilometres to its centre, so that values are in [0, 1] and every storm keeps a peak of
// its own. It is 0 beyond five sigma, and everywhere valid. Throws InvalidArgument for a grid without longitudes and
// latitudes or a sigma that is not above 0.
Field density_map(std::span<const Track> tracks, std::int64_t time, const Field& like,
                  const DensityOptions& options = {});

struct Peak {
  double row = 0;  // with the fraction of a cell
  double column = 0;
  double longitude = 0;  // [-180, 180)
  double latitude = 0;
  double score = 0;  // the value of its cell
};

struct PeakOptions {
  double threshold = 0.5;
  // Of peaks nearer to each other than this only the greatest stays.
  double separation_km = 0;
};

// The cells that are at least `threshold` and below none of their eight valid neighbours, greatest first; cells of one
// value that touch are one peak, in their middle. The place is refined to the top of a parabola through each axis's
// three values (through their logarithms where all are positive, which is exact for a Gaussian). Grids that go around
// the globe have neighbours across the edge. Throws InvalidArgument as density_map().
std::vector<Peak> find_peaks(const Field& density, const PeakOptions& options = {});

}  // namespace longtake::fields
