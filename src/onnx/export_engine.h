// Runs exported step graphs in an engine that is not ours: onnxruntime-web under Node, in a process of its own.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "longtake/error.h"
#include "longtake/tensor.h"

namespace longtake::onnx {

// By name; bool is uint8.
using NamedTensors = std::map<std::string, Tensor>;

// There is no Node, or it does not find the package onnxruntime-web.
class EngineMissing : public Unsupported {
 public:
  using Unsupported::Unsupported;
};

// An ONNX file, and the inputs of each tick. For an input that a tick does not give, the engine takes the output
// "<input>.next" of the tick before.
struct EngineRun {
  std::vector<std::byte> onnx;
  std::vector<NamedTensors> ticks;
};

// The outputs of every tick of every run; all in one process, because it takes longer to start than most runs. Node
// looks for the package in node_modules of the working directory and those above it, then in the directories of
// NODE_PATH. Throws EngineMissing; Error with the engine's message when it refuses a file or its inputs; IoError when
// the process cannot be run.
std::vector<std::vector<NamedTensors>> run_in_engine(std::span<const EngineRun> runs);

}  // namespace longtake::onnx
