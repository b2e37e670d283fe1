// Rows that lie scattered over several tensors, brought together so that gradients find their way back. Private to
// training/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/schedule.h"
#include "training/torch.h"

namespace longtake::training {

struct Place {
  std::int32_t piece = 0;
  std::int64_t row = 0;
};

// The rows at `places`, in that order. Takes a piece as it is where it is just what is asked for.
torch::Tensor gather(std::span<const torch::Tensor> pieces, std::span<const Place> places);

// The rows of each tick. Taken at once, since the gradient of one slice at a time costs as much as the whole value.
std::vector<torch::Tensor> split_ticks(const torch::Tensor& rows, const graph::RowSet& set);

// Resolves the RowSources of a NodeSchedule. The pieces are the ticks of the value that a node reads (or one piece that
// is all its rows), then what came into the chunk, the rows of the initial value, and a single row of the default one.
struct PlaceFinder {
  std::span<const std::int32_t> begin;  // first row of each piece, and their number
  std::int32_t carried() const { return static_cast<std::int32_t>(begin.size()) - 1; }
  std::int32_t initial() const { return carried() + 1; }
  std::int32_t neutral() const { return carried() + 2; }
  std::size_t piece_count() const { return begin.size() + 2; }

  // `initial_row` is -1 where there is no init.
  Place find(std::int32_t source, std::int32_t stream, std::int32_t initial_row = -1) const;
};

}  // namespace longtake::training
