#include "layers/patches.h"

namespace longtake::layers {

ValueId patchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch) {
  return patch == 1 ? x : b.node("pixel_unshuffle", name, {x}, {{"patch", patch}}).front();
}

ValueId unpatchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch) {
  return patch == 1 ? x : b.node("pixel_shuffle", name, {x}, {{"patch", patch}}).front();
}

}  // namespace longtake::layers
