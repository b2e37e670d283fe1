// Whether forecasts have events (rain of at least so much) where they came, by lead time and threshold: contingency
// tables and the fractions skill score. A cell has the event when its value is at or above the threshold; thresholds
// are in the unit of the fields. Counts and sums are pooled over all frames first and scores taken afterwards, as HKO-7
// (Shi 2017) does. A score without cases is missing (nullopt), never 0 or NaN.
//
// Accumulators are values: a shard of the data fills its own, and merge() gives what one would have that had seen all.
// They throw InvalidArgument on less than 1 lead, on thresholds that are none, not finite or not strictly rising, on
// pairs as check_pair() does, on a lead, threshold or window that there is not, and on merging what differs in these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/field_pair.h"

namespace longtake {

// The 2x2 table of an event that was or was not forecast and did or did not come.
struct ContingencyTable {
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::int64_t false_alarms = 0;
  std::int64_t correct_negatives = 0;

  void add(bool forecast, bool truth);
  void merge(const ContingencyTable& other);

  // With a hits, b false alarms, c misses, d correct negatives and n their sum (specs 13.3):
  // POD, a / (a + c).
  std::optional<double> probability_of_detection() const;
  // FAR, b / (a + b): of what was forecast, not of what did not come.
  std::optional<double> false_alarm_ratio() const;
  // CSI or threat score, a / (a + b + c).
  std::optional<double> critical_success_index() const;
  // GSS or equitable threat score, (a - r) / (a + b + c - r), r = (a + b)(a + c) / n being the hits of chance.
  std::optional<double> gilbert_skill_score() const;
  // HSS, 2(ad - bc) / ((a + c)(c + d) + (a + b)(b + d)), which is 2 GSS / (1 + GSS).
  std::optional<double> heidke_skill_score() const;

  friend bool operator==(const ContingencyTable&, const ContingencyTable&) = default;
};

// The table of one frame. Throws InvalidArgument as check_pair(), and on a threshold that is not finite.
ContingencyTable contingency(const FieldPair& pair, float threshold);

// A table by lead and threshold.
class ContingencyScores {
 public:
  using Score = std::optional<double> (ContingencyTable::*)() const;

  ContingencyScores(std::int64_t leads, std::vector<float> thresholds);

  void add(std::int64_t lead, const FieldPair& pair);
  void merge(const ContingencyScores& other);

  std::int64_t leads() const { return leads_; }
  const std::vector<float>& thresholds() const { return thresholds_; }
  // `threshold` is an index here and below.
  const ContingencyTable& table(std::int64_t lead, std::int64_t threshold) const;
  // The mean of a score, such as &ContingencyTable::critical_success_index, over the leads that have it.
  std::optional<double> mean_over_leads(std::int64_t threshold, Score score) const;

  friend bool operator==(const ContingencyScores&, const ContingencyScores&) = default;

 private:
  std::int64_t leads_;
  std::vector<float> thresholds_;
  std::vector<ContingencyTable> tables_;  // [lead, threshold]
};

// What the cells of a neighbourhood are to it that are missing or beyond the edge.
enum class Outside : std::uint8_t {
  kNoEvent,  // cells without the event: a share is of window^2 cells (Roberts and Lean 2008, and pysteps at the edge)
  kLeftOut,  // nothing: a share is of the cells that count
};

// The fractions skill score (Roberts and Lean 2008) by lead, threshold and window. With f and t the shares of cells
// with the event, forecast and true, in the window around a cell: 1 - sum (f - t)^2 / sum (f^2 + t^2), over the cells
// of all frames that count. Windows are squares of `window` x `window` cells from window / 2 above and left of the cell
// (rounded down), so an odd one is centred; they may be larger than the grid. A window of 1 gives 2a / (2a + b + c) of
// the contingency table. Nothing where the event was neither forecast nor came. The cost does not depend on the window.
class FractionsSkillScore {
 public:
  // Throws InvalidArgument when there are no windows, or one is not in 1 to 2^31 - 1.
  FractionsSkillScore(std::int64_t leads, std::vector<float> thresholds, std::vector<std::int64_t> windows,
                      Outside outside = Outside::kNoEvent);

  void add(std::int64_t lead, const FieldPair& pair);
  void merge(const FractionsSkillScore& other);

  std::int64_t leads() const { return leads_; }
  const std::vector<float>& thresholds() const { return thresholds_; }
  const std::vector<std::int64_t>& windows() const { return windows_; }
  // `threshold` and `window` are indices here and below.
  std::optional<double> value(std::int64_t lead, std::int64_t threshold, std::int64_t window) const;
  // The mean over the leads that have a value.
  std::optional<double> mean_over_leads(std::int64_t threshold, std::int64_t window) const;
  // What a forecast must exceed to be called skilful at a window: 1/2 + p/2, p being the share of cells with the event
  // in truth (Roberts and Lean 2008, FSS_uniform). Nothing when no cell counts.
  std::optional<double> skilful(std::int64_t lead, std::int64_t threshold) const;

  friend bool operator==(const FractionsSkillScore&, const FractionsSkillScore&) = default;

 private:
  struct Sums {
    double difference = 0;  // sum (f - t)^2
    double total = 0;       // sum f^2 + t^2
    friend bool operator==(const Sums&, const Sums&) = default;
  };
  struct Events {
    std::int64_t truth = 0;
    std::int64_t cells = 0;
    friend bool operator==(const Events&, const Events&) = default;
  };

  std::int64_t leads_;
  std::vector<float> thresholds_;
  std::vector<std::int64_t> windows_;
  Outside outside_;
  std::vector<Sums> sums_;      // [lead, threshold, window]
  std::vector<Events> events_;  // [lead, threshold]
};

}  // namespace longtake
