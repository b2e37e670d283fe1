#include "training/forecast_loss.h"

#include <vector>

#include "longtake/error.h"

namespace longtake::training {

namespace {

using torch::Tensor;

// The mean of `values` over the cells that count, each times the weight of its row.
Tensor counted_mean(const Tensor& values, const Tensor& valid, const Tensor& weights) {
  if (!valid.defined()) return (values * weights).mean();
  const Tensor counted = valid.expand_as(values);
  return (values * counted * weights).sum() / counted.sum().clamp_min(1);
}

// What a cell weighs by its true value.
Tensor balance(const Tensor& truth, const tasks::ForecastLossOptions& options) {
  Tensor weights = torch::full_like(truth, options.weights[0]);
  for (std::size_t i = 0; i < options.thresholds.size(); ++i) {
    weights = weights.masked_fill(truth.ge(options.thresholds[i]), options.weights[i + 1]);
  }
  return weights;
}

// Twice the variance of p - y over all cells that count: it does not see an offset of the whole map.
Tensor pairwise_error(const Tensor& difference, const Tensor& valid) {
  const Tensor counted = valid.defined() ? valid.expand_as(difference) : torch::ones_like(difference);
  const Tensor n = counted.sum().clamp_min(2);
  const Tensor d = difference * counted;
  return 2 * (n * d.square().sum() - d.sum().square()) / (n * (n - 1));
}

Tensor neighbour_difference(const Tensor& map, std::int64_t dimension) {
  const std::int64_t size = map.size(dimension);
  return map.narrow(dimension, 1, size - 1) - map.narrow(dimension, 0, size - 1);
}

Tensor gradient_error(const Tensor& frames, const ForecastTruth& truth, const Tensor& weights) {
  Tensor sum = torch::zeros({}, frames.options());
  for (const std::int64_t dimension : {2, 3}) {
    if (frames.size(dimension) < 2) continue;
    const Tensor error =
        (neighbour_difference(frames, dimension).abs() - neighbour_difference(truth.frames, dimension).abs()).abs();
    Tensor both;
    if (truth.valid.defined()) {
      const std::int64_t size = truth.valid.size(dimension);
      both = truth.valid.narrow(dimension, 1, size - 1) * truth.valid.narrow(dimension, 0, size - 1);
    }
    sum = sum + counted_mean(error, both, weights);
  }
  return sum;
}

}  // namespace

Tensor forecast_loss(const Tensor& frames, const Tensor& logits, const ForecastTruth& truth,
                     std::span<const double> weights, std::int64_t sequences,
                     const tasks::ForecastLossOptions& options) {
  const Tensor rows = torch::tensor(std::vector<double>(weights.begin(), weights.end()), torch::kFloat64)
                          .to(frames.options())
                          .view({-1, 1, 1, 1});
  const Tensor difference = frames - truth.frames;
  Tensor loss = torch::zeros({}, frames.options());
  if (options.cross_entropy > 0) {
    if (!logits.defined()) throw InvalidArgument("cross-entropy needs a model with output = \"sigmoid\"");
    const Tensor each = at::binary_cross_entropy_with_logits(logits, truth.frames, {}, {}, at::Reduction::None) * rows;
    const Tensor sum = truth.valid.defined() ? (each * truth.valid).sum() : each.sum();
    loss = loss + options.cross_entropy * sum / static_cast<double>(sequences);
  }
  if (options.squared > 0) loss = loss + options.squared * counted_mean(difference.square(), truth.valid, rows);
  if (options.absolute > 0) loss = loss + options.absolute * counted_mean(difference.abs(), truth.valid, rows);
  if (options.balanced_squared + options.balanced_absolute > 0) {
    const Tensor weighed = balance(truth.frames, options) * rows;
    loss = loss +
           options.balanced_squared * counted_mean(difference.square() * weighed, truth.valid, rows.new_ones({})) +
           options.balanced_absolute * counted_mean(difference.abs() * weighed, truth.valid, rows.new_ones({}));
  }
  if (options.pairwise > 0) loss = loss + options.pairwise * pairwise_error(difference, truth.valid);
  if (options.gradient > 0) loss = loss + options.gradient * gradient_error(frames, truth, rows);
  return loss;
}

}  // namespace longtake::training
