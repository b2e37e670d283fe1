#include "training/threads.h"

#include <ATen/Parallel.h>

#include <memory>

namespace longtake::training {

KernelThreads& kernel_threads() {
  static std::unique_ptr<KernelThreads> threads;
  const int wanted = at::get_num_threads();
  if (threads == nullptr || threads->pool.threads() != wanted) {
    threads.reset();
    threads = std::make_unique<KernelThreads>(wanted);
  }
  return *threads;
}

}  // namespace longtake::training
