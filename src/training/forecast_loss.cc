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

// 1 - FSS for one threshold and window, pooled over the sequences of each lead; [leads].
Tensor fraction_error(const Tensor& frames, const ForecastTruth& truth, std::int64_t leads, double threshold,
                      std::int64_t window, double softness) {
  Tensor forecast = torch::sigmoid((frames - threshold) / softness);
  Tensor event = truth.frames.ge(threshold).to(frames.scalar_type());
  if (truth.valid.defined()) {
    forecast = forecast * truth.valid;
    event = event * truth.valid;
  }
  if (window > 1) {
    const auto share = [&](const Tensor& map) {  // rows, then columns: a square's mean at the cost of its sides
      const std::int64_t half = window / 2;
      return at::avg_pool2d(at::avg_pool2d(map, {window, 1}, 1, {half, 0}), {1, window}, 1, {0, half});
    };
    forecast = share(forecast);
    event = share(event);
  }
  const auto by_lead = [&](const Tensor& map) { return map.reshape({leads, -1}).sum(1); };
  const Tensor total = by_lead(forecast.square() + event.square());
  return by_lead((forecast - event).square()) / total.clamp_min(1e-6);
}

Tensor fraction_loss(const Tensor& frames, const ForecastTruth& truth, std::span<const double> weights,
                     std::int64_t sequences, const tasks::ForecastLossOptions& options) {
  const auto leads = static_cast<std::int64_t>(weights.size()) / sequences;
  std::vector<double> by_lead;
  for (std::int64_t lead = 0; lead < leads; ++lead) by_lead.push_back(weights[lead * sequences]);
  const Tensor leads_weigh = torch::tensor(by_lead, torch::kFloat64).to(frames.options());
  Tensor sum = torch::zeros({}, frames.options());
  for (const double threshold : options.fraction_thresholds) {
    for (const std::int64_t window : options.fraction_windows) {
      const Tensor error = fraction_error(frames, truth, leads, threshold, window, options.fraction_softness);
      sum = sum + (error * leads_weigh).mean();
    }
  }
  return sum / static_cast<double>(options.fraction_thresholds.size() * options.fraction_windows.size());
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
  if (options.fractions > 0) {
    loss = loss + options.fractions * fraction_loss(frames, truth, weights, sequences, options);
  }
  if (options.gradient > 0) loss = loss + options.gradient * gradient_error(frames, truth, rows);
  return loss;
}

}  // namespace longtake::training
