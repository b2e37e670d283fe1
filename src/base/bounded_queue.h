// A queue between threads that never holds more than its capacity: it either makes the producer wait, or, for live
// sources, drops what is oldest and counts it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "longtake/error.h"

namespace longtake {

enum class WhenFull : std::uint8_t { kBlock, kDropOldest };

// All members may be called from any thread.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity, WhenFull when_full = WhenFull::kBlock)
      : capacity_(capacity), when_full_(when_full) {
    if (capacity == 0) throw InvalidArgument("a queue needs a capacity of at least 1");
  }

  // Adds at the end; waits for room, or drops the oldest. False, and `value` is gone, when the queue is closed.
  bool push(T value) {
    std::optional<T> dropped;  // destroyed after the lock is released
    {
      std::unique_lock lock(mutex_);
      if (when_full_ == WhenFull::kBlock) {
        has_room_.wait(lock, [this] { return closed_ || values_.size() < capacity_; });
      }
      if (closed_) return false;
      if (values_.size() == capacity_) {
        dropped.emplace(std::move(values_.front()));
        values_.pop_front();
        ++dropped_;
      }
      values_.push_back(std::move(value));
    }
    has_value_.notify_one();
    return true;
  }

  // The oldest value, waiting for one; nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    has_value_.wait(lock, [this] { return closed_ || !values_.empty(); });
    return take(lock);
  }

  // The oldest value, or nothing at once.
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  // Ends the stream: no more values are taken, those inside can still be popped, and nobody waits any longer.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    has_room_.notify_all();
    has_value_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  // How many values were dropped because the queue was full.
  std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    lock.unlock();
    has_room_.notify_one();
    return value;
  }

  const std::size_t capacity_;
  const WhenFull when_full_;
  mutable std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_value_;
  std::deque<T> values_;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace longtake
