// From one prediction per frame to one per video, as running values, so that a stream has an answer at every frame and
// a clip the paper's answer at its end (Beyond Short Snippets, 1503.08909, section 3.3).
#pragma once

#include <string>

#include "graph/builder.h"

namespace longtake::layers {

enum class Aggregation {
  kLast,    // p_T
  kMax,     // max over t of p_t
  kMean,    // mean over t of p_t
  kLinear,  // sum of g_t p_t / sum of g_t with g_t rising linearly from 0 at the first frame to 1 at the last
};

// "last", "max", "mean" or "linear". Throws ConfigError that names the choices.
Aggregation parse_aggregation(const std::string& word);

// x of any shape, to the same shape at every tick: the aggregate of the frames so far. (g_t need not know T: t / (T -
// 1) and t give the same weighted mean. For T = 1 the gain is 1.)
graph::ValueId aggregate(graph::Builder& b, const std::string& name, graph::ValueId x, Aggregation aggregation);

}  // namespace longtake::layers
