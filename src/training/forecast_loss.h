// The losses of forecasts (tasks/forecast_loss.h says what they are). Private to training/.
#pragma once

#include <span>

#include "tasks/forecast_loss.h"
#include "training/torch.h"

namespace longtake::training {

struct ForecastTruth {
  torch::Tensor frames;  // [rows, channels, height, width]
  torch::Tensor valid;   // [rows, 1, height, width], 1 where the truth counts; undefined where all of it does
};

// A scalar. `frames` is [rows, channels, height, width], `logits` the same before the sigmoid (undefined for a model
// without), `weights` one number a row, `sequences` how many the rows are of. Throws InvalidArgument where
// cross-entropy is asked for and there are no logits.
torch::Tensor forecast_loss(const torch::Tensor& frames, const torch::Tensor& logits, const ForecastTruth& truth,
                            std::span<const double> weights, std::int64_t sequences,
                            const tasks::ForecastLossOptions& options);

}  // namespace longtake::training
