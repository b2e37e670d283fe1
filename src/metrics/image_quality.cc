// Arithmetic of image_quality.h.
#include "metrics/image_quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "longtake/error.h"
#include "metrics/forecast_errors.h"
#include "metrics/summed_area.h"

namespace longtake {
namespace {

void check_positive(double value, const char* what) {
  if (!(value > 0) || !std::isfinite(value)) {
    throw InvalidArgument(fmt::format("{} of {}; a finite number above 0 is wanted", what, value));
  }
}

void check_similarity(double range, const SimilarityOptions& options) {
  check_positive(range, "a range of values");
  check_positive(options.k1, "a constant k1");
  check_positive(options.k2, "a constant k2");
}

// One row of the separable window; its numbers sum to 1.
std::vector<double> window_row(SimilarityWindow window) {
  if (window == SimilarityWindow::kUniform) return std::vector<double>(7, 1.0 / 7);
  std::vector<double> row;
  double sum = 0;
  for (int x = -5; x <= 5; ++x) {
    row.push_back(std::exp(-x * x / (2 * 1.5 * 1.5)));
    sum += row.back();
  }
  for (double& weight : row) weight /= sum;
  return row;
}

// Weighted means of `values` [height, width] through every window that lies in the frame, whole:
// [height - size + 1, width - size + 1].
std::vector<double> window_means(const std::vector<double>& values, std::size_t width, const std::vector<double>& row) {
  const std::size_t height = values.size() / width;
  const std::size_t columns = width - row.size() + 1, rows = height - row.size() + 1;
  std::vector<double> along(height * columns), means(rows * columns);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < columns; ++x) {
      for (std::size_t i = 0; i < row.size(); ++i) along[y * columns + x] += row[i] * values[y * width + x + i];
    }
  }
  for (std::size_t y = 0; y < rows; ++y) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (std::size_t x = 0; x < columns; ++x) means[y * columns + x] += row[i] * along[(y + i) * columns + x];
    }
  }
  return means;
}

// Means, second moments and mixed moments of forecast and truth through every window.
struct WindowMoments {
  std::vector<double> forecast, truth, forecast_squared, truth_squared, product;
};

WindowMoments window_moments(const FieldPair& pair, const std::vector<double>& row) {
  const std::size_t cells = pair.cells();
  std::vector<double> f(cells), t(cells), ff(cells), tt(cells), ft(cells);  // 0 where a cell is missing
  for (std::size_t cell = 0; cell < cells; ++cell) {
    if (!pair.counts(cell)) continue;
    f[cell] = pair.forecast[cell];
    t[cell] = pair.truth[cell];
    ff[cell] = f[cell] * f[cell];
    tt[cell] = t[cell] * t[cell];
    ft[cell] = f[cell] * t[cell];
  }
  const auto width = static_cast<std::size_t>(pair.width);
  return {window_means(f, width, row), window_means(t, width, row), window_means(ff, width, row),
          window_means(tt, width, row), window_means(ft, width, row)};
}

}  // namespace

std::optional<double> peak_signal_to_noise_ratio(const FieldPair& pair, double range) {
  check_positive(range, "a range of values");
  const std::optional<double> error = mean_squared_error(pair);
  if (!error || *error == 0) return std::nullopt;
  return 10 * std::log10(range * range / *error);
}

std::optional<double> structural_similarity(const FieldPair& pair, double range, const SimilarityOptions& options) {
  check_similarity(range, options);
  check_pair(pair);
  const std::vector<double> row = window_row(options.window);
  const auto size = static_cast<std::int64_t>(row.size());
  if (pair.height < size || pair.width < size) {
    throw InvalidArgument(
        fmt::format("the similarity of frames of {} x {} through a window of {} x {}; they must be as "
                    "large as it",
                    pair.height, pair.width, size, size));
  }
  const WindowMoments moments = window_moments(pair, row);
  const SummedArea counted(pair.height, pair.width, [&](std::size_t cell) { return pair.counts(cell); });
  const double c1 = options.k1 * range * options.k1 * range, c2 = options.k2 * range * options.k2 * range;
  const double sample = options.window == SimilarityWindow::kUniform ? 49.0 / 48 : 1;
  double sum = 0;
  std::int64_t windows = 0;
  std::size_t i = 0;
  for (std::int64_t y = 0; y + size <= pair.height; ++y) {
    for (std::int64_t x = 0; x + size <= pair.width; ++x, ++i) {
      if (counted.sum(y, x, y + size, x + size) < size * size) continue;
      const double f = moments.forecast[i], t = moments.truth[i];
      const double variances = sample * (moments.forecast_squared[i] - f * f + moments.truth_squared[i] - t * t);
      const double covariance = sample * (moments.product[i] - f * t);
      sum += (2 * f * t + c1) * (2 * covariance + c2) / ((f * f + t * t + c1) * (variances + c2));
      ++windows;
    }
  }
  if (windows == 0) return std::nullopt;
  return sum / static_cast<double>(windows);
}

std::optional<double> gradient_difference(const FieldPair& pair) {
  check_pair(pair);
  const auto width = static_cast<std::size_t>(pair.width);
  double sum = 0;
  bool any = false;
  const auto add = [&](std::size_t cell, std::size_t next) {
    if (!pair.counts(cell) || !pair.counts(next)) return;
    sum += std::abs(std::abs(double{pair.forecast[next]} - pair.forecast[cell]) -
                    std::abs(double{pair.truth[next]} - pair.truth[cell]));
    any = true;
  };
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if ((cell + 1) % width != 0) add(cell, cell + 1);
    if (cell + width < pair.cells()) add(cell, cell + width);
  }
  if (!any) return std::nullopt;
  return sum;
}

std::optional<double> cross_entropy(const FieldPair& pair) {
  check_pair(pair);
  const auto logarithm = [](double value) { return std::max(std::log(value), -100.0); };
  double sum = 0;
  bool any = false;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell)) continue;
    const double forecast = pair.forecast[cell], truth = pair.truth[cell];
    if (forecast < 0 || forecast > 1 || truth < 0 || truth > 1) {
      throw InvalidArgument(fmt::format(
          "row {}, column {}: the cross-entropy of a forecast of {} and a truth of {}; both "
          "must be in [0, 1]",
          static_cast<std::int64_t>(cell) / pair.width, static_cast<std::int64_t>(cell) % pair.width, forecast, truth));
    }
    sum -= truth * logarithm(forecast) + (1 - truth) * logarithm(1 - forecast);
    any = true;
  }
  if (!any) return std::nullopt;
  return sum;
}

ImageQuality::ImageQuality(std::int64_t leads, double range, const SimilarityOptions& options)
    : range_(range), options_(options), signal_to_noise_(leads), similarity_(leads), gradients_(leads) {
  check_similarity(range, options);
}

void ImageQuality::add(std::int64_t lead, const FieldPair& pair) {
  lead_index(lead, similarity_.leads());
  const std::optional<double> similarity = structural_similarity(pair, range_, options_);  // throws before any is added
  similarity_.add(lead, similarity);
  signal_to_noise_.add(lead, peak_signal_to_noise_ratio(pair, range_));
  gradients_.add(lead, gradient_difference(pair));
}

void ImageQuality::merge(const ImageQuality& other) {
  if (other.range_ != range_ || other.options_ != options_) {
    throw InvalidArgument("qualities of pictures of different ranges or options cannot be merged");
  }
  similarity_.merge(other.similarity_);
  signal_to_noise_.merge(other.signal_to_noise_);
  gradients_.merge(other.gradients_);
}

}  // namespace longtake
