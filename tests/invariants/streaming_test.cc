// Invariants a to e in the runtime, bit for bit on one thread: how frames reach a model never changes what it says.
#include <numeric>

#include "invariants/fixture.h"

namespace longtake::invariants {

TEST_P(Invariants, A_FrameByFrameEqualsAnyChunking) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    if (executor->plan().whole_sequences) GTEST_SKIP() << "graph " << graph.name << " takes clips whole";
    for (const test::Script& script : scripts(executor->plan())) {
      const test::Run whole = test::run_in_chunks(*executor, script, {script.ticks});
      ASSERT_FALSE(whole.results.empty());
      expect_same(test::run_in_chunks(*executor, script, {1}), whole);
      for (const std::uint32_t seed : {1, 2, 3, 4}) {
        SCOPED_TRACE(seed);
        expect_same(test::run_in_chunks(*executor, script, random_lengths(script.ticks, seed)), whole);
      }
    }
  }
}

TEST_P(Invariants, B_AStateSavedAndRestoredMidVideoChangesNothing) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    if (executor->plan().whole_sequences) GTEST_SKIP() << "graph " << graph.name << " takes clips whole";
    for (const test::Script& script : scripts(executor->plan())) {
      const test::Run whole = test::run_in_chunks(*executor, script, {script.ticks});
      std::vector<std::int64_t> streams(script.streams);
      std::iota(streams.begin(), streams.end(), 0);
      for (std::int64_t middle = 1; middle < script.ticks; middle += 4) {
        SCOPED_TRACE(middle);
        graph::Outputs outputs;
        test::Run run{{}, executor->initial_state(script.streams)};
        executor->run(test::cut(executor->plan(), script, 0, middle, streams), run.state, outputs);
        test::collect(outputs, 0, streams, run.results);
        // Another program takes up what the first one wrote.
        run.state = State::from_bytes(run.state.to_bytes(), "snapshot");
        const auto other = program(graph);
        other->run(test::cut(other->plan(), script, middle, script.ticks, streams), run.state, outputs);
        test::collect(outputs, middle, streams, run.results);
        expect_same(run, whole);
      }
    }
  }
}

TEST_P(Invariants, C_OtherClipsLengthsChangeNoOutput) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    const test::Script alone = videos_of_lengths(executor->plan(), {7});
    const test::Results expected = test::run_in_chunks(*executor, alone, {alone.ticks}).results;
    ASSERT_FALSE(expected.empty());
    for (const std::int64_t other : {1, 2, 7, 15}) {
      SCOPED_TRACE(other);
      const test::Script script = videos_of_lengths(executor->plan(), {7, other, 16 - other});
      test::Results results = test::run_in_chunks(*executor, script, {script.ticks}).results;
      std::erase_if(results, [](const auto& result) { return std::get<2>(result.first) != 0; });
      expect_same(results, expected);
    }
  }
}

TEST_P(Invariants, D_AStreamBatchedWithOthersEqualsAlone) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    for (const std::int64_t streams : {2, 5, 17}) {
      for (const test::Script& script : scripts(executor->plan(), 12, streams)) {
        const auto lengths = lengths_for(executor->plan(), script, {5, 1});
        expect_same(test::run_in_chunks(*executor, script, lengths), test::run_alone(*executor, script));
      }
    }
  }
}

TEST_P(Invariants, E_ResetMarkersEqualSeparateVideos) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    for (const test::Script& script : scripts(executor->plan())) {
      const test::Run marked = test::run_in_chunks(*executor, script, lengths_for(executor->plan(), script, {7}));
      const std::vector<Video> videos = videos_of(script);
      ASSERT_GT(videos.size(), static_cast<std::size_t>(script.streams));
      test::Results separate;
      for (const Video& video : videos) {
        State state = executor->initial_state(1);
        graph::Outputs outputs;
        graph::Chunk chunk = test::cut(executor->plan(), script, video.begin, video.end, {video.stream});
        // What a reset cuts short has ended.
        if (executor->plan().whole_sequences) chunk.flags.back() |= graph::kEnd;
        executor->run(chunk, state, outputs);
        test::collect(outputs, video.begin, {video.stream}, separate);
        if (video.end < script.ticks) continue;
        EXPECT_EQ(state, marked.state.gather(std::vector{video.stream}));
      }
      expect_same(separate, marked.results);
    }
  }
}

TEST_P(Invariants, E_AHeldFrameNeverCame) {
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    for (const std::uint32_t seed : {2, 5}) {
      const test::Script script = test::make_script(executor->plan(), {.ticks = 30, .streams = 2, .seed = seed});
      const test::Run held = test::run_in_chunks(*executor, script, lengths_for(executor->plan(), script, {4}));
      for (std::int64_t s = 0; s < script.streams; ++s) {
        const test::Script without = without_holds(script, s);
        ASSERT_LT(without.ticks, script.ticks);
        const test::Run run = test::run_in_chunks(*executor, without, {without.ticks});
        EXPECT_EQ(run.state, held.state.gather(std::vector{s}));
        // The results of the stream under the ticks that are left.
        test::Results left;
        std::vector<int> place(script.ticks, -1);
        for (std::int64_t t = 0, next = 0; t < script.ticks; ++t) {
          if (script.flags[t * script.streams + s] != 0) place[t] = static_cast<int>(next++);
        }
        for (const auto& [key, value] : held.results) {
          if (std::get<2>(key) == s) left[{std::get<0>(key), place[std::get<1>(key)], 0}] = value;
        }
        expect_same(run.results, left);
      }
    }
  }
}

}  // namespace longtake::invariants
