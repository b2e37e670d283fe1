// Invariant k: a program that has seen its chunks allocates nothing when they come again, however long the stream runs.
#include <numeric>

#include "base/counted_allocations.h"
#include "invariants/fixture.h"

namespace longtake::invariants {

namespace {

// One a tick.
std::vector<graph::Chunk> chunks_of(const graph::Plan& plan, const test::Script& script) {
  std::vector<std::int64_t> streams(static_cast<std::size_t>(script.streams));
  std::iota(streams.begin(), streams.end(), 0);
  std::vector<graph::Chunk> chunks;
  for (std::int64_t t = 0; t < script.ticks; ++t) {
    chunks.push_back(test::cut(plan, script, t, t + 1, streams));
  }
  return chunks;
}

}  // namespace

TEST_P(Invariants, K_ASteadyStreamAllocatesNothing) {
  for (const graph::Graph& graph : graphs()) {
    if (graph::make_plan(*model_, graph).whole_sequences) continue;  // it follows no stream
    for (const int threads : {1, 2}) {
      for (const std::int64_t streams : {1, 3}) {
        runtime::Program program(model_, graph.name, {.threads = threads});
        // Held streams and absent inputs, sequences that end and others that are cut short.
        for (const test::Script& script : scripts(program.plan(), 24, streams)) {
          const std::vector<graph::Chunk> chunks = chunks_of(program.plan(), script);
          State state = program.initial_state(streams);
          graph::Outputs outputs;
          const auto run_all = [&] {
            for (const graph::Chunk& chunk : chunks) program.run(chunk, state, outputs);
          };
          run_all();
          run_all();
          const std::int64_t before = test::allocation_count();
          run_all();
          run_all();
          EXPECT_EQ(test::allocation_count() - before, 0)
              << graph.name << ", " << threads << " threads, " << streams << " streams";
        }
      }
    }
  }
}

}  // namespace longtake::invariants
