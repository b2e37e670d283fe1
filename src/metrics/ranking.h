// How well scores rank what is there before what is not, where a video or frame may have several classes at once: the
// measures of YouTube-8M (its eval_util.py and average_precision_calculator.py) and of dense labelling (1507.05738).
// Scores are [classes], higher is better; positives are [classes], non-zero where the class is there. Accumulators are
// values: a shard fills its own, and merge() gives the same number as if one had seen everything. What has no cases is
// missing (nullopt), never 0 or NaN. All throw InvalidArgument when lengths differ or a score is NaN.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace longtake {

// What equal scores mean for an average precision.
enum class Ties : std::uint8_t {
  kExpected,  // the mean over all orders of the equal ones, in closed form: no order is favoured
  kIndex,     // the one that was added first is ranked first
};

struct AveragePrecisionOptions {
  Ties ties = Ties::kExpected;
  std::int64_t n = 0;          // only the n best ranks count, and the sum is divided by min(positives, n); 0 for all
  std::int64_t positives = 0;  // how many there are in all, those left out of the ranking too; 0 for those in it
};

// Non-interpolated average precision: the sum of the precisions at the ranks of the positives, divided by the number of
// positives. Nothing when there is no positive. With Ties::kExpected a group of `m` equal scores, `r` of them positive,
// behind N ranks with R positives adds the sum over j = 1..m of r/m (R + 1 + (j - 1)(r - 1)/(m - 1)) / (N + j)
// (McSherry and Najork 2008).
std::optional<double> average_precision(std::span<const float> scores, std::span<const std::uint8_t> positives,
                                        const AveragePrecisionOptions& options = {});

// The share of cases with a positive class among the k best, the first among equals.
class HitAtK {
 public:
  explicit HitAtK(std::int64_t k);

  void add(std::span<const float> scores, std::span<const std::uint8_t> positives);
  void merge(const HitAtK& other);
  std::optional<double> value() const;

 private:
  std::int64_t k_;
  std::int64_t hits_ = 0;
  std::int64_t cases_ = 0;
};

// Precision at equal recall rate: for a case with L positive classes, the share of its L best classes that are positive
// and have a score above 0; the mean over cases. A case without positives counts 0, as in the reference, whose slice
// [-0:] makes it so by accident.
class EqualRecallPrecision {
 public:
  void add(std::span<const float> scores, std::span<const std::uint8_t> positives);
  void merge(const EqualRecallPrecision& other);
  std::optional<double> value() const;
  std::int64_t without_positives() const { return without_positives_; }

 private:
  double sum_ = 0;
  std::int64_t cases_ = 0;
  std::int64_t without_positives_ = 0;
};

// Global average precision: the average precision of the k best (score, positive) pairs of every case, pooled, over the
// positives of all cases and classes, those outside the k best too. YouTube-8M's k is 20.
class GlobalAveragePrecision {
 public:
  explicit GlobalAveragePrecision(std::int64_t k, Ties ties = Ties::kExpected);

  void add(std::span<const float> scores, std::span<const std::uint8_t> positives);
  void merge(const GlobalAveragePrecision& other);
  std::optional<double> value() const;

 private:
  std::int64_t k_;
  Ties ties_;
  std::vector<float> scores_;
  std::vector<std::uint8_t> positives_;
  std::int64_t all_positives_ = 0;
};

// Average precision per class over all cases, and its mean. With one case per frame, all frames of all videos in one
// ranking, this is the per-frame mAP of MultiTHUMOS (1507.05738; specs 10.3). (Averaging the mAP of each video is
// another number.) Keeps every score: 5 bytes per case and class.
class ClassAveragePrecision {
 public:
  explicit ClassAveragePrecision(std::int64_t classes, Ties ties = Ties::kExpected);

  void add(std::span<const float> scores, std::span<const std::uint8_t> positives);
  void merge(const ClassAveragePrecision& other);

  std::int64_t classes() const { return static_cast<std::int64_t>(scores_.size()); }
  std::int64_t cases() const { return static_cast<std::int64_t>(scores_[0].size()); }
  std::int64_t positives(std::int64_t label) const;
  // Nothing for a class without positives.
  std::optional<double> of_class(std::int64_t label) const;
  // Over the classes that have positives.
  std::optional<double> mean() const;
  // How many are left out of the mean.
  std::int64_t classes_without_positives() const;

 private:
  Ties ties_;
  std::vector<std::vector<float>> scores_;            // by class
  std::vector<std::vector<std::uint8_t>> positives_;  // by class
};

}  // namespace longtake
