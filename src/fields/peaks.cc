// From a density to places.
#include <algorithm>
#include <array>
#include <cmath>

#include "fields/density.h"
#include "fields/geo_grid.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

class PeakFinder {
 public:
  PeakFinder(const Field& field, const PeakOptions& options)
      : field_(field), options_(options), grid_(field.grid, field.height, field.width), seen_(field.count(), 0) {}

  std::vector<Peak> run() {
    std::vector<Peak> peaks;
    for (std::int64_t cell = 0; cell < static_cast<std::int64_t>(field_.count()); ++cell) {
      const auto i = static_cast<std::size_t>(cell);
      if (field_.valid[i] == 0 || seen_[i] != 0 || !(field_.values[i] >= options_.threshold)) continue;
      if (is_top(cell)) peaks.push_back(peak_of_plateau());
    }
    std::stable_sort(peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.score > b.score; });
    return separated(std::move(peaks));
  }

 private:
  // The neighbour `down` rows below and `right` columns to the right; -1 outside and where it is missing.
  std::int64_t neighbour(std::int64_t cell, std::int64_t down, std::int64_t right) const {
    const std::int64_t row = cell / field_.width + down;
    std::int64_t column = cell % field_.width + right;
    if (grid_.cyclic()) column = (column + field_.width) % field_.width;
    if (row < 0 || row >= field_.height || column < 0 || column >= field_.width) return -1;
    const std::int64_t other = row * field_.width + column;
    return field_.valid[static_cast<std::size_t>(other)] != 0 ? other : -1;
  }
  float value(std::int64_t cell) const { return field_.values[static_cast<std::size_t>(cell)]; }

  // Gathers the cells of the same value that touch `first` in plateau_; whether none of them has a higher neighbour.
  bool is_top(std::int64_t first) {
    plateau_.assign(1, {first, 0});
    seen_[static_cast<std::size_t>(first)] = 1;
    bool top = true;
    for (std::size_t k = 0; k < plateau_.size(); ++k) {
      for (std::int64_t direction = 0; direction < 9; ++direction) {
        const std::int64_t right = direction % 3 - 1;
        const std::int64_t other = neighbour(plateau_[k].cell, direction / 3 - 1, right);
        if (other < 0 || other == plateau_[k].cell) continue;
        if (value(other) > value(first)) top = false;
        if (value(other) != value(first) || seen_[static_cast<std::size_t>(other)] != 0) continue;
        seen_[static_cast<std::size_t>(other)] = 1;
        plateau_.push_back({other, plateau_[k].right + right});
      }
    }
    return top;
  }

  // Where between -0.5 and 0.5 a parabola through the neighbours of a cell along one axis is highest.
  double refined(std::int64_t cell, std::int64_t down, std::int64_t right) const {
    const std::int64_t before = neighbour(cell, -down, -right);
    const std::int64_t after = neighbour(cell, down, right);
    if (before < 0 || after < 0) return 0;
    std::array<double, 3> y{value(before), value(cell), value(after)};
    if (std::all_of(y.begin(), y.end(), [](double v) { return v > 0; })) {
      std::transform(y.begin(), y.end(), y.begin(), [](double v) { return std::log(v); });
    }
    const double bend = y[0] - 2 * y[1] + y[2];
    return bend < 0 ? std::clamp(0.5 * (y[0] - y[2]) / bend, -0.5, 0.5) : 0;
  }

  Peak peak_of_plateau() const {
    Peak peak;
    const std::int64_t first = plateau_.front().cell;
    peak.score = value(first);
    double right = 0;
    for (const Step& step : plateau_) {
      const std::int64_t row = step.cell / field_.width;
      peak.row += static_cast<double>(row);
      right += static_cast<double>(step.right);
    }
    const auto count = static_cast<double>(plateau_.size());
    peak.row /= count;
    peak.column = static_cast<double>(first % field_.width) + right / count;  // counted across the edge of the globe
    if (plateau_.size() == 1) {
      peak.row += refined(first, 1, 0);
      peak.column += refined(first, 0, 1);
    }
    const GeoPoint place = grid_.at(peak.row, peak.column);
    peak.longitude = place.longitude;
    peak.latitude = place.latitude;
    return peak;
  }

  std::vector<Peak> separated(std::vector<Peak> peaks) const {
    if (!(options_.separation_km > 0)) return peaks;
    std::vector<Peak> kept;
    for (const Peak& peak : peaks) {
      const bool near = std::any_of(kept.begin(), kept.end(), [&](const Peak& other) {
        return great_circle_km({peak.longitude, peak.latitude}, {other.longitude, other.latitude}) <
               options_.separation_km;
      });
      if (!near) kept.push_back(peak);
    }
    return kept;
  }

  struct Step {
    std::int64_t cell;
    std::int64_t right;  // columns from the first cell of the plateau
  };
  const Field& field_;
  const PeakOptions& options_;
  GeoGrid grid_;
  std::vector<std::uint8_t> seen_;
  std::vector<Step> plateau_;
};

}  // namespace

std::vector<Peak> find_peaks(const Field& density, const PeakOptions& options) {
  return PeakFinder(density, options).run();
}

}  // namespace longtake::fields
