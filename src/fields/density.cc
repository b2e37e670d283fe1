// Label maps of storms.
#include "fields/density.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fields/geo_grid.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr double kReach = 5;                     // sigmas
constexpr double kKilometresPerDegree = 111.19;  // of latitude on the sphere of great_circle_km(), a little less

void add_storm(Field& field, const GeoGrid& grid, const TrackPoint& storm, double sigma) {
  for (std::int64_t row = 0; row < field.height; ++row) {
    for (std::int64_t column = 0; column < field.width; ++column) {
      const GeoPoint place = grid.at(row, column);
      if (std::abs(place.latitude - storm.latitude) * kKilometresPerDegree > kReach * sigma) continue;
      const double distance = great_circle_km(place, {storm.longitude, storm.latitude}) / sigma;
      if (!(distance <= kReach)) continue;
      float& value = field.values[static_cast<std::size_t>(row * field.width + column)];
      value = std::max(value, static_cast<float>(std::exp(-distance * distance / 2)));
    }
  }
}

}  // namespace

Field density_map(std::span<const Track> tracks, std::int64_t time, const Field& like, const DensityOptions& options) {
  const GeoGrid places(like.grid, like.height, like.width);
  Field field = missing_field(like, time);
  field.interval_s.reset();
  std::fill(field.values.begin(), field.values.end(), 0.0F);
  std::fill(field.valid.begin(), field.valid.end(), std::uint8_t{1});
  field.quantity = "storm_density";
  field.unit = "1";
  for (const StormPosition& storm : positions_at(tracks, time, options.longest_gap_s)) {
    const double sigma = options.sigma_of ? options.sigma_of(storm.point) : options.sigma_km;
    if (!(sigma > 0) || !std::isfinite(sigma)) {
      throw InvalidArgument(fmt::format("a sigma of {} km for the storm \"{:.60}\"", sigma, tracks[storm.track].id));
    }
    add_storm(field, places, storm.point, sigma);
  }
  return field;
}

}  // namespace longtake::fields
