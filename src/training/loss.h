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

}  // namespace longtake::training
