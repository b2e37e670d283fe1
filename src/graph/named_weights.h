// Weights that come from elsewhere, such as an encoder's that was trained on pictures, put where they belong by name.
#pragma once

#include <map>
#include <string>

#include "graph/model.h"

namespace longtake::graph {

// Gives every parameter of the model whose name begins with `prefix` the tensor of the rest of its name. Throws BadData
// that begins with `source` and lists the names which lack a tensor, the tensors that no parameter takes and those of
// another shape or type, unless all fit.
void take_weights(Model& model, const std::string& prefix, const std::map<std::string, Tensor>& tensors,
                  const std::string& source);

}  // namespace longtake::graph
