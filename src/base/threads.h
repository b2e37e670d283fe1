// A fixed set of threads for loops of a few microseconds: a call allocates nothing, and threads that have just worked
// spin for a moment before they sleep, so that the next loop finds them awake.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
#include <type_traits>
#include <vector>

namespace longtake {

class ThreadPool {
 public:
  // `threads` counts the caller's, so 1 starts none. At most 255; 0 and less are InvalidArgument.
  explicit ThreadPool(int threads);
  // Calls work(context, i) for every i in [0, threads), on as many threads at once, and returns when all are done.
  using Launch = void (*)(int threads, void (*work)(void* context, int i), void* context);
  // A pool on threads of somebody else, such as another library's own: two sets of threads on the same cores would
  // stand in each other's way.
  ThreadPool(int threads, Launch launch);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(slots_.size()); }

  // Calls body(begin, end) for ranges that together are [0, count), each once, and returns when all are done. Ranges
  // are `grain` long, the last one shorter; a grain of 0 picks one. With one thread there is one range and no overhead.
  // Range i goes first to the same thread in every loop with as many ranges, so that its data stay in that core's
  // cache; threads that are done take over from those that are late.
  //
  // The first exception of a body is thrown here after all threads have stopped; ranges not yet begun are left out.
  // Called from a body, or while another thread's loop is running, it does the work on the caller alone: results must
  // not depend on who does what, and then do not.
  template <class Body>
  void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
    static_assert(std::is_invocable_v<const Body&, std::int64_t, std::int64_t>);
    run(count, grain, &body, [](const void* function, std::int64_t begin, std::int64_t end) {
      (*static_cast<const Body*>(function))(begin, end);
    });
  }
  template <class Body>
  void parallel_for(std::int64_t count, const Body& body) {
    parallel_for(count, 0, body);
  }

 private:
  using Function = void (*)(const void*, std::int64_t, std::int64_t);

  // The ranges that one thread takes first. On a cache line of its own, because the others seldom look at it.
  struct alignas(64) Slot {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };

  // The loop being run: written only while no worker is inside it.
  struct Job {
    const void* function = nullptr;
    Function call = nullptr;
    std::int64_t count = 0;
    std::int64_t grain = 1;
  };

  void run(std::int64_t count, std::int64_t grain, const void* function, Function call);
  void run_on_all(const Job& job, std::int64_t ranges);
  void work(std::size_t self);
  void run_range(std::int64_t range);
  void work_until_stopped(std::size_t self);
  void stop();

  Job job_;
  std::vector<Slot> slots_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;  // of the thread that set failed_
  // The number of the loop, whether it is open, how many workers are inside it, and whether the pool is stopping
  // (see threads.cc).
  alignas(64) std::atomic<std::uint32_t> state_{0};
  std::vector<std::thread> workers_;
  Launch launch_ = nullptr;
};

}  // namespace longtake
