#include "graph/model_file.h"

#include <fmt/format.h>

#include "base/safetensors.h"
#include "longtake/error.h"

namespace longtake::graph {

namespace {

constexpr const char* kMetadataKey = "longtake";

SafetensorsFile to_container(const Model& model) {
  SafetensorsFile file;
  for (const Parameter& parameter : model.parameters) {
    const auto weight = model.weights.find(parameter.name);
    if (weight == model.weights.end()) {
      throw InvalidArgument(fmt::format("model '{}' has no weight '{}' to save", model.name, parameter.name));
    }
    file.tensors[parameter.name] = weight->second;
  }
  file.metadata[kMetadataKey] = model_to_json(model);
  file.metadata["format"] = "pt";  // what Python tools look for before they open a file
  return file;
}

Model from_container(SafetensorsFile file, const std::string& source) {
  const auto metadata = file.metadata.find(kMetadataKey);
  if (metadata == file.metadata.end()) {
    throw BadData(fmt::format("{}: a safetensors file but not a longtake model: its header has no \"{}\" entry", source,
                              kMetadataKey));
  }
  Model model = model_from_json(metadata->second, source);
  model.weights = std::move(file.tensors);
  try {
    check(model);
    for (const Parameter& parameter : model.parameters) {
      const auto weight = model.weights.find(parameter.name);
      if (weight == model.weights.end()) {
        throw InvalidArgument(fmt::format("the weight '{}' is missing", parameter.name));
      }
      if (weight->second.dtype() != DType::kFloat32) {
        throw InvalidArgument(
            fmt::format("the weight '{}' is {}, not float32", parameter.name, name_of(weight->second.dtype())));
      }
    }
  } catch (const InvalidArgument& error) {
    throw BadData(fmt::format("{}: {}", source, error.what()));
  }
  return model;
}

}  // namespace

void save_model(const Model& model, const std::string& path, const Files& files) {
  save_safetensors(files, path, to_container(model));
}

Model load_model(const std::string& path, const Files& files) {
  return from_container(read_safetensors(files, path), path);
}

std::vector<std::byte> model_to_bytes(const Model& model) { return write_safetensors(to_container(model)); }

Model model_from_bytes(std::span<const std::byte> bytes, const std::string& source) {
  return from_container(read_safetensors(bytes, source), source);
}

}  // namespace longtake::graph
