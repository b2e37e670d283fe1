// How a loop runs. `state_` holds, from the low bits up: the number of workers inside the loop (8 bits), whether it is
// open, whether the pool is stopping, and the loop's number.
//
//   caller   writes job and slots (nobody is inside), opens the loop, takes ranges until none is left, closes the loop,
//            waits until nobody is inside
//   worker   waits for a loop it has not seen, enters it if it is open, takes ranges until none is left, leaves
//
// A worker that wakes late finds the loop closed and has missed nothing: the caller never waits for a worker that has
// not begun. Entering is one compare-and-swap on the same word as opening and closing, so a worker inside always sees
// the job it entered for.
#include "base/threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "longtake/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace longtake {
namespace {

constexpr std::uint32_t kInside = 0xff;
constexpr std::uint32_t kOpen = 0x100;
constexpr std::uint32_t kStopping = 0x200;
constexpr std::uint32_t kNumber = ~(kInside | kOpen | kStopping);
constexpr std::uint32_t kNextNumber = 0x400;

// How long a thread spins before it sleeps: longer than the gaps between the loops of one frame, and short against the
// time between frames.
constexpr std::chrono::microseconds kSpin{50};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// Waits until (state & mask) == value is `equal`: spins, then sleeps. Returns the state that ended the wait.
std::uint32_t wait_until(const std::atomic<std::uint32_t>& state, std::uint32_t mask, std::uint32_t value, bool equal) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      const std::uint32_t now = state.load(std::memory_order_acquire);
      if (((now & mask) == value) == equal) return now;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  for (;;) {
    const std::uint32_t now = state.load(std::memory_order_acquire);
    if (((now & mask) == value) == equal) return now;
    state.wait(now, std::memory_order_acquire);
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads, Launch launch) : launch_(launch) {
  if (threads < 1 || threads > 255) {
    throw InvalidArgument(fmt::format("a pool has 1 to 255 threads, not {}", threads));
  }
  slots_ = std::vector<Slot>(static_cast<std::size_t>(threads));
}

ThreadPool::ThreadPool(int threads) : ThreadPool(threads, nullptr) {
  try {
    for (std::size_t self = 1; self < slots_.size(); ++self) {
      workers_.emplace_back([this, self] { work_until_stopped(self); });
    }
  } catch (const std::system_error& error) {
    stop();
    throw IoError(fmt::format("cannot start {} threads: {}", threads, error.what()));
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  state_.fetch_or(kStopping, std::memory_order_relaxed);
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t count, std::int64_t grain, const void* function, Function call) {
  if (count <= 0) return;
  const auto threads = static_cast<std::int64_t>(slots_.size());
  // Four ranges a thread leave something to take over from a thread that is late.
  if (grain <= 0) grain = std::max<std::int64_t>(1, count / (4 * threads));
  const std::int64_t ranges = (count - 1) / grain + 1;
  if (threads == 1 || ranges == 1 || busy_.exchange(true, std::memory_order_acquire)) {
    call(function, 0, count);
    return;
  }
  run_on_all({function, call, count, grain}, ranges);
  // The error is taken out before another thread's loop may begin.
  std::exception_ptr error;
  if (failed_.load(std::memory_order_relaxed)) error = std::exchange(error_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (error != nullptr) std::rethrow_exception(error);
}

void ThreadPool::run_on_all(const Job& job, std::int64_t ranges) {
  job_ = job;
  failed_.store(false, std::memory_order_relaxed);
  const auto threads = static_cast<std::int64_t>(slots_.size());
  const std::int64_t each = ranges / threads;
  const std::int64_t more = ranges % threads;  // the first threads take one range more
  std::int64_t begin = 0;
  for (std::int64_t i = 0; i < threads; ++i) {
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    slot.next.store(begin, std::memory_order_relaxed);
    begin += each + (i < more ? 1 : 0);
    slot.end = begin;
  }
  if (launch_ != nullptr) {
    const auto call = [](void* pool, int i) { static_cast<ThreadPool*>(pool)->work(static_cast<std::size_t>(i)); };
    launch_(static_cast<int>(threads), call, this);
    return;
  }
  const std::uint32_t number = (state_.load(std::memory_order_relaxed) & kNumber) + kNextNumber;
  state_.store(number | kOpen, std::memory_order_release);
  state_.notify_all();

  work(0);
  state_.fetch_and(~kOpen, std::memory_order_relaxed);
  wait_until(state_, kInside, 0, true);
}

void ThreadPool::work(std::size_t self) {
  // Own ranges first, then what the others have left.
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[(self + i) % slots_.size()];
    for (;;) {
      if (failed_.load(std::memory_order_relaxed)) return;
      if (slot.next.load(std::memory_order_relaxed) >= slot.end) break;
      const std::int64_t range = slot.next.fetch_add(1, std::memory_order_relaxed);
      if (range >= slot.end) break;
      run_range(range);
    }
  }
}

void ThreadPool::run_range(std::int64_t range) {
  const std::int64_t begin = range * job_.grain;
  const std::int64_t end = begin + std::min(job_.grain, job_.count - begin);
  try {
    job_.call(job_.function, begin, end);
  } catch (...) {
    // Thrown again by run(), when no thread is inside the loop any more.
    if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
  }
}

void ThreadPool::work_until_stopped(std::size_t self) {
  std::uint32_t seen = 0;
  for (;;) {
    std::uint32_t state = wait_until(state_, kNumber | kStopping, seen, false);
    if ((state & kStopping) != 0) return;
    seen = state & kNumber;
    bool entered = false;
    while ((state & kOpen) != 0 && (state & kNumber) == seen && !entered) {
      entered = state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire, std::memory_order_acquire);
    }
    if (!entered) continue;
    work(self);
    const std::uint32_t left = state_.fetch_sub(1, std::memory_order_release) - 1;
    if ((left & (kOpen | kInside)) == 0) state_.notify_all();  // the caller may sleep until the last one leaves
  }
}

}  // namespace longtake
