// Graphs made for one purpose, for tests of everything that runs or describes graphs.
#pragma once

#include "graph/builder.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/chunk.h"

namespace longtake::test {

// A chunk in which every stream is active at every tick; `data` [ticks * streams, ...] feeds the only input.
inline graph::Chunk dense_chunk(std::int64_t ticks, std::int64_t streams, Tensor data) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(ticks * streams, graph::kActive);
  chunk.inputs.push_back({std::move(data), {}});
  return chunk;
}

// x [size] to h = h_prev + x, the sum of all frames so far; output "sum".
inline graph::Model running_sum(std::int64_t size = 1) {
  graph::Model model;
  graph::Builder b(model, "main");
  const auto x = b.input("x", {size});
  const auto previous = b.delay("memory", {size});
  const auto sum = layers::add(b, "sum", x, previous);
  b.connect(previous, sum);
  b.output("sum", sum);
  b.finish();
  return model;
}

}  // namespace longtake::test
