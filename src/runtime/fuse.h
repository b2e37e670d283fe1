// Nodes that run faster together: a graph is rewritten before it is planned, so that what is run is a graph still.
#pragma once

#include <optional>

#include "graph/graph.h"
#include "graph/plan.h"

namespace longtake::runtime {

// The planned graph with every ConvLSTM whose convolutions Winograd's kernel can sum (3 x 3 or 5 x 5) as one node
// conv_lstm_step; nothing where there is none. Whether a cell is fused depends on the graph alone, never on how it is
// run.
std::optional<graph::Graph> fuse_cells(const graph::Plan& plan);

}  // namespace longtake::runtime
