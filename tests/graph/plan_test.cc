#include "graph/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/small_graphs.h"
#include "layers/aggregate.h"
#include "longtake/error.h"

namespace longtake::graph {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> names(const Plan& plan, const Step& step) {
  std::vector<std::string> names;
  for (NodeId id : step.nodes) names.push_back(plan.graph->nodes[id].name);
  return names;
}

TEST(Plan, StepsOnlyWhatLiesOnALoop) {
  Model model;
  Builder b(model, "main");
  const auto lstm = layers::lstm(b, "lstm", b.input("x", {3}), {.hidden_size = 2});
  b.output("y", layers::linear(b, "classifier", lstm.hidden, 4));
  b.finish();
  const Plan plan = make_plan(model, model.graphs[0]);
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_THAT(names(plan, plan.steps[0]), ::testing::ElementsAre("x", "lstm.input"));
  EXPECT_TRUE(plan.steps[1].loop);
  EXPECT_THAT(names(plan, plan.steps[1]),
              ::testing::ElementsAre("lstm.h", "lstm.c", "lstm.hidden", "lstm.sum", "lstm.gates"));
  EXPECT_THAT(names(plan, plan.steps[2]), ::testing::ElementsAre("classifier"));
}

TEST(Plan, StackedCellsAreLoopsOfTheirOwn) {
  Model model;
  Builder b(model, "main");
  auto x = b.input("x", {3});
  for (const char* name : {"lstm1", "lstm2", "lstm3"}) x = layers::lstm(b, name, x, {.hidden_size = 2}).hidden;
  b.output("y", x);
  b.finish();
  const Plan plan = make_plan(model, model.graphs[0]);
  EXPECT_EQ(std::count_if(plan.steps.begin(), plan.steps.end(), [](const Step& s) { return s.loop; }), 3);
}

TEST(Plan, ADelayWithoutALoopIsNotStepped) {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {3});
  const auto previous = b.delay("previous", {3});
  b.connect(previous, x);
  b.output("change", layers::add(b, "change", x, layers::affine(b, "negated", previous, -1, 0)));
  b.finish();
  const Plan plan = make_plan(model, model.graphs[0]);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_FALSE(plan.steps[0].loop);
}

TEST(Plan, SizesOfTheInputAreBoundLater) {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {3, 8, 8});
  const auto memory = b.delay("memory", {4, -1, -1}, kNoValue, x);
  const auto conv = layers::conv2d(b, "conv", x, {.channels = 4, .pad = 1});
  b.connect(memory, layers::add(b, "sum", conv, memory));
  b.output("y", memory);
  b.finish();
  const Plan plan = make_plan(model, model.graphs[0], {{"x", {3, 20, 30}}});
  EXPECT_EQ(plan.shape(memory), (Shape{4, 20, 30}));
  EXPECT_THROW(make_plan(model, model.graphs[0], {{"nothing", {1}}}), InvalidArgument);
  EXPECT_THROW(make_plan(model, model.graphs[0], {{"x", {5, 20, 30}}}), InvalidArgument);
}

TEST(Plan, StateIsWhatDelaysAndSummariesKeep) {
  Model model;
  Builder b(model, "main");
  const auto lstm = layers::lstm(b, "lstm", b.input("x", {3}), {.hidden_size = 5});
  b.output("mean", layers::aggregate(b, "mean", lstm.hidden, layers::Aggregation::kMean));
  b.finish();
  // Two counters of the clock and one of the mean (8 bytes each); h, c and the mean (5 floats each).
  EXPECT_EQ(make_plan(model, model.graphs[0]).state_bytes_per_stream(), 3 * 8 + 3 * 5 * 4);
}

template <class Use>
std::string plan_complaint(Use use) {
  Model model;
  Builder b(model, "main");
  try {
    use(b, model);
    b.finish();
    make_plan(model, model.graphs[0]);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

TEST(Plan, AValueOfTheStartMustBeBroughtToEveryTick) {
  EXPECT_THAT(plan_complaint(
                  [](Builder& b, Model&) { layers::add(b, "sum", b.input("x", {1}), b.input("vector", {1}, true)); }),
              HasSubstr("`latest`"));
  EXPECT_EQ(plan_complaint([](Builder& b, Model&) {
              const auto vector = b.node("latest", "everywhere", {b.input("vector", {1}, true)})[0];
              layers::add(b, "sum", b.input("x", {1}), vector);
            }),
            "");
}

TEST(Plan, ValuesAboutDifferentFramesDoNotMeet) {
  EXPECT_THAT(plan_complaint([](Builder& b, Model&) {
                const auto x = b.input("x", {1, 1});
                const auto w = b.node("window", "w", {x},
                                      {{"size", std::int64_t{1}},
                                       {"stride", std::int64_t{1}},
                                       {"ahead", std::int64_t{0}},
                                       {"edge", std::string("same")}});
                const auto late = b.node("window", "late", {x},
                                         {{"size", std::int64_t{3}},
                                          {"stride", std::int64_t{1}},
                                          {"ahead", std::int64_t{1}},
                                          {"edge", std::string("same")}});
                layers::concat(b, "both", {w[0], late[0]});
              }),
              HasSubstr("lags"));
}

TEST(Plan, OnlyDelaysCarryALoop) {
  EXPECT_THAT(plan_complaint([](Builder& b, Model&) {
                const auto memory = b.delay("memory", {1});
                const auto sum = layers::add(b, "sum", b.input("x", {1}), memory);
                b.connect(memory, b.node("running_mean", "mean", {sum})[0]);
              }),
              HasSubstr("'mean' lies on a loop"));
}

TEST(Plan, RefusesTrainableBatchNormInALoop) {
  const auto with = [](bool trainable) {
    return plan_complaint([&](Builder& b, Model&) {
      const auto memory = b.delay("memory", {2});
      const auto sum = layers::add(b, "sum", b.input("x", {2}), memory);
      b.connect(memory, layers::batch_norm(b, "norm", sum, {.trainable = trainable}));
    });
  };
  EXPECT_THAT(with(true), HasSubstr("'norm' is trainable and lies on a loop"));
  EXPECT_EQ(with(false), "");
}

// The maps of LRCN's net: 227 -> 111 -> 55 -> 26 -> 13 (Caffe rounds up; down would give 12) -> 6 (specs 2.2).
TEST(WindowCount, RoundsUpAsCaffeDoes) {
  EXPECT_EQ(window_count(227, 7, 2, 0, 1, false), 111);
  EXPECT_EQ(window_count(111, 3, 2, 0, 1, true), 55);
  EXPECT_EQ(window_count(55, 5, 2, 0, 1, false), 26);
  EXPECT_EQ(window_count(26, 3, 2, 0, 1, true), 13);
  EXPECT_EQ(window_count(26, 3, 2, 0, 1, false), 12);
  EXPECT_EQ(window_count(13, 3, 2, 0, 1, true), 6);
  // A window may not start in the far padding: 3 of stride 2 with pad 1 on 4 gives 3 windows at -1, 1, 3.
  EXPECT_EQ(window_count(4, 3, 2, 1, 1, true), 3);
  EXPECT_EQ(window_count(3, 2, 2, 1, 1, true), 2);
  EXPECT_EQ(window_count(2, 5, 1, 0, 1, false), 0);
}

TEST(Plan, ALongChainNeedsNoDeepStack) {
  Model model;
  Builder b(model, "main");
  auto x = b.input("x", {1});
  for (int i = 0; i < 3000; ++i) x = layers::relu(b, "r" + std::to_string(i), x);
  b.output("y", x);
  b.finish();
  EXPECT_EQ(make_plan(model, model.graphs[0]).steps.size(), 1u);
}

}  // namespace
}  // namespace longtake::graph
