// Back-propagation through sequences of any length in bounded memory. Private to training/.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "training/graph_runner.h"

namespace longtake::training {

// Runs `segment` without keeping what its gradient needs, and once more, from the same inputs, when the gradient is
// asked for. `segment` must give the same both times and must not touch anything else but weights; it is told by
// `again` which time it is. Gradients of weights go straight into them.
using Segment = std::function<std::vector<torch::Tensor>(const std::vector<torch::Tensor>& inputs, bool again)>;
std::vector<torch::Tensor> recompute(const Segment& segment, const std::vector<torch::Tensor>& inputs);

// The loss of a piece of a batch, given its outputs: a scalar that requires a gradient, or an undefined tensor where no
// row of it counts. `first_tick` is where in the batch the piece begins. Rows' ticks count from there. Called with
// `again` when the piece is run a second time, so that what it counts beside the loss is counted once.
using PieceLoss =
    std::function<torch::Tensor(const std::vector<RunnerOutput>& outputs, std::int64_t first_tick, bool again)>;

enum class Backpropagation {
  kFull,       // exact, whatever the pieces; all but the last are run twice
  kTruncated,  // gradients stop where a piece begins; the state goes on
};

struct PieceOptions {
  Backpropagation through = Backpropagation::kFull;
  std::int64_t ticks = 0;  // of a piece: a memory budget's (slices.h) or the window of truncation; 0: all at once
};

// Runs `batch` forward from `state` and adds the gradient of the sum of the pieces' losses to that of the weights and
// of `given` (as GraphRunner::run takes it; entries must be leaves). `state` is left as it is after the batch, without
// history. Returns the loss.
// Trainable batch norm uses the statistics of each piece, so for it the pieces matter.
double backward_in_pieces(GraphRunner& runner, const graph::Chunk& batch, std::span<const torch::Tensor> given,
                          StreamState& state, const RunOptions& options, const PieceOptions& pieces,
                          const PieceLoss& loss);

}  // namespace longtake::training
