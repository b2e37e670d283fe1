#include "graph/model_file.h"

#include <fmt/format.h>

#include "base/safetensors.h"
#include "graph/weight_format.h"
#include "longtake/error.h"

namespace longtake::graph {

namespace {

constexpr const char* kMetadataKey = "longtake";

std::string scale_name(const std::string& parameter) { return parameter + ".scale"; }

void narrow_matrices(SafetensorsFile& file, const Model& model) {
  for (const std::string& name : matrices_of(model)) {
    Tensor& matrix = file.tensors.at(name);
    if (model.weight_format == WeightFormat::kFloat16) {
      file.stored[name] = Stored::kHalf;
      continue;
    }
    ByteWeights bytes = to_bytes(matrix);
    matrix = std::move(bytes.numbers);
    if (!file.tensors.emplace(scale_name(name), std::move(bytes.scales)).second) {
      throw InvalidArgument(fmt::format("the scales of '{}' would take the name of parameter '{}'; float16 has none",
                                        name, scale_name(name)));
    }
    file.stored[name] = Stored::kByte;
  }
}

// Checks that the file holds the weights as the model's format says.
void check_stored(const std::map<std::string, Stored>& stored, const Model& model) {
  const std::set<std::string> matrices = matrices_of(model);
  for (const auto& [name, weight] : model.weights) {
    const bool narrow = model.weight_format != WeightFormat::kFloat32 && matrices.contains(name);
    const Stored matrix = model.weight_format == WeightFormat::kFloat16 ? Stored::kHalf : Stored::kByte;
    const auto found = stored.find(name);
    if ((found == stored.end() ? Stored::kAsIs : found->second) == (narrow ? matrix : Stored::kAsIs)) continue;
    throw InvalidArgument(
        fmt::format("the weight '{}' is not stored as {}", name, narrow ? name_of(model.weight_format) : "float32"));
  }
}

// Back from what is not float32 in the file.
void widen_matrices(const std::map<std::string, Stored>& stored, Model& model) {
  check_stored(stored, model);
  if (model.weight_format != WeightFormat::kInt8) return;
  for (const std::string& name : matrices_of(model)) {
    const auto matrix = model.weights.find(name), scale = model.weights.find(scale_name(name));
    if (matrix == model.weights.end() || scale == model.weights.end()) {
      throw InvalidArgument(fmt::format("the weight '{}' of one byte a number, or its scales, are missing", name));
    }
    try {
      matrix->second = from_bytes({matrix->second, scale->second});
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("the weight '{}': {}", name, error.what()));
    }
    model.weights.erase(scale);
  }
}

SafetensorsFile to_container(const Model& model) {
  SafetensorsFile file;
  for (const Parameter& parameter : model.parameters) {
    const auto weight = model.weights.find(parameter.name);
    if (weight == model.weights.end()) {
      throw InvalidArgument(fmt::format("model '{}' has no weight '{}' to save", model.name, parameter.name));
    }
    file.tensors[parameter.name] = weight->second;
  }
  if (model.weight_format != WeightFormat::kFloat32) narrow_matrices(file, model);
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
    widen_matrices(file.stored, model);
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
  return from_container(read_safetensors(files, path, NarrowNumbers::kWiden), path);
}

std::vector<std::byte> model_to_bytes(const Model& model) { return write_safetensors(to_container(model)); }

Model model_from_bytes(std::span<const std::byte> bytes, const std::string& source) {
  return from_container(read_safetensors(bytes, source, NarrowNumbers::kWiden), source);
}

}  // namespace longtake::graph
