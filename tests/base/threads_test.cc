#include "base/threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::Each;

class ThreadPoolOf : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolOf, DoesEveryIndexOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::int64_t count : {0, 1, 2, 3, 7, 64, 1000}) {
    for (const std::int64_t grain : {0, 1, 3, 64, 5000}) {
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(count));
      pool.parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++done[static_cast<std::size_t>(i)];
      });
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST_P(ThreadPoolOf, SeesTheWritesOfAllLoopsBefore) {
  ThreadPool pool(GetParam());
  // Each loop reads what the one before wrote, at other indices, with no atomics: a race or a lost loop shows.
  std::vector<std::int64_t> now(257, 0), next(257);
  for (int loop = 0; loop < 2000; ++loop) {
    pool.parallel_for(257, 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        next[static_cast<std::size_t>(i)] = now[static_cast<std::size_t>(256 - i)] + 1;
      }
    });
    now.swap(next);
  }
  EXPECT_THAT(now, Each(2000));
}

TEST_P(ThreadPoolOf, PassesAnExceptionOnAndWorksAgainAfterIt) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 50; ++round) {
    try {
      pool.parallel_for(100, 1, [&](std::int64_t begin, std::int64_t) {
        if (begin % 10 == 0) throw BadData("index " + std::to_string(begin));
      });
      FAIL();
    } catch (const BadData& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("index "));
    }
    std::atomic<std::int64_t> sum{0};
    pool.parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum, 100);
  }
}

TEST_P(ThreadPoolOf, ALoopInsideALoopRunsOnItsCaller) {
  ThreadPool pool(GetParam());
  std::atomic<int> done{0};
  pool.parallel_for(16, 1, [&](std::int64_t outer_begin, std::int64_t outer_end) {
    for (std::int64_t i = outer_begin; i < outer_end; ++i) {
      const std::thread::id caller = std::this_thread::get_id();
      pool.parallel_for(4, 1, [&](std::int64_t begin, std::int64_t end) {
        if (GetParam() > 1) {
          EXPECT_EQ(std::this_thread::get_id(), caller);
        }
        done += static_cast<int>(end - begin);
      });
    }
  });
  EXPECT_EQ(done, 64);
}

TEST_P(ThreadPoolOf, MayBeSharedByManyCallers) {
  ThreadPool pool(GetParam());
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int loop = 0; loop < 300; ++loop) {
        pool.parallel_for(40, 5, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 300 * 40);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, testing::Values(1, 2, 3, 8));

TEST(ThreadPool, EveryThreadTakesPart) {
  ThreadPool pool(3);
  // Each of three ranges waits for the others to begin, so three threads must be inside at once.
  std::atomic<int> inside{0};
  pool.parallel_for(3, 1, [&](std::int64_t, std::int64_t) {
    ++inside;
    while (inside < 3) std::this_thread::yield();
  });
  EXPECT_EQ(inside, 3);
}

TEST(ThreadPool, RefusesNumbersThatMakeNoSense) {
  EXPECT_THROW(ThreadPool(0), InvalidArgument);
  EXPECT_THROW(ThreadPool(-1), InvalidArgument);
  EXPECT_THROW(ThreadPool(256), InvalidArgument);
}

TEST(BoundedQueue, GivesValuesInTheirOrderAndThenEnds) {
  BoundedQueue<std::string> queue(3);
  EXPECT_TRUE(queue.push("a"));
  EXPECT_TRUE(queue.push("b"));
  EXPECT_EQ(queue.size(), 2u);
  queue.close();
  EXPECT_FALSE(queue.push("c"));
  EXPECT_EQ(queue.pop(), "a");
  EXPECT_EQ(queue.pop(), "b");
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_TRUE(queue.closed());
}

TEST(BoundedQueue, DropsTheOldestAndCounts) {
  BoundedQueue<int> queue(2, WhenFull::kDropOldest);
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_EQ(queue.dropped(), 3u);
  EXPECT_EQ(queue.try_pop(), 4);
  EXPECT_EQ(queue.try_pop(), 5);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueue, BlockingLosesNothingBetweenManyThreads) {
  BoundedQueue<int> queue(4);
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> producers, consumers;
  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&] {
      for (int i = 1; i <= 1000; ++i) EXPECT_TRUE(queue.push(i));
    });
  }
  for (int c = 0; c < 2; ++c) {
    consumers.emplace_back([&] {
      while (const std::optional<int> value = queue.pop()) {
        EXPECT_LE(queue.size(), 4u);
        sum += *value;
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  queue.close();
  for (std::thread& consumer : consumers) consumer.join();
  EXPECT_EQ(sum, 3 * 1000 * 1001 / 2);
  EXPECT_EQ(queue.dropped(), 0u);
}

TEST(BoundedQueue, ClosingReleasesWhoeverWaits) {
  BoundedQueue<int> empty(1), full(1);
  full.push(1);
  std::thread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  std::thread producer([&] { EXPECT_FALSE(full.push(2)); });
  empty.close();
  full.close();
  consumer.join();
  producer.join();
}

TEST(BoundedQueue, RefusesACapacityOfZero) { EXPECT_THROW(BoundedQueue<int>(0), InvalidArgument); }

}  // namespace
}  // namespace longtake
