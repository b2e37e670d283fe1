// A long chunk as several shorter ones. Free of LibTorch.
#pragma once

#include "graph/plan.h"
#include "longtake/chunk.h"

namespace longtake::training {

// The ticks [first, first + count) of `chunk` for the same streams, with the rows that fall there.
// Throws InvalidArgument when there are no such ticks or an input's data and rows do not fit together. Whatever implies
// a reset (a first tick) must be flagged: a slice does not know the state it starts from.
graph::Chunk slice(const graph::Plan& plan, const graph::Chunk& chunk, std::int64_t first, std::int64_t count);

// An estimate of the bytes that one tick of one stream keeps for its gradient: every value once, in `dtype`.
std::int64_t bytes_per_tick(const graph::Plan& plan, DType dtype);

// How many ticks of `streams` streams fit `budget` bytes by that estimate; at least 1.
std::int64_t ticks_in_budget(const graph::Plan& plan, DType dtype, std::int64_t streams, std::int64_t budget);

}  // namespace longtake::training
