// What a Program keeps per node.
#pragma once

#include "base/threads.h"
#include "runtime/program.h"

namespace longtake::runtime {

enum class Action : std::uint8_t {
  kNothing,    // its values are another name for others, or live in the chunk
  kInput,      // copies the chunk's rows into the layout wanted
  kParameter,  // repeats a parameter at every row
  kKernel,
  kShow,     // delay, latest, last: rows of the past
  kTurn,     // first, final, reverse: rows of the same chunk
  kRunning,  // running_*, ramp
  kWindow,
};

enum class RunningKind : std::uint8_t { kMax, kMean, kWeightedMean, kRamp };

struct Program::Compiled {
  Action action = Action::kNothing;
  std::unique_ptr<Kernel> kernel;
  RunningKind running = RunningKind::kMax;
  std::vector<std::string> state;  // names of its state tensors, in the op's order
  const Tensor* parameter = nullptr;
  std::int32_t input = -1;  // index of a graph input
  std::int64_t window = 0;  // slots of a window
};

}  // namespace longtake::runtime
