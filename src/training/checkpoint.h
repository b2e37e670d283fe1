// All that a training run needs to go on bit for bit where it stopped, as one safetensors file. Free of LibTorch.
#pragma once

#include <map>
#include <string>

#include "base/files.h"
#include "longtake/state.h"

namespace longtake::training {

struct Checkpoint {
  using Tensors = std::map<std::string, Tensor>;

  Tensors weights;                      // by parameter, in the type they are trained in
  Tensors optimizer;                    // Optimizer::state()
  Tensors average;                      // weights of the moving average; empty without one
  std::map<std::string, State> states;  // carried from batch to batch, by graph
  // What fits no tensor: counters, sampler position, random state, early stopping, the recipe, each as JSON or plain
  // text.
  std::map<std::string, std::string> metadata;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// Replaces the file so that at every moment there is a whole checkpoint, old or new. Throws IoError.
void save_checkpoint(const Files& files, const Files::Path& path, const Checkpoint& checkpoint);
// Throws IoError, or BadData when the file is no checkpoint or of a version that this program does not know.
Checkpoint load_checkpoint(const Files& files, const Files::Path& path);

}  // namespace longtake::training
