#include "graph/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/plan.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"

namespace longtake::graph {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Runs `use` on a fresh builder and returns what it complains about.
template <class Use>
std::string complaint(Use use) {
  Model model;
  Builder b(model, "main");
  try {
    use(b);
    b.finish();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

TEST(Builder, ShapeErrorsNameTheOpTheValueAndTheShapes) {
  EXPECT_THAT(complaint([](Builder& b) {
                layers::conv2d(b, "conv1", b.input("frame", {3, 4, 4}), {.channels = 8, .kernel = 7});
              }),
              AllOf(HasSubstr("conv2d 'conv1'"), HasSubstr("'frame' [3, 4, 4]"), HasSubstr("smaller than the kernel")));
  EXPECT_THAT(complaint([](Builder& b) { layers::add(b, "sum", b.input("a", {3}), b.input("b", {4})); }),
              AllOf(HasSubstr("add 'sum'"), HasSubstr("'a' [3]"), HasSubstr("'b' [4]")));
  EXPECT_THAT(complaint([](Builder& b) { layers::softmax(b, "s", b.input("a", {3}), 1); }), HasSubstr("'axis'"));
  EXPECT_THAT(complaint([](Builder& b) { layers::max_pool(b, "p", b.input("a", {3})); }), HasSubstr("needs a map"));
}

// (size - 1) stride + kernel - 2 pad: the sizes of HKO-7's forecaster (specs 5.3).
TEST(Builder, ATransposedConvolutionUndoesTheSizesOfAConvolution) {
  Model model;
  Builder b(model, "main");
  const auto low = b.input("low", {192, 16, 16});
  const auto middle = layers::conv_transpose2d(b, "up2", low, {.channels = 192, .kernel = 4, .stride = 2, .pad = 1});
  const auto high = layers::conv_transpose2d(b, "up1", middle, {.channels = 64, .kernel = 5, .stride = 3, .pad = 1});
  const auto frame = layers::conv_transpose2d(b, "up0", high, {.channels = 8, .kernel = 7, .stride = 5, .pad = 1});
  EXPECT_EQ(b.shape(middle), (Shape{192, 32, 32}));
  EXPECT_EQ(b.shape(high), (Shape{64, 96, 96}));
  EXPECT_EQ(b.shape(frame), (Shape{8, 480, 480}));
  EXPECT_EQ(model.parameter("up1.weight").shape, (Shape{192, 64, 5, 5}));
  EXPECT_THAT(complaint([](Builder& other) {
                const auto x = other.input("x", {2, 2, 2});
                layers::conv_transpose2d(other, "up", x, {.channels = 1, .kernel = 2, .stride = 1, .pad = 2});
              }),
              AllOf(HasSubstr("conv_transpose2d 'up'"), HasSubstr("'x' [2, 2, 2]"), HasSubstr("cuts the whole map")));
}

TEST(Builder, AMapIsWarpedByFieldsOfItsOwnSize) {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {5, 3, 4});
  EXPECT_EQ(b.shape(layers::warp(b, "warped", x, b.input("flow", {6, 3, 4}))), (Shape{15, 3, 4}));
  EXPECT_EQ(b.shape(layers::coordinates(b, "grid", x)), (Shape{3, 3, 4}));
  for (const Shape& flow : {Shape{6, 4, 3}, Shape{3, 3, 4}, Shape{6}}) {
    EXPECT_THAT(complaint([&](Builder& other) {
                  const auto map = other.input("x", {5, 3, 4});
                  layers::warp(other, "warped", map, other.input("flow", flow));
                }),
                AllOf(HasSubstr("warp 'warped'"), HasSubstr("[2 L, 3, 4]"), HasSubstr("'flow' " + to_string(flow))));
  }
  EXPECT_THAT(complaint([](Builder& other) { layers::coordinates(other, "grid", other.input("x", {3})); }),
              HasSubstr("needs a map"));
}

TEST(Builder, RefusesTwoNodesOfOneName) {
  EXPECT_THAT(complaint([](Builder& b) {
                b.input("x", {1});
                b.input("x", {1});
              }),
              HasSubstr("already has a node 'x'"));
}

TEST(Builder, RefusesADelayThatIsNeverConnectedOrDoesNotFit) {
  EXPECT_THAT(complaint([](Builder& b) { b.delay("memory", {2}); }), HasSubstr("'memory' was never connected"));
  EXPECT_THAT(complaint([](Builder& b) {
                const auto memory = b.delay("memory", {2});
                b.connect(memory, b.input("x", {3}));
              }),
              AllOf(HasSubstr("'memory' keeps [2]"), HasSubstr("'x' is [3]")));
}

TEST(Builder, RegionsNameWhatIsInThem) {
  Model model;
  Builder b(model, "main");
  layers::lstm(b, "lstm1", b.input("x", {3}), {.hidden_size = 2, .peepholes = true});
  b.finish();
  const Graph& graph = model.graphs[0];
  ASSERT_EQ(graph.regions.size(), 1u);
  EXPECT_EQ(graph.regions[0].kind, "lstm");
  for (const Node& node : graph.nodes) {
    if (node.op == "input") continue;
    EXPECT_EQ(node.region, 0);
    EXPECT_THAT(node.name, ::testing::StartsWith("lstm1."));
  }
  EXPECT_EQ(model.parameter("lstm1.input.weight").shape, (Shape{8, 3}));
  EXPECT_EQ(model.parameter("lstm1.peepholes").shape, (Shape{3, 2}));
}

// 4 H (D + H) + 4 H, and with peepholes 3 H more (specs 1.1, 1.2); LRCN's own is 4,457,472 (specs 2.3).
TEST(Builder, LstmHasThePublishedNumberOfParameters) {
  for (const bool peepholes : {false, true}) {
    Model model;
    Builder b(model, "main");
    layers::lstm(b, "lstm", b.input("x", {4096}), {.hidden_size = 256, .peepholes = peepholes});
    b.finish();
    EXPECT_EQ(model.parameter_count(), peepholes ? 4457472 + 768 : 4457472);
  }
}

TEST(Builder, GraphsShareAParameterOfTheSameNameAndShape) {
  Model model;
  for (const char* name : {"encode", "decode"}) {
    Builder b(model, name);
    layers::linear(b, "project", b.input("x", {3}), 2);
    b.finish();
  }
  EXPECT_EQ(model.parameter_count(), 3 * 2 + 2);
  Builder b(model, "other");
  EXPECT_THROW(layers::linear(b, "project", b.input("x", {4}), 2), InvalidArgument);
}

TEST(Builder, AnOpenDelayTakesItsSizesFromAnotherValue) {
  Model model;
  Builder b(model, "main");
  const auto x = b.input("x", {3, 5, 7});
  const auto memory = b.delay("memory", {2, -1, -1}, kNoValue, x);
  EXPECT_EQ(b.shape(memory), (Shape{2, 5, 7}));
  EXPECT_THROW(b.delay("open", {2, -1, -1}), InvalidArgument);
}

TEST(CloseFeedback, TurnsADeclaredFeedbackIntoADelay) {
  Model model;
  Builder b(model, "main");
  const auto previous = b.input("previous", {2});
  b.output("next", layers::linear(b, "step", previous, 2));
  b.feedback("next", "previous");
  b.finish();
  const Graph free = close_feedback(model.graphs[0]);
  EXPECT_TRUE(free.inputs.empty());
  EXPECT_EQ(free.producer(0).op, "delay");
  EXPECT_EQ(make_plan(model, free).steps.size(), 1u);
  EXPECT_TRUE(make_plan(model, free).steps[0].loop);
}

TEST(CloseFeedback, LeavesADiscreteChoiceToItsDriver) {
  Model model;
  Builder b(model, "main");
  b.output("word", layers::linear(b, "step", b.input("previous", {2}), 2));
  b.feedback("word", "previous", true);
  b.finish();
  EXPECT_THROW(close_feedback(model.graphs[0]), InvalidArgument);
}

}  // namespace
}  // namespace longtake::graph
