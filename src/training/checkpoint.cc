#include "training/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/safetensors.h"
#include "longtake/error.h"

namespace longtake::training {

namespace {

// The header's own keys; those of Checkpoint::metadata have kNote before them.
constexpr std::string_view kVersionKey = "longtake.checkpoint";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kNote = "note/";
constexpr std::string_view kStreams = "streams/";  // of a carried state

// Tensors are named "<group>/<name>", those of states "state/<graph>/<name>".
constexpr std::string_view kWeights = "weights/";
constexpr std::string_view kOptimizer = "optimizer/";
constexpr std::string_view kAverage = "average/";
constexpr std::string_view kState = "state/";

std::string joined(std::string_view prefix, std::string_view name) {
  std::string out(prefix);
  return out.append(name);
}

void put(SafetensorsFile& file, std::string_view prefix, const Checkpoint::Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) file.tensors[joined(prefix, name)] = tensor;
}

// The part of `name` after `prefix`, or nothing.
const char* after(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.c_str() + prefix.size() : nullptr;
}

[[noreturn]] void bad(const Files::Path& path, const std::string& what) {
  throw BadData(fmt::format("checkpoint {}: {}", path.string(), what));
}

std::int64_t stream_count(const Files::Path& path, const std::string& text) {
  std::int64_t streams = -1;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), streams);
  if (error != std::errc() || stop != text.data() + text.size() || streams < 0) {
    bad(path, fmt::format("'{}' is no number of streams", text));
  }
  return streams;
}

void take_state(const Files::Path& path, Checkpoint& checkpoint, const std::string& name, Tensor tensor) {
  for (auto& [graph, state] : checkpoint.states) {
    const char* rest = after(name, graph + "/");
    if (rest == nullptr) continue;
    if (tensor.shape().empty() || tensor.size(0) != state.streams()) {
      bad(path,
          fmt::format("state '{}' is {} but there are {} streams", name, to_string(tensor.shape()), state.streams()));
    }
    state.set(rest, std::move(tensor));
    return;
  }
  bad(path, fmt::format("state '{}' belongs to no graph", name));
}

}  // namespace

void save_checkpoint(const Files& files, const Files::Path& path, const Checkpoint& checkpoint) {
  SafetensorsFile file;
  file.metadata[std::string(kVersionKey)] = kVersion;
  for (const auto& [key, text] : checkpoint.metadata) file.metadata[joined(kNote, key)] = text;
  put(file, kWeights, checkpoint.weights);
  put(file, kOptimizer, checkpoint.optimizer);
  put(file, kAverage, checkpoint.average);
  for (const auto& [graph, state] : checkpoint.states) {
    file.metadata[joined(kStreams, graph)] = std::to_string(state.streams());
    const std::string prefix = joined(kState, graph) + "/";
    for (const auto& [name, tensor] : state.tensors()) file.tensors[joined(prefix, name)] = tensor;
  }
  save_safetensors(files, path, file);
}

Checkpoint load_checkpoint(const Files& files, const Files::Path& path) {
  SafetensorsFile file = read_safetensors(files, path);
  const auto version = file.metadata.find(std::string(kVersionKey));
  if (version == file.metadata.end()) bad(path, "it has no version, so it is no checkpoint (is it a model file?)");
  if (version->second != kVersion) {
    bad(path, fmt::format("it is of version {}, this program reads version {}", version->second, kVersion));
  }
  Checkpoint checkpoint;
  for (auto& [key, text] : file.metadata) {
    if (const char* note = after(key, kNote)) checkpoint.metadata[note] = text;
    if (const char* graph = after(key, kStreams)) checkpoint.states[graph] = State(stream_count(path, text));
  }
  for (auto& [name, tensor] : file.tensors) {
    if (const char* weight = after(name, kWeights)) {
      checkpoint.weights[weight] = std::move(tensor);
    } else if (const char* part = after(name, kOptimizer)) {
      checkpoint.optimizer[part] = std::move(tensor);
    } else if (const char* average = after(name, kAverage)) {
      checkpoint.average[average] = std::move(tensor);
    } else if (const char* state = after(name, kState)) {
      take_state(path, checkpoint, state, std::move(tensor));
    } else {
      bad(path, fmt::format("tensor '{}' is part of no checkpoint", name));
    }
  }
  return checkpoint;
}

}  // namespace longtake::training
