#include "training/loss.h"

#include <ATen/ATen.h>
#include <ATen/core/Reduction.h>

#include "training/bridge.h"

namespace longtake::training {

namespace {

// The factor of each row: its weight, that of its class, and none where nothing is to be said.
torch::Tensor row_factors(std::span<const std::int64_t> labels, std::span<const double> weights,
                          const CrossEntropyOptions& options, const torch::Tensor& logits) {
  const std::int64_t classes = logits.size(1);
  torch::Tensor factors = torch::empty({logits.size(0)}, torch::kFloat64);
  double* factor = factors.data_ptr<double>();
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < -1 || labels[r] >= classes) {
      throw InvalidArgument(fmt::format("row {} has label {}, but there are {} classes", r, labels[r], classes));
    }
    factor[r] = labels[r] < 0 ? 0 : weights[r];
    if (labels[r] >= 0 && !options.class_weights.empty()) factor[r] *= options.class_weights[labels[r]];
  }
  return factors.to(logits.device(), logits.scalar_type());
}

}  // namespace

torch::Tensor cross_entropy(const torch::Tensor& logits, std::span<const std::int64_t> labels,
                            std::span<const double> weights, const CrossEntropyOptions& options) {
  const auto rows = static_cast<std::size_t>(logits.size(0));
  if (logits.dim() != 2 || labels.size() != rows || weights.size() != rows) {
    throw InvalidArgument(fmt::format("logits {} for {} labels and {} weights", to_string(logits.sizes().vec()),
                                      labels.size(), weights.size()));
  }
  if (!options.class_weights.empty() && static_cast<std::int64_t>(options.class_weights.size()) != logits.size(1)) {
    throw InvalidArgument(fmt::format("{} class weights for {} classes", options.class_weights.size(), logits.size(1)));
  }
  const torch::Tensor factors = row_factors(labels, weights, options, logits);
  const torch::Tensor log_probabilities = at::log_softmax(logits, 1);
  const torch::Tensor index = index_tensor(labels, logits.device()).clamp_min(0).unsqueeze(1);
  torch::Tensor losses = -log_probabilities.gather(1, index).squeeze(1);
  if (options.label_smoothing > 0) {
    losses = (1 - options.label_smoothing) * losses - options.label_smoothing * log_probabilities.mean(1);
  }
  return (losses * factors).sum();
}

torch::Tensor logistic_loss(const torch::Tensor& logits, const Tensor& targets, std::span<const double> weights) {
  const Shape shape(logits.sizes().begin(), logits.sizes().end());
  if (logits.dim() != 2 || targets.shape() != shape || static_cast<std::int64_t>(weights.size()) != logits.size(0)) {
    throw InvalidArgument(fmt::format("logits {} for targets {} and {} weights", to_string(shape),
                                      to_string(targets.shape()), weights.size()));
  }
  const torch::Tensor truth = to_torch(targets, logits.options()).to(logits.options());
  const torch::Tensor factors =
      torch::tensor(std::vector<double>(weights.begin(), weights.end()), torch::kFloat64).to(logits.options());
  const torch::Tensor losses = at::binary_cross_entropy_with_logits(logits, truth, {}, {}, at::Reduction::None);
  return (losses.sum(1) * factors).sum();
}

torch::Tensor doubly_stochastic_penalty(const torch::Tensor& attention, std::span<const std::int64_t> clips,
                                        std::int64_t clip_count, bool even) {
  if (attention.dim() != 2 || attention.size(0) != static_cast<std::int64_t>(clips.size())) {
    throw InvalidArgument("the attention needs a clip for each of its rows");
  }
  const torch::Tensor clip = index_tensor(clips, attention.device());
  const torch::Tensor seen =
      torch::zeros({clip_count, attention.size(1)}, attention.options()).index_add(0, clip, attention);
  // Attention sums to 1 at every frame, so the frames of a clip are the sum over its places.
  const torch::Tensor target =
      even ? seen.detach().sum(1, /*keepdim=*/true) / seen.size(1) : torch::ones({clip_count, 1}, seen.options());
  return (target - seen).square().sum();
}

}  // namespace longtake::training
