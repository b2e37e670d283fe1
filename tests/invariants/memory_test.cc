// Invariant j: a stream needs the memory that inspect declares, however long it runs.
#include <malloc.h>

#include "graph/inspect.h"
#include "invariants/fixture.h"

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

}  // namespace longtake::invariants
