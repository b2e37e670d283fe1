// What goes into and comes out of an executor: any number of ticks of any number of streams, without padding.
//
// Rows of a value are packed tick by tick, within a tick by stream: row 0 is the first stream that has the value at the
// first tick. A clip that is shorter than its neighbours just has no ticks at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longtake/tensor.h"

namespace longtake::graph {

// What happens to one stream at one tick. No flag at all is *hold*: as if the tick never came.
enum TickFlag : std::uint8_t {
  kActive = 1,  // the clock ticks: inputs may be present, state advances
  kReset = 2,   // before the tick, every state returns to its initial value
  kFlush = 4,   // an extra tick after the last frame, in which lagging values come out (Plan::lag of them)
  kEnd = 8,     // after the tick, the sequence is over: `last` and incomplete windows come out
};

struct Row {
  std::int32_t tick = 0;    // within the chunk
  std::int32_t stream = 0;  // within the chunk
  friend bool operator==(const Row&, const Row&) = default;
};

struct ChunkInput {
  Tensor data;  // [rows, ...]
  // In packing order. Empty means every active tick (for a `once` input: every reset tick), or, where the data has no
  // rows either, that the input is absent in the whole chunk.
  std::vector<Row> rows;
};

struct Chunk {
  std::int64_t streams = 1;
  std::int64_t ticks = 0;
  std::vector<std::uint8_t> flags;  // [ticks, streams], TickFlags or-ed together
  std::vector<ChunkInput> inputs;   // in the order of Graph::inputs

  std::uint8_t flag(std::int64_t tick, std::int64_t stream) const { return flags[tick * streams + stream]; }
};

struct OutputRow {
  std::int32_t tick = 0;  // within the chunk: when it came out
  std::int32_t stream = 0;
  std::int64_t about = 0;  // the frame it speaks about, counted from the sequence's first frame
  friend bool operator==(const OutputRow&, const OutputRow&) = default;
};

struct ChunkOutput {
  std::string name;
  Tensor data;  // [rows, ...]
  std::vector<OutputRow> rows;
};

// In the order of Graph::outputs. Executors reuse what is in it, so a steady loop allocates nothing.
using Outputs = std::vector<ChunkOutput>;

}  // namespace longtake::graph
