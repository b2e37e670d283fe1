// A frame taken apart by the size of what is in it, each part made stronger or weaker by the model, and put together
// again: what is small in a field of rain is gone before what is large is (Seed 2003, "A dynamic and spatial scaling
// approach to advection forecasting"). There the weights are one number for each size and lead; here they are what the
// model makes of its states, place by place.
#pragma once

#include <string>
#include <vector>

#include "graph/builder.h"

namespace longtake::models {

// `frame` [channels, height, width] as the sum of its levels times 1 plus their weights, and of an offset. Levels are
// the differences between the frame and its means over squares of the sides `means`, one after the other (each of the
// one before), and the last mean. `weights` is [channels (means + 2), height, width], for each channel the levels from
// fine to coarse and the offset. All zeros give the frame.
graph::ValueId weigh_scales(graph::Builder& b, graph::ValueId frame, graph::ValueId weights,
                            const std::vector<std::int64_t>& means);

}  // namespace longtake::models
