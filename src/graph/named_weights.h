// Weights that come from elsewhere, such as an encoder's that was trained on pictures, put where they belong by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/model.h"

namespace longtake::graph {

// Gives every parameter of the model whose name begins with `prefix` the tensor of the rest of its name, or of all of
// it, as a model file has it; slashes and dots in names are the same. Returns the names of tensors that no parameter
// takes, such as the classifier that an encoder was trained with. Throws BadData that begins with `source` and lists
// the names which lack a tensor, tensors of another shape or type, tensors with numbers that are not finite, and then
// those that no parameter takes.
std::vector<std::string> take_weights(Model& model, const std::string& prefix,
                                      const std::map<std::string, Tensor>& tensors, const std::string& source);

}  // namespace longtake::graph
