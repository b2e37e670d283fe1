// The model file: a safetensors file whose tensors are the weights and whose header holds everything else as versioned
// JSON. The format is in docs/model-file.md; Python's `safetensors` opens the tensors as they are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/model.h"

namespace longtake::graph {

// The newest version; a file that needs none of its news is of version 1.
inline constexpr int kModelFileVersion = 2;

// Writes the file so that at every moment the path holds either the old or the new model, whole.
// Throws InvalidArgument when a weight is missing, IoError when the file cannot be written.
void save_model(const Model& model, const std::string& path, const Files& files = real_files());

// Throws IoError, or BadData that names the file and the rule it breaks; a file of a newer version says which it needs.
Model load_model(const std::string& path, const Files& files = real_files());

// The same without a file. `source` is the name used in errors.
std::vector<std::byte> model_to_bytes(const Model& model);
Model model_from_bytes(std::span<const std::byte> bytes, const std::string& source);

// Everything but the weights, as JSON; and back. Throws BadData.
std::string model_to_json(const Model& model);
Model model_from_json(const std::string& json, const std::string& source);

}  // namespace longtake::graph
