// What presence, hold, reset, flush and end mean, by hand-made cases.
#include "graph/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/small_graphs.h"
#include "longtake/error.h"

namespace longtake::graph {
namespace {

using ::testing::ElementsAre;

struct Case {
  Model model;
  Plan plan;
  State state;
  std::unique_ptr<Schedule> schedule;

  explicit Case(Model made, std::int64_t streams = 1) : model(std::move(made)) {
    plan = make_plan(model, model.graphs[0]);
    state = initial_state(plan, streams);
    schedule = std::make_unique<Schedule>(plan);
  }
  NodeId node(const std::string& name) const {
    for (std::size_t n = 0; n < plan.graph->nodes.size(); ++n) {
      if (plan.graph->nodes[n].name == name) return static_cast<NodeId>(n);
    }
    throw InvalidArgument("no node " + name);
  }
  const NodeSchedule& build(Chunk chunk, const std::string& name) {
    schedule->build(chunk, state);
    return schedule->node(node(name));
  }
  std::vector<int> ticks(const std::string& name) const {
    std::vector<int> ticks;
    for (const Row& row : schedule->rows(schedule->node(node(name)).rows).rows) ticks.push_back(row.tick);
    return ticks;
  }
};

// One stream whose ticks have `flags`; the input has a row per active tick.
Chunk flagged(std::vector<std::uint8_t> flags) {
  Chunk chunk;
  chunk.ticks = static_cast<std::int64_t>(flags.size());
  std::int64_t rows = 0;
  for (std::uint8_t flag : flags) rows += (flag & kActive) != 0;
  chunk.flags = std::move(flags);
  chunk.inputs.push_back({Tensor(DType::kFloat32, {rows, 1}), {}});
  return chunk;
}

Model windowed(std::int64_t size, std::int64_t stride, std::int64_t ahead, const char* edge) {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {1});
  const auto window =
      b.node("window", "w", {x}, {{"size", size}, {"stride", stride}, {"ahead", ahead}, {"edge", std::string(edge)}});
  b.output("w", window[0]);
  b.finish();
  return model;
}

constexpr std::uint8_t A = kActive, H = 0, R = kActive | kReset, E = kActive | kEnd, F = kFlush, X = kFlush | kEnd;

TEST(Schedule, DelayShowsTheRowBeforeAndTheStateAtFirst) {
  Case c(longtake::test::running_sum());
  EXPECT_THAT(c.build(flagged({A, A, A}), "memory").source, ElementsAre(kInitial, 0, 1));
  EXPECT_THAT(c.build(flagged({A, A}), "memory").source, ElementsAre(kCarried, 0));
  EXPECT_THAT(c.schedule->node(c.node("memory")).final_source, ElementsAre(1));
}

TEST(Schedule, HoldIsAsIfTheTickNeverCame) {
  Case c(longtake::test::running_sum());
  EXPECT_THAT(c.build(flagged({A, H, A}), "memory").source, ElementsAre(kInitial, 0));
  EXPECT_THAT(c.ticks("sum"), ElementsAre(0, 2));
}

TEST(Schedule, ResetReturnsToTheInitialValueAlsoWithoutAFrame) {
  Case c(longtake::test::running_sum());
  EXPECT_THAT(c.build(flagged({A, R, A}), "memory").source, ElementsAre(kInitial, kInitial, 1));
  EXPECT_THAT(c.build(flagged({kReset, H}), "memory").final_source, ElementsAre(kInitial));
}

TEST(Schedule, ASequenceThatEndedStartsAnew) {
  Case c(longtake::test::running_sum());
  EXPECT_THAT(c.build(flagged({A, E, A}), "memory").source, ElementsAre(kInitial, 0, kInitial));
}

TEST(Schedule, StreamsDoNotMix) {
  Case c(longtake::test::running_sum(), 2);
  Chunk chunk;
  chunk.streams = 2;
  chunk.ticks = 2;
  chunk.flags = {A, A, H, A};
  chunk.inputs.push_back({Tensor(DType::kFloat32, {3, 1}), {}});
  EXPECT_THAT(c.build(chunk, "memory").source, ElementsAre(kInitial, kInitial, 1));
  EXPECT_THAT(c.schedule->node(c.node("memory")).final_source, ElementsAre(0, 2));
}

TEST(Schedule, WindowComesOutWhenFullThenEveryStride) {
  Case c(windowed(3, 2, 0, "valid"));
  EXPECT_THAT(c.build(flagged({A, A, A, A, A, E}), "w").source, ElementsAre(0, 1, 2, 2, 3, 4));
  EXPECT_THAT(c.ticks("w"), ElementsAre(2, 4));
}

TEST(Schedule, WindowRemembersAcrossChunks) {
  Case c(windowed(3, 1, 0, "valid"));
  EXPECT_THAT(c.build(flagged({A, A}), "w").source, ElementsAre());
  EXPECT_THAT(c.schedule->node(c.node("w")).final_source, ElementsAre(0, 1));
  EXPECT_THAT(c.build(flagged({A, A}), "w").source, ElementsAre(kHistory, kHistory - 1, 0, kHistory - 1, 0, 1));
}

TEST(Schedule, AnIncompleteWindowComesOutOnlyWhereItIsTheOnlyOne) {
  Case c(windowed(3, 1, 0, "valid"));
  EXPECT_THAT(c.build(flagged({A, E}), "w").source, ElementsAre(kNothing, 0, 1));
  EXPECT_THAT(c.build(flagged({A, A, A, E}), "w").source, ElementsAre(0, 1, 2, 1, 2, 3));
}

// Windows of 4 frames every 2: none before the fourth frame, and one at the end of a shorter video.
TEST(Schedule, KnowsWhichFramesGetAnAnswer) {
  Model model;
  Builder b(model, "main");
  const auto window = b.node("window", "w", {b.input("x", {1})},
                             {{"size", std::int64_t{4}},
                              {"stride", std::int64_t{2}},
                              {"ahead", std::int64_t{0}},
                              {"edge", std::string("valid")}});
  b.output("slow", window[0]);
  b.output("newest", b.node("latest", "l", {window[0]}).front());
  b.finish();
  const Plan plan = make_plan(model, model.graph("main"));
  EXPECT_THAT(answered_frames(plan, "slow", 7), ElementsAre(false, false, false, true, false, true, false));
  EXPECT_THAT(answered_frames(plan, "newest", 6), ElementsAre(false, false, false, true, true, true));
  EXPECT_THAT(answered_frames(plan, "newest", 2), ElementsAre(false, true));
}

TEST(Schedule, LookingAheadLagsAndFlushEmptiesIt) {
  Case c(windowed(3, 1, 1, "same"));
  EXPECT_EQ(c.plan.lag, 1);
  EXPECT_FALSE(c.plan.causal());
  // Frames 0 1 2, each with its neighbours; the last comes out at the flush tick.
  EXPECT_THAT(c.build(flagged({A, A, A, X}), "w").source, ElementsAre(kNothing, 0, 1, 0, 1, 2, 1, 2, kNothing));
  EXPECT_THAT(c.ticks("w"), ElementsAre(1, 2, 3));
  EXPECT_EQ(c.schedule->about({1, 0}, 1), 0);
  EXPECT_EQ(c.schedule->about({3, 0}, 1), 2);
}

TEST(Schedule, LookingAheadIsTheSameInAnyChunks) {
  Case whole(windowed(5, 1, 2, "same"));
  const auto slots = whole.build(flagged({A, A, A, A, F, X}), "w").source;
  Case cut(windowed(5, 1, 2, "same"));
  std::vector<std::int32_t> joined;
  for (std::uint8_t flag : {A, A, A, A, F, X}) {
    const auto& part = cut.build(flagged({flag}), "w").source;
    joined.insert(joined.end(), part.begin(), part.end());
  }
  ASSERT_EQ(joined.size(), slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) EXPECT_EQ(joined[i] == kNothing, slots[i] == kNothing) << i;
}

Model with_last_and_latest() {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {1});
  const auto slow = b.node("window", "w", {x},
                           {{"size", std::int64_t{2}},
                            {"stride", std::int64_t{2}},
                            {"ahead", std::int64_t{0}},
                            {"edge", std::string("valid")}});
  b.output("latest", b.node("latest", "latest", {slow[0]})[0]);
  b.output("last", b.node("last", "last", {x})[0]);
  b.finish();
  return model;
}

TEST(Schedule, LatestBringsASlowValueToEveryTick) {
  Case c(with_last_and_latest());
  EXPECT_THAT(c.build(flagged({A, A, A, A, A}), "latest").source, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(c.ticks("latest"), ElementsAre(1, 2, 3, 4));
}

TEST(Schedule, LastComesOutWhenTheSequenceEnds) {
  Case c(with_last_and_latest());
  EXPECT_THAT(c.build(flagged({A, A}), "last").source, ElementsAre());
  EXPECT_THAT(c.build(flagged({kEnd}), "last").source, ElementsAre(kCarried));
  EXPECT_EQ(c.schedule->about({0, 0}, 0), 1);
  // Nothing came since: nothing comes out.
  EXPECT_THAT(c.build(flagged({kEnd}), "last").source, ElementsAre());
}

TEST(Schedule, PreviousOfTheFirstRowIsThatRow) {
  Model model;
  Builder b(model, "main");
  b.output("before", b.previous("before", b.input("x", {1})));
  b.finish();
  Case c(std::move(model));
  EXPECT_THAT(c.build(flagged({A, A, R, H, A}), "before").source, ElementsAre(0, 0, 2, 2));
  EXPECT_THAT(c.build(flagged({kReset, A, A}), "before").source, ElementsAre(0, 0));
  EXPECT_THAT(c.build(flagged({A}), "before").source, ElementsAre(kCarried));
}

TEST(Schedule, RunningOpsCountTheirRows) {
  Model model;
  Builder b(model, "main");
  b.output("mean", b.node("running_mean", "mean", {b.input("x", {1})})[0]);
  b.finish();
  Case c(std::move(model));
  EXPECT_THAT(c.build(flagged({A, A, R}), "mean").ordinal, ElementsAre(0, 1, 0));
  EXPECT_THAT(c.build(flagged({A}), "mean").ordinal, ElementsAre(1));
  EXPECT_THAT(c.schedule->node(0 + c.node("mean")).source, ElementsAre(kCarried));
}

Model with_two_inputs() {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {1});
  const auto y = b.input("y", {1});
  b.output("sum", layers::add(b, "sum", x, y));
  b.finish();
  return model;
}

TEST(Schedule, CombinationalOpsArePresentWhereAllInputsAre) {
  Case c(with_two_inputs());
  Chunk chunk = flagged({A, A, A});
  chunk.inputs.push_back({Tensor(DType::kFloat32, {2, 1}), {{1, 0}, {2, 0}}});
  const NodeSchedule& sum = c.build(chunk, "sum");
  EXPECT_THAT(c.ticks("sum"), ElementsAre(1, 2));
  EXPECT_THAT(sum.gather[0], ElementsAre(1, 2));
  EXPECT_TRUE(sum.gather[1].empty());
}

TEST(Schedule, AnAbsentInputGivesNothing) {
  Case c(with_two_inputs());
  Chunk chunk = flagged({A});
  chunk.flags = {H};
  chunk.inputs = {{}, {}};
  c.build(chunk, "sum");
  EXPECT_TRUE(c.ticks("sum").empty());
}

Model with_init() {
  Model model;
  Builder b(model, "main");
  const auto start = b.input("start", {1}, true);
  const auto x = b.input("x", {1});
  const auto previous = b.delay("memory", {1}, start);
  const auto sum = layers::add(b, "sum", x, previous);
  b.connect(previous, sum);
  b.output("sum", sum);
  b.finish();
  return model;
}

TEST(Schedule, InitIsReadWhereASequenceStarts) {
  Case c(with_init());
  Chunk chunk = flagged({A, A, R});
  chunk.inputs.insert(chunk.inputs.begin(), ChunkInput{Tensor(DType::kFloat32, {2, 1}), {}});
  const NodeSchedule& memory = c.build(chunk, "memory");
  EXPECT_THAT(memory.source, ElementsAre(kInitial, 0, kInitial));
  EXPECT_THAT(memory.initial_row, ElementsAre(0, -1, 1));
}

TEST(Schedule, AMissingInitIsNamed) {
  Case c(with_init());
  Chunk chunk = flagged({R, R});
  chunk.inputs.insert(chunk.inputs.begin(), ChunkInput{Tensor(DType::kFloat32, {1, 1}), {{1, 0}}});
  try {
    c.build(chunk, "memory");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("'start'"));
  }
}

// The mean of each frame and the one after it, summed up by a loop, and windows of three sums, one of them later.
Model late_sum() {
  Model model;
  Builder b(model, "main");
  const auto window = [&](const char* name, ValueId x, std::int64_t size) {
    return b.node(
        "window", name, {x},
        {{"size", size}, {"stride", std::int64_t{1}}, {"ahead", std::int64_t{1}}, {"edge", std::string("same")}});
  };
  const auto pair = window("pair", b.input("x", {1}), 2);
  const auto mean = b.node("slot_mean", "mean", {pair[0], pair[1]}).front();
  const auto previous = b.delay("memory", {1});
  const auto sum = layers::add(b, "sum", mean, previous);
  b.connect(previous, sum);
  b.output("w", window("w", sum, 3)[0]);
  b.finish();
  return model;
}

TEST(Schedule, ALoopBehindALagGoesOnWhileTheRestComesOut) {
  Case c(late_sum());
  ASSERT_EQ(c.plan.lag, 2);
  const NodeSchedule& window = c.build(flagged({A, A, A, F, X}), "w");
  EXPECT_THAT(c.ticks("sum"), ElementsAre(1, 2, 3));
  EXPECT_THAT(c.ticks("w"), ElementsAre(2, 3, 4));
  EXPECT_THAT(window.source, ElementsAre(kNothing, 0, 1, 0, 1, 2, 1, 2, kNothing));
}

// The only frame's mean comes in the first flush tick, and the window that waits for it has none empty before it.
TEST(Schedule, AWindowBehindALagWaitsForItsLastRow) {
  Case c(late_sum());
  const NodeSchedule& window = c.build(flagged({A, F, X}), "w");
  EXPECT_THAT(c.ticks("sum"), ElementsAre(1));
  EXPECT_THAT(c.ticks("w"), ElementsAre(2));
  EXPECT_THAT(window.source, ElementsAre(kNothing, 0, kNothing));
}

// A sum of each late mean, the sum before and the one before that: the second delay sees only the first.
TEST(Schedule, ADelayOfADelayBehindALagGoesOnToo) {
  Model model;
  Builder b(model, "main");
  const auto pair = b.node("window", "pair", {b.input("x", {1})},
                           {{"size", std::int64_t{2}},
                            {"stride", std::int64_t{1}},
                            {"ahead", std::int64_t{1}},
                            {"edge", std::string("same")}});
  const auto mean = b.node("slot_mean", "mean", {pair[0], pair[1]}).front();
  const auto previous = b.delay("memory", {1});
  const auto earlier = b.delay("earlier", {1});
  b.connect(earlier, layers::relu(b, "seen", previous));
  const auto sum = layers::add(b, "sum", layers::add(b, "recent", mean, previous), earlier);
  b.connect(previous, sum);
  b.output("sum", sum);
  b.finish();
  Case c(std::move(model));
  const NodeSchedule& second = c.build(flagged({A, A, A, X}), "earlier");
  EXPECT_THAT(second.source, ElementsAre(kInitial, 0, 1, 2));
  EXPECT_THAT(c.ticks("sum"), ElementsAre(1, 2, 3));
}

TEST(Schedule, RefusesChunksThatDoNotFit) {
  Case c(longtake::test::running_sum());
  Chunk wrong_rows = flagged({A, A});
  wrong_rows.inputs[0].data = Tensor(DType::kFloat32, {3, 1});
  EXPECT_THROW(c.build(wrong_rows, "sum"), InvalidArgument);
  Chunk held_row = flagged({A, H});
  held_row.inputs[0].rows = {{1, 0}};
  EXPECT_THROW(c.build(held_row, "sum"), InvalidArgument);
  Chunk two_streams = flagged({A, A});
  two_streams.streams = 2;
  two_streams.ticks = 1;
  EXPECT_THROW(c.build(two_streams, "sum"), InvalidArgument);
}

}  // namespace
}  // namespace longtake::graph
