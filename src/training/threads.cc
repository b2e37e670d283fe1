#include "training/threads.h"

#include <ATen/Parallel.h>

#include <memory>

namespace longtake::training {

namespace {

// On the threads of OpenMP, which are LibTorch's too.
void launch(int threads, void (*work)(void* context, int i), void* context) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int i = 0; i < threads; ++i) work(context, i);
}

}  // namespace

KernelThreads::KernelThreads(int threads) : pool(threads, launch), workspaces(threads) {}

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
