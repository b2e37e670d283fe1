// Where a model looks: what its output "attention" is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "graph/model.h"
#include "graph/plan.h"
#include "tasks/result.h"

namespace longtake::tasks {

struct AttentionOutput {
  std::size_t index = 0;  // among the graph's outputs
  std::size_t size = 0;   // weights per row
  // The frame that was newest when a row came is so many behind the one it is about: a window may look ahead.
  std::int64_t ahead = 0;
  AttentionGrid grid;
};

// The output "attention" of a graph of `model`; nothing where it has none. With protocol.attention = "HEIGHTxWIDTH" its
// weights are of the places of a map, row by row, else of the last frames, the oldest first. Throws BadData where the
// protocol does not fit the output.
std::optional<AttentionOutput> attention_output_of(const graph::Model& model, const graph::Plan& plan);

}  // namespace longtake::tasks
