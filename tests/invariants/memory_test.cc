// Invariant j: a stream needs the memory that inspect declares, however long it runs.
#include <malloc.h>

#include <map>
#include <numeric>

#include "graph/inspect.h"
#include "invariants/fixture.h"
#include "runtime/memory.h"

namespace longtake::invariants {

namespace {

// Bytes that this process has from the heap and has not given back. A sanitizer's heap says 0.
std::size_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_P(Invariants, J_TenThousandTicksNeedTheMemoryThatIsDeclared) {
  for (const graph::Graph& graph : graphs()) {
    const graph::Plan plan = graph::make_plan(*model_, graph);
    if (plan.whole_sequences) {
      GTEST_SKIP() << "bounded memory is not promised for models that need whole clips, such as graph " << graph.name;
    }
  }
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    const graph::Plan& plan = executor->plan();
    const std::int64_t declared = graph::inspect(plan).state_bytes_per_stream;
    test::Script script = videos_of_lengths(plan, {2});
    script.flags = {graph::kActive | graph::kReset, graph::kActive};
    const graph::Chunk first = test::cut(plan, script, 0, 1, {0}), later = test::cut(plan, script, 1, 2, {0});
    State state = executor->initial_state(1);
    graph::Outputs outputs;
    EXPECT_EQ(state.bytes_per_stream(), declared);
    executor->run(first, state, outputs);
    for (int tick = 1; tick < 100; ++tick) executor->run(later, state, outputs);
    const std::int64_t buffers = executor->buffer_bytes();
    EXPECT_EQ(state.bytes_per_stream(), declared);

    const std::size_t heap = heap_in_use();
    for (int tick = 100; tick < 10000; ++tick) executor->run(later, state, outputs);
    EXPECT_LE(heap_in_use(), heap);
    EXPECT_EQ(executor->buffer_bytes(), buffers);
    EXPECT_EQ(state.bytes_per_stream(), declared);
  }
}

TEST_P(Invariants, J_StreamsThatShareStepsNeedTheMemoryThatIsDeclared) {
  if (heap_in_use() == 0) GTEST_SKIP() << "the heap is another's, who does not count";
  for (const graph::Graph& graph : graphs()) {
    if (graph::make_plan(*model_, graph).whole_sequences) continue;
    for (const int threads : {1, 2}) {
      std::map<std::int64_t, double> declared, needed;
      for (const std::int64_t streams : {1, 64}) {
        {
          runtime::Program asked(model_, graph.name, {.threads = threads});
          const graph::MemoryReport report = runtime::memory_of(asked, streams);
          declared[streams] = static_cast<double>(report.total() - report.weights);  // which are there already
        }
        const graph::Plan plan = graph::make_plan(*model_, graph);
        const test::Script script =
            videos_of_lengths(plan, std::vector<std::int64_t>(static_cast<std::size_t>(streams), 6));
        std::vector<std::int64_t> all(static_cast<std::size_t>(streams));
        std::iota(all.begin(), all.end(), 0);
        const std::size_t before = heap_in_use();
        runtime::Program program(model_, graph.name, {.threads = threads});
        State state = program.initial_state(streams);
        graph::Outputs outputs;
        const graph::Chunk first = test::cut(plan, script, 0, 1, all);
        program.run(first, state, outputs);
        for (std::int64_t tick = 1; tick < 6; ++tick) {
          program.run(test::cut(plan, script, tick, tick + 1, all), state, outputs);
        }
        needed[streams] = static_cast<double>(heap_in_use() - before);
      }
      // The plan, whose names and lists are not declared, weighs as much as these models; so it is left out of what the
      // streams need, and bounded in what the first one does.
      const double added = declared[64] - declared[1];
      EXPECT_NEAR(needed[64] - needed[1], added, 0.1 * added) << graph.name << ", " << threads << " threads";
      EXPECT_GT(needed[1], 0.9 * declared[1]) << graph.name;
      EXPECT_LT(needed[1], 1.1 * declared[1] + 128 * 1024) << graph.name;
    }
  }
}

}  // namespace longtake::invariants
