// Maps whose places hold patches of a frame: fewer places with more channels (Shi 2015, 1506.04214, section 3.1).
#pragma once

#include "layers/basic.h"

namespace longtake::layers {

// x [channels, height, width] to [channels patch patch, height / patch, width / patch]; channel (c patch + dy) patch +
// dx has the pixels dy rows and dx columns into the patches of channel c. Throws InvalidArgument unless patch divides
// both sides.
ValueId patchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch);
// The way back.
ValueId unpatchify(Builder& b, const std::string& name, ValueId x, std::int64_t patch);

}  // namespace longtake::layers
