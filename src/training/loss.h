// The losses of classification and of dense labelling, per row, weighed over the frames of each clip. Private to
// training/ (the gains themselves are numbers and come from tasks/).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "longtake/tensor.h"
#include "training/torch.h"

namespace longtake::training {

struct CrossEntropyOptions {
  double label_smoothing = 0;         // that much of the target is spread evenly over all classes
  std::vector<double> class_weights;  // factor on the loss of a row by its label; empty means 1
};

// Sum over rows of weight * cross-entropy of `logits` [rows, classes] against the row's label; rows labelled -1 add
// nothing. A scalar. Throws InvalidArgument when sizes differ or a label is not a class.
torch::Tensor cross_entropy(const torch::Tensor& logits, std::span<const std::int64_t> labels,
                            std::span<const double> weights, const CrossEntropyOptions& options = {});

// Sum over rows of weight * sum over classes of the logistic loss of `logits` [rows, classes] against `targets`, uint8
// [rows, classes] of 0 and 1 (1507.05738: all classes are independent). A scalar. Throws InvalidArgument when sizes
// differ.
torch::Tensor logistic_loss(const torch::Tensor& logits, const Tensor& targets, std::span<const double> weights);

// Sum over clips and places of (target - sum over the clip's frames of the attention)^2: every place should be looked
// at as much (1511.04119, the second term of equation 8). `attention` is [rows, places], `clips` the clip of each row.
// The target is the paper's 1, or with `even` frames / places, which attention spread evenly reaches. A scalar.
torch::Tensor doubly_stochastic_penalty(const torch::Tensor& attention, std::span<const std::int64_t> clips,
                                        std::int64_t clip_count, bool even);

}  // namespace longtake::training
