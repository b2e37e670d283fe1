// A loop that runs on the pool, if there is one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/threads.h"

namespace longtake::kernels {

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// body(begin, end) for ranges that together are [0, count). Only loops of some length are worth other threads: `cost`
// is about how many floats one step touches.
template <class Body>
void for_ranges(ThreadPool* pool, std::int64_t count, std::int64_t cost, const Body& body) {
  constexpr std::int64_t kWorthwhile = 16384;
  if (pool == nullptr || count * cost < kWorthwhile) {
    if (count > 0) body(std::int64_t{0}, count);
  } else {
    pool->parallel_for(count, std::max(kWorthwhile / 2 / cost, count / (4 * pool->threads())) + 1, body);
  }
}

}  // namespace longtake::kernels
