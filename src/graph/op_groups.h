// The ops by what they are about, one file a group, and what the groups share. Private to graph/.
#pragma once

#include <span>
#include <vector>

#include "graph/ops.h"

namespace longtake::graph {

using Shapes = std::vector<Shape>;
using Sizes = std::vector<std::int64_t>;

std::span<const OpDefinition> map_ops();      // ops_maps.cc: convolution, pooling, normalisation, warping of maps
std::span<const OpDefinition> element_ops();  // ops_elements.cc: what works element by element, and the gates
std::span<const OpDefinition> shape_ops();    // ops_shapes.cc: products, and what joins, cuts and turns values
std::span<const OpDefinition> time_ops();     // ops_time.cc: what comes from outside, and what remembers

std::span<const OpDefinition> fused_ops();  // ops_fused.cc: what executors make of several nodes; not in all_ops()

// Shapes: that of the first input.
Shapes same_as_first(const OpContext& op);
// Costs.
std::int64_t one_per_element(const OpContext& op, std::span<const Shape> outputs);
template <int kOperations>
std::int64_t per_element(const OpContext&, std::span<const Shape> outputs) {
  return kOperations * element_count(outputs[0]);
}
// The attribute "axis", from 0; a negative one counts from the end. Fails when it is not one of the dimensions of the
// first input.
std::int64_t axis_of(const OpContext& op);

}  // namespace longtake::graph
