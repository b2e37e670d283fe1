// Counting for classification.h.
#include "metrics/classification.h"

#include <fmt/format.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake {
namespace {

void check_scores(std::span<const float> scores) {
  if (scores.empty()) throw InvalidArgument("there are no scores; one per class is wanted");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw InvalidArgument(fmt::format("the score of class {} is not a number", i));
  }
}

void check_class(std::int64_t label, std::int64_t classes) {
  if (label < 0 || label >= classes) {
    throw InvalidArgument(fmt::format("class {} is not one of the {} classes 0 to {}", label, classes, classes - 1));
  }
}

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::int64_t best_class(std::span<const float> scores) {
  check_scores(scores);
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  return static_cast<std::int64_t>(best);
}

std::int64_t rank_of(std::span<const float> scores, std::int64_t truth) {
  check_scores(scores);
  check_class(truth, static_cast<std::int64_t>(scores.size()));
  const auto place = static_cast<std::size_t>(truth);
  std::int64_t rank = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > scores[place] || (scores[i] == scores[place] && i < place)) ++rank;
  }
  return rank;
}

std::vector<float> mean_scores(std::span<const std::vector<float>> rows) {
  if (rows.empty()) throw InvalidArgument("there are no rows of scores to average");
  std::vector<double> sum(rows[0].size());
  for (const std::vector<float>& row : rows) {
    if (row.size() != sum.size()) {
      throw InvalidArgument(fmt::format("rows of {} and {} scores cannot be averaged; all must have one per class",
                                        sum.size(), row.size()));
    }
    for (std::size_t i = 0; i < row.size(); ++i) sum[i] += row[i];
  }
  std::vector<float> mean(sum.size());
  for (std::size_t i = 0; i < sum.size(); ++i) mean[i] = static_cast<float>(sum[i] / static_cast<double>(rows.size()));
  return mean;
}

ConfusionMatrix::ConfusionMatrix(std::int64_t classes) : classes_(classes) {
  if (classes < 1)
    throw InvalidArgument(fmt::format("a confusion matrix of {} classes; at least 1 is wanted", classes));
  counts_.resize(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes));
}

std::size_t ConfusionMatrix::index(std::int64_t truth, std::int64_t predicted) const {
  check_class(truth, classes_);
  check_class(predicted, classes_);
  return static_cast<std::size_t>(truth * classes_ + predicted);
}

void ConfusionMatrix::add(std::int64_t truth, std::int64_t predicted) { ++counts_[index(truth, predicted)]; }

void ConfusionMatrix::merge(const ConfusionMatrix& other) {
  if (other.classes_ != classes_) {
    throw InvalidArgument(
        fmt::format("confusion matrices of {} and {} classes cannot be merged", classes_, other.classes_));
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted) const {
  return counts_[index(truth, predicted)];
}

std::int64_t ConfusionMatrix::total() const {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts_) sum += count;
  return sum;
}

std::int64_t ConfusionMatrix::truth_total(std::int64_t truth) const {
  std::int64_t sum = 0;
  for (std::int64_t predicted = 0; predicted < classes_; ++predicted) sum += count(truth, predicted);
  return sum;
}

std::int64_t ConfusionMatrix::predicted_total(std::int64_t predicted) const {
  std::int64_t sum = 0;
  for (std::int64_t truth = 0; truth < classes_; ++truth) sum += count(truth, predicted);
  return sum;
}

std::optional<double> ConfusionMatrix::accuracy() const {
  std::int64_t right = 0;
  for (std::int64_t label = 0; label < classes_; ++label) right += count(label, label);
  return ratio(right, total());
}

std::optional<double> ConfusionMatrix::mean_class_accuracy() const {
  double sum = 0;
  std::int64_t with_cases = 0;
  for (std::int64_t label = 0; label < classes_; ++label) {
    if (const std::optional<double> share = recall(label)) {
      sum += *share;
      ++with_cases;
    }
  }
  if (with_cases == 0) return std::nullopt;
  return sum / static_cast<double>(with_cases);
}

std::optional<double> ConfusionMatrix::precision(std::int64_t predicted) const {
  return ratio(count(predicted, predicted), predicted_total(predicted));
}

std::optional<double> ConfusionMatrix::recall(std::int64_t truth) const {
  return ratio(count(truth, truth), truth_total(truth));
}

TopKAccuracy::TopKAccuracy(std::int64_t k) : k_(k) {
  if (k < 1) throw InvalidArgument(fmt::format("top-{} accuracy; k must be at least 1", k));
}

void TopKAccuracy::add(std::span<const float> scores, std::int64_t truth) {
  if (rank_of(scores, truth) < k_) ++correct_;
  ++total_;
}

void TopKAccuracy::merge(const TopKAccuracy& other) {
  if (other.k_ != k_) throw InvalidArgument(fmt::format("top-{} and top-{} cannot be merged", k_, other.k_));
  correct_ += other.correct_;
  total_ += other.total_;
}

std::optional<double> TopKAccuracy::value() const { return ratio(correct_, total_); }

void ClassificationMetrics::add(std::span<const float> scores, std::int64_t truth) {
  if (static_cast<std::int64_t>(scores.size()) != confusion_.classes()) {
    throw InvalidArgument(fmt::format("{} scores for {} classes", scores.size(), confusion_.classes()));
  }
  top5_.add(scores, truth);
  confusion_.add(truth, best_class(scores));
}

void ClassificationMetrics::merge(const ClassificationMetrics& other) {
  confusion_.merge(other.confusion_);
  top5_.merge(other.top5_);
}

void VideoClassificationMetrics::add(std::span<const std::vector<float>> clip_scores,
                                     std::span<const float> video_scores, std::int64_t truth) {
  videos_.add(video_scores, truth);
  for (const std::vector<float>& scores : clip_scores) clips_.add(scores, truth);
}

void VideoClassificationMetrics::merge(const VideoClassificationMetrics& other) {
  clips_.merge(other.clips_);
  videos_.merge(other.videos_);
}

}  // namespace longtake
