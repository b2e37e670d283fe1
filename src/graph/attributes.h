// The constants of an op: kernel sizes, strides, probabilities. Plain data, written to the model file as it is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace longtake::graph {

using Attribute = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;
using Attributes = std::map<std::string, Attribute>;

}  // namespace longtake::graph
