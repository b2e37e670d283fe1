// How well the centres of storms are found or forecast (specs 6.4 and 13.6): great-circle errors, detected and missed
// storms. The error of a map of their density is mean_squared_error() or ForecastErrors of forecast_errors.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/field_pair.h"
#include "metrics/lead_means.h"

namespace longtake {

// Where a storm is on the globe, and on the grid of the fields, of which fractions of cells are welcome.
struct StormCentre {
  double latitude = 0;   // degrees north, in [-90, 90]
  double longitude = 0;  // degrees east; 190 and -170 are the same
  double row = 0;
  double column = 0;
};

// The great-circle distance in kilometres, as base/great_circle.h; row and column are not looked at. Throws
// InvalidArgument when a latitude is not in [-90, 90] or a number is not finite.
double great_circle_distance(const StormCentre& from, const StormCentre& to);

// A forecast storm that is taken for a true one; both are indices.
struct StormMatch {
  std::int64_t forecast = 0;
  std::int64_t truth = 0;
  double distance = 0;  // kilometres

  friend bool operator==(const StormMatch&, const StormMatch&) = default;
};

// Pairs of storms that are at most `radius` kilometres apart, every storm in one pair at most: the closest pair first,
// then the closest of those that are left; of pairs as close, that with the lowest forecast and then truth first. (An
// assignment that pairs as many as it can would give a storm found spot on to another one, for the sake of a second
// pair.) Throws InvalidArgument as great_circle_distance(), and when the radius is not finite and at least 0.
std::vector<StormMatch> match_storms(std::span<const StormCentre> forecast, std::span<const StormCentre> truth,
                                     double radius);

// Scores of storms by lead; a storm at one time is a case. A value with merge(), see LeadMeans. There are no correct
// negatives, and so no scores that need them.
class StormScores {
 public:
  // Throws InvalidArgument on less than 1 lead, and as match_storms() on the radius (kilometres).
  StormScores(std::int64_t leads, double radius);

  // The storms of one time, matched as match_storms() does and throwing as that, and when there is no such lead or a
  // place on the grid is not finite. Either may be empty.
  void add(std::int64_t lead, std::span<const StormCentre> forecast, std::span<const StormCentre> truth);
  // Throws InvalidArgument when the leads or radii differ.
  void merge(const StormScores& other);

  std::int64_t leads() const { return kilometres_.leads(); }
  std::int64_t hits(std::int64_t lead) const { return kilometres_.cases(lead); }
  std::int64_t misses(std::int64_t lead) const { return unmatched(lead).truth; }
  std::int64_t false_alarms(std::int64_t lead) const { return unmatched(lead).forecast; }
  std::optional<double> probability_of_detection(std::int64_t lead) const;  // POD, of true storms
  std::optional<double> false_alarm_ratio(std::int64_t lead) const;         // FAR, of forecast storms
  std::optional<double> critical_success_index(std::int64_t lead) const;    // CSI
  // Errors of the centres of matched storms: great-circle distances, and straight ones on the grid, in cells. Grids do
  // not wrap round.
  const LeadMeans& kilometres() const { return kilometres_; }
  const LeadMeans& cells() const { return cells_; }

  friend bool operator==(const StormScores&, const StormScores&) = default;

 private:
  struct Unmatched {
    std::int64_t forecast = 0;
    std::int64_t truth = 0;
    friend bool operator==(const Unmatched&, const Unmatched&) = default;
  };

  const Unmatched& unmatched(std::int64_t lead) const { return unmatched_[lead_index(lead, leads())]; }

  double radius_;
  LeadMeans kilometres_;
  LeadMeans cells_;
  std::vector<Unmatched> unmatched_;
};

// What the tracker of Deep-Hurricane-Tracker is trained on (specs 6.2): the mean of ((f_i - f_j) - (t_i - t_j))^2 over
// all pairs of cells that count, 2 (n sum d^2 - (sum d)^2) / (n (n - 1)) with d = f - t. It does not see an offset of
// the whole map, so give the squared error beside it. For the paper's, over a sequence, stack its maps in one pair.
// Nothing with less than 2 cells. Throws InvalidArgument as check_pair().
std::optional<double> mean_pairwise_squared_error(const FieldPair& pair);

}  // namespace longtake
