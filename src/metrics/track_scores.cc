// Matching and counting for track_scores.h.
#include "metrics/track_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/great_circle.h"
#include "longtake/error.h"

namespace longtake {
namespace {

void check_place(const StormCentre& centre) {
  if (!(std::abs(centre.latitude) <= 90) || !std::isfinite(centre.longitude)) {
    throw InvalidArgument(
        fmt::format("a storm at latitude {} and longitude {}; degrees are wanted, -90 to 90 of latitude",
                    centre.latitude, centre.longitude));
  }
}

void check_on_grid(std::span<const StormCentre> centres) {
  for (const StormCentre& centre : centres) {
    if (std::isfinite(centre.row) && std::isfinite(centre.column)) continue;
    throw InvalidArgument(
        fmt::format("a storm at row {} and column {}, which are no place", centre.row, centre.column));
  }
}

void check_radius(double radius) {
  if (!(radius >= 0) || !std::isfinite(radius)) {
    throw InvalidArgument(fmt::format("storms within {} km; a finite number, 0 or above, is wanted", radius));
  }
}

std::optional<double> share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double great_circle_distance(const StormCentre& from, const StormCentre& to) {
  check_place(from);
  check_place(to);
  return great_circle_km({from.longitude, from.latitude}, {to.longitude, to.latitude});
}

std::vector<StormMatch> match_storms(std::span<const StormCentre> forecast, std::span<const StormCentre> truth,
                                     double radius) {
  check_radius(radius);
  std::for_each(forecast.begin(), forecast.end(), check_place);
  std::for_each(truth.begin(), truth.end(), check_place);
  std::vector<StormMatch> pairs;
  for (std::size_t i = 0; i < forecast.size(); ++i) {
    for (std::size_t j = 0; j < truth.size(); ++j) {
      const double distance = great_circle_distance(forecast[i], truth[j]);
      if (distance <= radius) pairs.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(j), distance});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const StormMatch& a, const StormMatch& b) {
    return std::tie(a.distance, a.forecast, a.truth) < std::tie(b.distance, b.forecast, b.truth);
  });
  std::vector<std::uint8_t> forecast_taken(forecast.size()), truth_taken(truth.size());
  std::vector<StormMatch> matches;
  for (const StormMatch& pair : pairs) {
    std::uint8_t& one = forecast_taken[static_cast<std::size_t>(pair.forecast)];
    std::uint8_t& other = truth_taken[static_cast<std::size_t>(pair.truth)];
    if (one != 0 || other != 0) continue;
    one = other = 1;
    matches.push_back(pair);
  }
  return matches;
}

StormScores::StormScores(std::int64_t leads, double radius)
    : radius_(radius), kilometres_(leads), cells_(leads), unmatched_(static_cast<std::size_t>(leads)) {
  check_radius(radius);
}

void StormScores::add(std::int64_t lead, std::span<const StormCentre> forecast, std::span<const StormCentre> truth) {
  Unmatched& rest = unmatched_[lead_index(lead, leads())];
  check_on_grid(forecast);
  check_on_grid(truth);
  const std::vector<StormMatch> matches = match_storms(forecast, truth, radius_);
  for (const StormMatch& match : matches) {
    const StormCentre& one = forecast[static_cast<std::size_t>(match.forecast)];
    const StormCentre& other = truth[static_cast<std::size_t>(match.truth)];
    kilometres_.add(lead, match.distance);
    cells_.add(lead, std::hypot(one.row - other.row, one.column - other.column));
  }
  rest.forecast += static_cast<std::int64_t>(forecast.size() - matches.size());
  rest.truth += static_cast<std::int64_t>(truth.size() - matches.size());
}

void StormScores::merge(const StormScores& other) {
  if (other.radius_ != radius_) {
    throw InvalidArgument(fmt::format("storms within {} and {} km cannot be merged", radius_, other.radius_));
  }
  kilometres_.merge(other.kilometres_);
  cells_.merge(other.cells_);
  for (std::size_t lead = 0; lead < unmatched_.size(); ++lead) {
    unmatched_[lead].forecast += other.unmatched_[lead].forecast;
    unmatched_[lead].truth += other.unmatched_[lead].truth;
  }
}

std::optional<double> StormScores::probability_of_detection(std::int64_t lead) const {
  return share(hits(lead), hits(lead) + misses(lead));
}

std::optional<double> StormScores::false_alarm_ratio(std::int64_t lead) const {
  return share(false_alarms(lead), hits(lead) + false_alarms(lead));
}

std::optional<double> StormScores::critical_success_index(std::int64_t lead) const {
  return share(hits(lead), hits(lead) + misses(lead) + false_alarms(lead));
}

std::optional<double> mean_pairwise_squared_error(const FieldPair& pair) {
  check_pair(pair);
  double sum = 0, squares = 0;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell)) continue;
    const double difference = double{pair.forecast[cell]} - pair.truth[cell];
    sum += difference;
    squares += difference * difference;
  }
  const auto n = static_cast<double>(counted_cells(pair));
  if (n < 2) return std::nullopt;
  return 2 * (n * squares - sum * sum) / (n * (n - 1));
}

}  // namespace longtake
