// The threads and scratch memory of the kernels that training shares with the runtime. Free of LibTorch.
#pragma once

#include "base/threads.h"
#include "kernels/workspaces.h"

namespace longtake::training {

struct KernelThreads {
  explicit KernelThreads(int threads);

  ThreadPool pool;
  kernels::Workspaces workspaces;
};

// As many threads as LibTorch has. One loop runs at a time: training has one thread of its own.
KernelThreads& kernel_threads();

}  // namespace longtake::training
