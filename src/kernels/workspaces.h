// Scratch memory for the threads of a loop. One set serves all kernels of a program, which run one after the other, so
// that what one kernel used is still in the cache when the next one begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "kernels/buffer.h"

namespace longtake::kernels {

class Workspaces {
  struct alignas(64) Space {
    std::atomic<bool> taken{false};
    Buffer buffer;
  };

 public:
  // `threads` that may ask at the same time.
  explicit Workspaces(int threads = 1) : spaces_(static_cast<std::size_t>(threads)) {}

  int threads() const { return static_cast<int>(spaces_.size()); }

  // Makes every thread's part at least that large. Before the loop: allocates, and forgets the contents.
  void reserve(std::int64_t floats) {
    for (Space& space : spaces_) space.buffer.reserve(floats);
  }

  // One thread's part, given back at the end of its life.
  class Loan {
   public:
    explicit Loan(Workspaces& from) : space_(&from.take()) {}
    ~Loan() { space_->taken.store(false, std::memory_order_release); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    float* data() const { return space_->buffer.data(); }

   private:
    Space* space_;
  };

  std::int64_t bytes() const {
    std::int64_t bytes = 0;
    for (const Space& space : spaces_) bytes += space.buffer.bytes();
    return bytes;
  }

 private:
  // There is one for each thread, so the search ends.
  Space& take() {
    for (;;) {
      for (Space& space : spaces_) {
        if (!space.taken.exchange(true, std::memory_order_acquire)) return space;
      }
    }
  }

  std::vector<Space> spaces_;
};

}  // namespace longtake::kernels
