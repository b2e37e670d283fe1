// Counting for forecast_scores.h.
#include "metrics/forecast_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "longtake/error.h"
#include "metrics/lead_means.h"
#include "metrics/summed_area.h"

namespace longtake {
namespace {

std::optional<double> quotient(double part, double whole) {
  if (whole == 0) return std::nullopt;
  return part / whole;
}

void check_threshold(float threshold) {
  if (!std::isfinite(threshold)) throw InvalidArgument(fmt::format("a threshold of {}; a number is wanted", threshold));
}

void check_axes(std::int64_t leads, const std::vector<float>& thresholds) {
  if (leads < 1) throw InvalidArgument(fmt::format("scores of {} leads; at least 1 is wanted", leads));
  if (thresholds.empty()) throw InvalidArgument("scores without a threshold; at least one is wanted");
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    check_threshold(thresholds[i]);
    if (i > 0 && thresholds[i] <= thresholds[i - 1]) {
      throw InvalidArgument(
          fmt::format("a threshold of {} behind {}; they must rise", thresholds[i], thresholds[i - 1]));
    }
  }
}

// `index` among the `count` thresholds or windows.
std::size_t checked_index(std::int64_t index, std::size_t count, const char* what) {
  if (index < 0 || static_cast<std::size_t>(index) >= count) {
    throw InvalidArgument(fmt::format("{} {} is not one of the {} {}s 0 to {}", what, index, count, what, count - 1));
  }
  return static_cast<std::size_t>(index);
}

// Where the cells with an event are, as tables.
struct EventAreas {
  const SummedArea* forecast;
  const SummedArea* truth;
  const SummedArea* counted;  // null where shares are of the whole window
};

struct ShareSums {
  double difference = 0;
  double total = 0;
};

// The sums of one frame over the windows around all cells that count.
ShareSums share_sums(const FieldPair& pair, std::int64_t window, const EventAreas& areas) {
  ShareSums sums;
  const double whole = static_cast<double>(window) * static_cast<double>(window);
  std::size_t cell = 0;
  for (std::int64_t row = 0; row < pair.height; ++row) {
    const std::int64_t top = std::max<std::int64_t>(row - window / 2, 0);
    const std::int64_t bottom = std::min(row - window / 2 + window, pair.height);
    for (std::int64_t column = 0; column < pair.width; ++column, ++cell) {
      if (!pair.counts(cell)) continue;
      const std::int64_t left = std::max<std::int64_t>(column - window / 2, 0);
      const std::int64_t right = std::min(column - window / 2 + window, pair.width);
      const double of =
          areas.counted != nullptr ? static_cast<double>(areas.counted->sum(top, left, bottom, right)) : whole;
      const double forecast = static_cast<double>(areas.forecast->sum(top, left, bottom, right)) / of;
      const double truth = static_cast<double>(areas.truth->sum(top, left, bottom, right)) / of;
      sums.difference += (forecast - truth) * (forecast - truth);
      sums.total += forecast * forecast + truth * truth;
    }
  }
  return sums;
}

}  // namespace

void ContingencyTable::add(bool forecast, bool truth) {
  if (truth) {
    ++(forecast ? hits : misses);
  } else {
    ++(forecast ? false_alarms : correct_negatives);
  }
}

void ContingencyTable::merge(const ContingencyTable& other) {
  hits += other.hits;
  misses += other.misses;
  false_alarms += other.false_alarms;
  correct_negatives += other.correct_negatives;
}

std::optional<double> ContingencyTable::probability_of_detection() const {
  return quotient(static_cast<double>(hits), static_cast<double>(hits + misses));
}

std::optional<double> ContingencyTable::false_alarm_ratio() const {
  return quotient(static_cast<double>(false_alarms), static_cast<double>(hits + false_alarms));
}

std::optional<double> ContingencyTable::critical_success_index() const {
  return quotient(static_cast<double>(hits), static_cast<double>(hits + false_alarms + misses));
}

// Above and below the line times n, which leaves ad - bc above and needs no division by n.
std::optional<double> ContingencyTable::gilbert_skill_score() const {
  const auto a = static_cast<double>(hits), b = static_cast<double>(false_alarms);
  const auto c = static_cast<double>(misses), d = static_cast<double>(correct_negatives);
  const double skill = a * d - b * c;
  return quotient(skill, (b + c) * (a + b + c + d) + skill);
}

std::optional<double> ContingencyTable::heidke_skill_score() const {
  const auto a = static_cast<double>(hits), b = static_cast<double>(false_alarms);
  const auto c = static_cast<double>(misses), d = static_cast<double>(correct_negatives);
  return quotient(2 * (a * d - b * c), (a + c) * (c + d) + (a + b) * (b + d));
}

ContingencyTable contingency(const FieldPair& pair, float threshold) {
  check_threshold(threshold);
  check_pair(pair);
  ContingencyTable table;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (pair.counts(cell)) table.add(pair.forecast[cell] >= threshold, pair.truth[cell] >= threshold);
  }
  return table;
}

ContingencyScores::ContingencyScores(std::int64_t leads, std::vector<float> thresholds)
    : leads_(leads), thresholds_(std::move(thresholds)) {
  check_axes(leads_, thresholds_);
  tables_.resize(static_cast<std::size_t>(leads_) * thresholds_.size());
}

void ContingencyScores::add(std::int64_t lead, const FieldPair& pair) {
  const std::size_t first = lead_index(lead, leads_) * thresholds_.size();
  for (std::size_t i = 0; i < thresholds_.size(); ++i) tables_[first + i].merge(contingency(pair, thresholds_[i]));
}

void ContingencyScores::merge(const ContingencyScores& other) {
  if (other.leads_ != leads_ || other.thresholds_ != thresholds_) {
    throw InvalidArgument("contingency tables of different leads or thresholds cannot be merged");
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) tables_[i].merge(other.tables_[i]);
}

const ContingencyTable& ContingencyScores::table(std::int64_t lead, std::int64_t threshold) const {
  return tables_[lead_index(lead, leads_) * thresholds_.size() +
                 checked_index(threshold, thresholds_.size(), "threshold")];
}

std::optional<double> ContingencyScores::mean_over_leads(std::int64_t threshold, Score score) const {
  std::vector<std::optional<double>> scores;
  for (std::int64_t lead = 0; lead < leads_; ++lead) scores.push_back((table(lead, threshold).*score)());
  return mean_of_present(scores);
}

FractionsSkillScore::FractionsSkillScore(std::int64_t leads, std::vector<float> thresholds,
                                         std::vector<std::int64_t> windows, Outside outside)
    : leads_(leads), thresholds_(std::move(thresholds)), windows_(std::move(windows)), outside_(outside) {
  check_axes(leads_, thresholds_);
  if (windows_.empty()) throw InvalidArgument("a fractions skill score without a window; at least one is wanted");
  for (const std::int64_t window : windows_) {
    if (window < 1 || window > std::numeric_limits<std::int32_t>::max()) {
      throw InvalidArgument(fmt::format("a window of {} cells; at least 1 is wanted", window));
    }
  }
  events_.resize(static_cast<std::size_t>(leads_) * thresholds_.size());
  sums_.resize(events_.size() * windows_.size());
}

void FractionsSkillScore::add(std::int64_t lead, const FieldPair& pair) {
  const std::size_t first = lead_index(lead, leads_) * thresholds_.size();
  check_pair(pair);
  const SummedArea counted(pair.height, pair.width, [&](std::size_t cell) { return pair.counts(cell); });
  for (std::size_t i = 0; i < thresholds_.size(); ++i) {
    const auto areas_of = [&](std::span<const float> field) {
      return SummedArea(pair.height, pair.width,
                        [&](std::size_t cell) { return pair.counts(cell) && field[cell] >= thresholds_[i]; });
    };
    const SummedArea forecast = areas_of(pair.forecast), truth = areas_of(pair.truth);
    const EventAreas areas{&forecast, &truth, outside_ == Outside::kLeftOut ? &counted : nullptr};
    events_[first + i].truth += truth.sum(0, 0, pair.height, pair.width);
    events_[first + i].cells += counted.sum(0, 0, pair.height, pair.width);
    for (std::size_t j = 0; j < windows_.size(); ++j) {
      const ShareSums added = share_sums(pair, windows_[j], areas);
      Sums& to = sums_[(first + i) * windows_.size() + j];
      to.difference += added.difference;
      to.total += added.total;
    }
  }
}

void FractionsSkillScore::merge(const FractionsSkillScore& other) {
  if (other.leads_ != leads_ || other.thresholds_ != thresholds_ || other.windows_ != windows_ ||
      other.outside_ != outside_) {
    throw InvalidArgument("fractions skill scores of different leads, thresholds or windows cannot be merged");
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i].difference += other.sums_[i].difference;
    sums_[i].total += other.sums_[i].total;
  }
  for (std::size_t i = 0; i < events_.size(); ++i) {
    events_[i].truth += other.events_[i].truth;
    events_[i].cells += other.events_[i].cells;
  }
}

std::optional<double> FractionsSkillScore::value(std::int64_t lead, std::int64_t threshold, std::int64_t window) const {
  const std::size_t table =
      lead_index(lead, leads_) * thresholds_.size() + checked_index(threshold, thresholds_.size(), "threshold");
  const Sums& sums = sums_[table * windows_.size() + checked_index(window, windows_.size(), "window")];
  if (sums.total == 0) return std::nullopt;
  return 1 - sums.difference / sums.total;
}

std::optional<double> FractionsSkillScore::mean_over_leads(std::int64_t threshold, std::int64_t window) const {
  std::vector<std::optional<double>> values;
  for (std::int64_t lead = 0; lead < leads_; ++lead) values.push_back(value(lead, threshold, window));
  return mean_of_present(values);
}

std::optional<double> FractionsSkillScore::skilful(std::int64_t lead, std::int64_t threshold) const {
  const Events& events = events_[lead_index(lead, leads_) * thresholds_.size() +
                                 checked_index(threshold, thresholds_.size(), "threshold")];
  if (events.cells == 0) return std::nullopt;
  return 0.5 + 0.5 * static_cast<double>(events.truth) / static_cast<double>(events.cells);
}

}  // namespace longtake
