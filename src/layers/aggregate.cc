#include "layers/aggregate.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::layers {

Aggregation parse_aggregation(const std::string& word) {
  if (word == "last") return Aggregation::kLast;
  if (word == "max") return Aggregation::kMax;
  if (word == "mean") return Aggregation::kMean;
  if (word == "linear") return Aggregation::kLinear;
  throw ConfigError(fmt::format("unknown aggregation \"{}\"; it is one of last, max, mean, linear", word));
}

graph::ValueId aggregate(graph::Builder& b, const std::string& name, graph::ValueId x, Aggregation aggregation) {
  switch (aggregation) {
    case Aggregation::kLast:
      return x;
    case Aggregation::kMax:
      return b.node("running_max", name, {x}).front();
    case Aggregation::kMean:
      return b.node("running_mean", name, {x}).front();
    case Aggregation::kLinear: {
      const graph::ValueId gain = b.node("ramp", name + ".gain", {x}).front();
      return b.node("running_weighted_mean", name, {x, gain}).front();
    }
  }
  throw InvalidArgument("unknown aggregation");
}

}  // namespace longtake::layers
