// Sums for forecast_errors.h.
#include "metrics/forecast_errors.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "longtake/error.h"

namespace longtake {
namespace {

void check_weights(const BalancedWeights& weights) {
  if (weights.weights.size() != weights.thresholds.size() + 1) {
    throw InvalidArgument(fmt::format("{} weights for {} thresholds; one more than thresholds is wanted",
                                      weights.weights.size(), weights.thresholds.size()));
  }
  for (std::size_t i = 0; i < weights.thresholds.size(); ++i) {
    if (!std::isfinite(weights.thresholds[i]) || (i > 0 && weights.thresholds[i] <= weights.thresholds[i - 1])) {
      throw InvalidArgument(fmt::format("threshold {} of the weights is {}; finite and rising ones are wanted", i,
                                        weights.thresholds[i]));
    }
  }
  for (const double weight : weights.weights) {
    if (!std::isfinite(weight) || weight < 0) {
      throw InvalidArgument(fmt::format("a weight of {}; a finite number, 0 or above, is wanted", weight));
    }
  }
}

void add_errors(ErrorMeans& to, std::int64_t lead, double sum, std::int64_t cells) {
  to.per_frame.add(lead, cells > 0 ? std::optional<double>(sum) : std::nullopt);
  to.per_cell.add_sum(lead, sum, cells);
}

void merge_errors(ErrorMeans& to, const ErrorMeans& other) {
  to.per_frame.merge(other.per_frame);
  to.per_cell.merge(other.per_cell);
}

}  // namespace

std::optional<double> mean_squared_error(const FieldPair& pair) {
  check_pair(pair);
  double sum = 0;
  std::int64_t cells = 0;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell)) continue;
    const double error = double{pair.forecast[cell]} - pair.truth[cell];
    sum += error * error;
    ++cells;
  }
  if (cells == 0) return std::nullopt;
  return sum / static_cast<double>(cells);
}

std::optional<double> uncentred_correlation(const FieldPair& pair) {
  check_pair(pair);
  double both = 0, forecast = 0, truth = 0;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell)) continue;
    both += double{pair.forecast[cell]} * pair.truth[cell];
    forecast += double{pair.forecast[cell]} * pair.forecast[cell];
    truth += double{pair.truth[cell]} * pair.truth[cell];
  }
  if (forecast == 0 && truth == 0) return std::nullopt;
  if (forecast == 0 || truth == 0) return 0;
  return both / (std::sqrt(forecast) * std::sqrt(truth));
}

double BalancedWeights::of(float truth) const {
  std::size_t reached = 0;
  while (reached < thresholds.size() && truth >= thresholds[reached]) ++reached;
  return weights[reached];
}

BalancedWeights rain_rate_weights() { return {.thresholds = {2, 5, 10, 30}, .weights = {1, 2, 5, 10, 30}}; }

BalancedWeights hko7_pixel_weights() {
  BalancedWeights weights = rain_rate_weights();
  for (float& threshold : weights.thresholds) threshold = static_cast<float>(hko7_pixel(threshold));
  return weights;
}

double hko7_pixel(double rain_rate) {
  if (!(rain_rate > 0) || !std::isfinite(rain_rate)) {
    throw InvalidArgument(fmt::format("a rain rate of {} mm/h has no pixel in HKO-7; it must be above 0", rain_rate));
  }
  return (10 * std::log10(58.53) + 15.6 * std::log10(rain_rate) + 10) / 70;
}

ForecastErrors::ForecastErrors(std::int64_t leads, BalancedWeights weights)
    : weights_(std::move(weights)),
      squared_(leads),
      absolute_(leads),
      balanced_squared_(leads),
      balanced_absolute_(leads),
      correlation_(leads) {
  check_weights(weights_);
}

void ForecastErrors::add(std::int64_t lead, const FieldPair& pair) {
  lead_index(lead, leads());
  correlation_.add(lead, uncentred_correlation(pair));  // which checks the pair
  double squared = 0, absolute = 0, balanced_squared = 0, balanced_absolute = 0;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell)) continue;
    const double error = double{pair.forecast[cell]} - pair.truth[cell];
    const double weight = weights_.of(pair.truth[cell]);
    squared += error * error;
    absolute += std::abs(error);
    balanced_squared += weight * error * error;
    balanced_absolute += weight * std::abs(error);
  }
  const std::int64_t cells = counted_cells(pair);
  add_errors(squared_, lead, squared, cells);
  add_errors(absolute_, lead, absolute, cells);
  add_errors(balanced_squared_, lead, balanced_squared, cells);
  add_errors(balanced_absolute_, lead, balanced_absolute, cells);
}

void ForecastErrors::merge(const ForecastErrors& other) {
  if (other.weights_ != weights_) throw InvalidArgument("errors with different balanced weights cannot be merged");
  merge_errors(squared_, other.squared_);
  merge_errors(absolute_, other.absolute_);
  merge_errors(balanced_squared_, other.balanced_squared_);
  merge_errors(balanced_absolute_, other.balanced_absolute_);
  correlation_.merge(other.correlation_);
}

}  // namespace longtake
