// Where the values of a program live: their layout, which of them share memory, and how large each piece must be.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/plan.h"
#include "runtime/kernels/kernel.h"

namespace longtake::runtime {

// The layout of each value: with `channels_last`, of every map that a convolution or pooling touches, directly or
// through ops that work on any layout; so no reorders are needed between them.
std::vector<Layout> assign_layouts(const graph::Plan& plan, bool channels_last);

// The memory of each value. Values whose lives do not overlap share a slot; an alias is another name for its root.
struct Storage {
  static constexpr std::int32_t kNoSlot = -1;  // lives in the chunk's input tensor

  std::vector<graph::ValueId> root;  // per value
  std::vector<std::int32_t> slot;    // per value, that of its root
  std::int32_t slots = 0;
};

// `alias_of` gives per value the value whose memory it shares, or kNoValue; `external` says which need none.
Storage assign_storage(const graph::Plan& plan, const std::vector<graph::ValueId>& alias_of,
                       const std::vector<bool>& external);

}  // namespace longtake::runtime
