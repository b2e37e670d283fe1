// How well clips and videos are put into classes. All are values: a shard of the data fills its own, and merge() gives
// the same numbers as if one had seen everything. A ratio without cases is missing (nullopt), never 0 or NaN.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace longtake {

// The class with the highest score, the first among equals. Throws InvalidArgument when there are no scores or one is
// NaN.
std::int64_t best_class(std::span<const float> scores);

// How many classes come before `truth` when sorted by score, the first among equals before the others; 0 is best.
// Throws InvalidArgument when `truth` is no class or a score is NaN.
std::int64_t rank_of(std::span<const float> scores, std::int64_t truth);

// Element by element mean of rows of equal length: the scores of a video from those of its clips or frames. Throws
// InvalidArgument when there is no row or lengths differ.
std::vector<float> mean_scores(std::span<const std::vector<float>> rows);

// Counts of (true class, predicted class).
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::int64_t classes);

  // Both must be in [0, classes), else InvalidArgument.
  void add(std::int64_t truth, std::int64_t predicted);
  // Throws InvalidArgument when the numbers of classes differ.
  void merge(const ConfusionMatrix& other);

  std::int64_t classes() const { return classes_; }
  std::int64_t count(std::int64_t truth, std::int64_t predicted) const;
  std::int64_t total() const;
  std::int64_t truth_total(std::int64_t truth) const;
  std::int64_t predicted_total(std::int64_t predicted) const;

  // The share of right predictions.
  std::optional<double> accuracy() const;
  // The mean of the recalls of the classes that have cases, so that rare classes count as much as frequent ones.
  std::optional<double> mean_class_accuracy() const;
  // Of what was predicted as the class, the share that is.
  std::optional<double> precision(std::int64_t predicted) const;
  // Of what is the class, the share that was predicted so.
  std::optional<double> recall(std::int64_t truth) const;

  friend bool operator==(const ConfusionMatrix&, const ConfusionMatrix&) = default;

 private:
  std::size_t index(std::int64_t truth, std::int64_t predicted) const;

  std::int64_t classes_;
  std::vector<std::int64_t> counts_;  // [truth, predicted]
};

// The share of cases whose true class is among the k best scores.
class TopKAccuracy {
 public:
  explicit TopKAccuracy(std::int64_t k);

  void add(std::span<const float> scores, std::int64_t truth);
  // Throws InvalidArgument when the k differ.
  void merge(const TopKAccuracy& other);

  std::int64_t k() const { return k_; }
  std::int64_t correct() const { return correct_; }
  std::int64_t total() const { return total_; }
  std::optional<double> value() const;

  friend bool operator==(const TopKAccuracy&, const TopKAccuracy&) = default;

 private:
  std::int64_t k_;
  std::int64_t correct_ = 0;
  std::int64_t total_ = 0;
};

// What is reported of one level, from the scores of one case after the other. With fewer than five classes top-5 is 1.
class ClassificationMetrics {
 public:
  explicit ClassificationMetrics(std::int64_t classes) : confusion_(classes), top5_(5) {}

  // `scores` has one number per class; higher is better.
  void add(std::span<const float> scores, std::int64_t truth);
  void merge(const ClassificationMetrics& other);

  const ConfusionMatrix& confusion() const { return confusion_; }
  std::optional<double> top1() const { return confusion_.accuracy(); }
  std::optional<double> top5() const { return top5_.value(); }

  friend bool operator==(const ClassificationMetrics&, const ClassificationMetrics&) = default;

 private:
  ConfusionMatrix confusion_;
  TopKAccuracy top5_;
};

// Both levels at once: every clip as a case of its own, and every video once with its aggregated scores.
class VideoClassificationMetrics {
 public:
  explicit VideoClassificationMetrics(std::int64_t classes) : clips_(classes), videos_(classes) {}

  // `clip_scores` one row per clip of the video, `video_scores` what the task's aggregation made of them.
  void add(std::span<const std::vector<float>> clip_scores, std::span<const float> video_scores, std::int64_t truth);
  void merge(const VideoClassificationMetrics& other);

  const ClassificationMetrics& clips() const { return clips_; }
  const ClassificationMetrics& videos() const { return videos_; }

  friend bool operator==(const VideoClassificationMetrics&, const VideoClassificationMetrics&) = default;

 private:
  ClassificationMetrics clips_;
  ClassificationMetrics videos_;
};

}  // namespace longtake
