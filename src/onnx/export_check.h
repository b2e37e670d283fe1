// Compares an exported step graph, run by another engine, with an executor of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "onnx/export.h"
#include "onnx/export_engine.h"

namespace longtake::onnx {

// A chunk of one tick as the exported graph takes it: without the state, and without the flags that it has no input
// for. Rows that are absent hold `absent` everywhere.
NamedTensors feeds_of(const graph::Plan& plan, const graph::Chunk& tick, const ExportOptions& options = {},
                      float absent = 0);
// The state as inputs of the exported graph.
NamedTensors feeds_of(const graph::Plan& plan, const State& state);

// How far the engine is from ours.
struct Difference {
  static constexpr double kAbsolute = 1e-5, kRelative = 1e-4;

  double greatest = 0;  // of floating-point numbers; infinity where a row or a counter differs
  double share = 0;     // the greatest of |difference| / (kAbsolute + kRelative |ours|)
  std::string where;    // the tensor of the latter

  bool agrees() const { return share <= 1; }
};

// What one tick gave: `outputs` and `state` of ours, and all that the engine gave to those `feeds`. A NaN agrees with
// nothing.
Difference compare(const graph::Plan& plan, const graph::Outputs& outputs, const State& state,
                   const NamedTensors& feeds, const NamedTensors& engine);

// The difference after every tick.
struct ExportCheck {
  std::vector<Difference> from_equal_state;  // each tick begins with our state: how well a step agrees
  std::vector<Difference> carried;           // the engine carries the state from zeros on: how far the two drift apart
};

// Steps three streams of random numbers for `ticks` ticks in both: one stream goes on, one is held now and then, one
// starts anew in the middle. Throws as run_in_engine() does.
ExportCheck check_export(graph::Executor& executor, std::span<const std::byte> onnx, std::int64_t ticks);

}  // namespace longtake::onnx
