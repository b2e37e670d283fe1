// Sorting and summing for ranking.h.
#include "metrics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "longtake/error.h"

namespace longtake {
namespace {

void check_case(std::span<const float> scores, std::span<const std::uint8_t> positives) {
  if (scores.size() != positives.size()) {
    throw InvalidArgument(fmt::format("{} scores for {} classes", scores.size(), positives.size()));
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw InvalidArgument(fmt::format("score {} is not a number", i));
  }
}

void check_k(std::int64_t k) {
  if (k < 1) throw InvalidArgument(fmt::format("the {} best; at least 1 is wanted", k));
}

void check_same(bool same) {
  if (!same) throw InvalidArgument("measures of different kinds cannot be merged");
}

std::int64_t count_positives(std::span<const std::uint8_t> positives) {
  return std::count_if(positives.begin(), positives.end(), [](std::uint8_t positive) { return positive != 0; });
}

// The indices by falling score, the first among equals first.
std::vector<std::size_t> ranked(std::span<const float> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return order;
}

// The first k of ranked(), or all.
std::vector<std::size_t> best(std::span<const float> scores, std::int64_t k) {
  std::vector<std::size_t> order = ranked(scores);
  order.resize(std::min(order.size(), static_cast<std::size_t>(k)));
  return order;
}

// What `size` equal scores add, of which `positives` are positive, behind `ranks` ranks with `before` positives; only
// ranks up to `last` count.
double group_sum(double size, double positives, double ranks, double before, double last) {
  if (positives == 0) return 0;
  const double among = size > 1 ? (positives - 1) / (size - 1) : 0;
  double sum = 0;
  for (double j = 1; j <= size && ranks + j <= last; ++j) sum += (before + 1 + (j - 1) * among) / (ranks + j);
  return sum * positives / size;
}

}  // namespace

std::optional<double> average_precision(std::span<const float> scores, std::span<const std::uint8_t> positives,
                                        const AveragePrecisionOptions& options) {
  check_case(scores, positives);
  const std::int64_t all = options.positives > 0 ? options.positives : count_positives(positives);
  if (all == 0) return std::nullopt;
  const auto last = static_cast<double>(options.n > 0 ? options.n : static_cast<std::int64_t>(scores.size()));
  const std::vector<std::size_t> order = ranked(scores);
  double sum = 0, before = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    double of_group = positives[order[begin]] != 0 ? 1 : 0;
    while (options.ties == Ties::kExpected && end < order.size() && scores[order[end]] == scores[order[begin]]) {
      of_group += positives[order[end++]] != 0 ? 1 : 0;
    }
    sum += group_sum(static_cast<double>(end - begin), of_group, static_cast<double>(begin), before, last);
    before += of_group;
    begin = end;
  }
  return sum / static_cast<double>(options.n > 0 ? std::min(all, options.n) : all);
}

HitAtK::HitAtK(std::int64_t k) : k_(k) { check_k(k); }

void HitAtK::add(std::span<const float> scores, std::span<const std::uint8_t> positives) {
  check_case(scores, positives);
  const std::vector<std::size_t> first = best(scores, k_);
  if (std::any_of(first.begin(), first.end(), [&](std::size_t i) { return positives[i] != 0; })) ++hits_;
  ++cases_;
}

void HitAtK::merge(const HitAtK& other) {
  check_same(other.k_ == k_);
  hits_ += other.hits_;
  cases_ += other.cases_;
}

std::optional<double> HitAtK::value() const {
  if (cases_ == 0) return std::nullopt;
  return static_cast<double>(hits_) / static_cast<double>(cases_);
}

void EqualRecallPrecision::add(std::span<const float> scores, std::span<const std::uint8_t> positives) {
  check_case(scores, positives);
  ++cases_;
  const std::int64_t count = count_positives(positives);
  if (count == 0) {
    ++without_positives_;
    return;
  }
  const std::vector<std::size_t> first = best(scores, count);
  const auto right =
      std::count_if(first.begin(), first.end(), [&](std::size_t i) { return positives[i] != 0 && scores[i] > 0; });
  sum_ += static_cast<double>(right) / static_cast<double>(count);
}

void EqualRecallPrecision::merge(const EqualRecallPrecision& other) {
  sum_ += other.sum_;
  cases_ += other.cases_;
  without_positives_ += other.without_positives_;
}

std::optional<double> EqualRecallPrecision::value() const {
  if (cases_ == 0) return std::nullopt;
  return sum_ / static_cast<double>(cases_);
}

GlobalAveragePrecision::GlobalAveragePrecision(std::int64_t k, Ties ties) : k_(k), ties_(ties) { check_k(k); }

void GlobalAveragePrecision::add(std::span<const float> scores, std::span<const std::uint8_t> positives) {
  check_case(scores, positives);
  for (const std::size_t i : best(scores, k_)) {
    scores_.push_back(scores[i]);
    positives_.push_back(positives[i]);
  }
  all_positives_ += count_positives(positives);
}

void GlobalAveragePrecision::merge(const GlobalAveragePrecision& other) {
  check_same(other.k_ == k_ && other.ties_ == ties_);
  scores_.insert(scores_.end(), other.scores_.begin(), other.scores_.end());
  positives_.insert(positives_.end(), other.positives_.begin(), other.positives_.end());
  all_positives_ += other.all_positives_;
}

std::optional<double> GlobalAveragePrecision::value() const {
  return average_precision(scores_, positives_, {.ties = ties_, .positives = all_positives_});
}

ClassAveragePrecision::ClassAveragePrecision(std::int64_t classes, Ties ties) : ties_(ties) {
  if (classes < 1) throw InvalidArgument(fmt::format("a ranking of {} classes; at least 1 is wanted", classes));
  scores_.resize(static_cast<std::size_t>(classes));
  positives_.resize(static_cast<std::size_t>(classes));
}

void ClassAveragePrecision::add(std::span<const float> scores, std::span<const std::uint8_t> positives) {
  check_case(scores, positives);
  if (scores.size() != scores_.size()) {
    throw InvalidArgument(fmt::format("{} scores for {} classes", scores.size(), scores_.size()));
  }
  for (std::size_t label = 0; label < scores.size(); ++label) {
    scores_[label].push_back(scores[label]);
    positives_[label].push_back(positives[label]);
  }
}

void ClassAveragePrecision::merge(const ClassAveragePrecision& other) {
  check_same(other.classes() == classes() && other.ties_ == ties_);
  for (std::size_t label = 0; label < scores_.size(); ++label) {
    scores_[label].insert(scores_[label].end(), other.scores_[label].begin(), other.scores_[label].end());
    positives_[label].insert(positives_[label].end(), other.positives_[label].begin(), other.positives_[label].end());
  }
}

std::int64_t ClassAveragePrecision::positives(std::int64_t label) const {
  return count_positives(positives_.at(static_cast<std::size_t>(label)));
}

std::optional<double> ClassAveragePrecision::of_class(std::int64_t label) const {
  const auto at = static_cast<std::size_t>(label);
  return average_precision(scores_.at(at), positives_.at(at), {.ties = ties_});
}

std::optional<double> ClassAveragePrecision::mean() const {
  double sum = 0;
  std::int64_t with_positives = 0;
  for (std::int64_t label = 0; label < classes(); ++label) {
    if (const std::optional<double> precision = of_class(label)) {
      sum += *precision;
      ++with_positives;
    }
  }
  if (with_positives == 0) return std::nullopt;
  return sum / static_cast<double>(with_positives);
}

std::int64_t ClassAveragePrecision::classes_without_positives() const {
  std::int64_t without = 0;
  for (std::int64_t label = 0; label < classes(); ++label) without += positives(label) == 0 ? 1 : 0;
  return without;
}

}  // namespace longtake
