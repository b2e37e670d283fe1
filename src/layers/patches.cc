#include "layers/patches.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::layers {

ValueId patchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch) {
  const Shape map = b.shape(x);
  if (map.size() != 3) throw InvalidArgument(fmt::format("'{}' needs a map [channels, height, width]", name));
  if (patch < 1 || map[1] % patch != 0 || map[2] % patch != 0) {
    throw InvalidArgument(
        fmt::format("patches of {0} x {0} pixels do not divide frames of {1} x {2}", patch, map[1], map[2]));
  }
  if (patch == 1) return x;
  const ValueId parts = reshape(b, name + "_parts", x, {map[0], map[1] / patch, patch, map[2] / patch, patch});
  const ValueId turned = transpose(b, name + "_turned", parts, {0, 2, 4, 1, 3});
  return reshape(b, name, turned, {map[0] * patch * patch, map[1] / patch, map[2] / patch});
}

ValueId unpatchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch) {
  const Shape map = b.shape(x);
  if (map.size() != 3 || patch < 1 || map[0] % (patch * patch) != 0) {
    throw InvalidArgument(fmt::format("'{}' needs a map of {} x {} numbers for every place", name, patch, patch));
  }
  if (patch == 1) return x;
  const std::int64_t channels = map[0] / (patch * patch);
  const ValueId parts = reshape(b, name + "_parts", x, {channels, patch, patch, map[1], map[2]});
  const ValueId turned = transpose(b, name + "_turned", parts, {0, 3, 1, 4, 2});
  return reshape(b, name, turned, {channels, map[1] * patch, map[2] * patch});
}

}  // namespace longtake::layers
