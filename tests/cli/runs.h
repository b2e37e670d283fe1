// Training runs as processes, and what they leave behind.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/safetensors.h"
#include "cli/programs.h"

namespace longtake::test {

// `longtake train` of a recipe into a run directory, on one thread.
inline std::vector<std::string> train_arguments(const std::string& recipe, const std::string& run_directory,
                                                const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"train", recipe, "--run", run_directory, "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// All that a run learnt: the weights of its model, its last checkpoint with optimiser, average and carried state, and
// its history, but for the seconds it took.
struct Learnt {
  std::map<std::string, Tensor> model, checkpoint;
  nlohmann::json history;
  std::string batches;

  friend bool operator==(const Learnt&, const Learnt&) = default;
};

inline Learnt learnt(const std::string& run_directory) {
  const SafetensorsFile checkpoint = read_safetensors(real_files(), run_directory + "/checkpoints/last.safetensors");
  Learnt learnt{read_safetensors(real_files(), run_directory + "/model.safetensors").tensors, checkpoint.tensors,
                nlohmann::json::parse(checkpoint.metadata.at("note/history")), checkpoint.metadata.at("note/batches")};
  learnt.history.erase("seconds");
  for (nlohmann::json& epoch : learnt.history["epochs"]) epoch.erase("seconds");
  return learnt;
}

}  // namespace longtake::test
