#include "graph/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/small_graphs.h"

namespace longtake::graph {
namespace {

Model small_network() {
  Model model;
  Builder b(model, "main");
  const auto conv = layers::conv2d(b, "conv", b.input("x", {3, 4, 4}), {.channels = 2, .pad = 1});
  const auto lstm = layers::lstm(b, "lstm", layers::global_average_pool(b, "pool", conv), {.hidden_size = 5});
  b.output("y", lstm.hidden);
  b.finish();
  return model;
}

TEST(Inspect, CountsByHand) {
  const Model model = small_network();
  const InspectReport report = inspect(make_plan(model, model.graphs[0]));
  EXPECT_EQ(report.parameters, (2 * 27 + 2) + (20 * 2 + 20) + 20 * 5);
  // conv: 32 outputs of 27 multiply-adds and a bias; pool: 32 additions; the LSTM's two products, sum and gates.
  EXPECT_EQ(report.flops_per_frame, 32 * (2 * 27 + 1) + 32 + 20 * (2 * 2 + 1) + 20 * (2 * 5) + 20 + 5 * 24);
  EXPECT_EQ(report.state_bytes_per_stream, 2 * 5 * 4 + 2 * 8);
  EXPECT_TRUE(report.causal);
  ASSERT_EQ(report.loops.size(), 1u);
  EXPECT_EQ(report.loops[0].size(), 5u);
}

TEST(Inspect, CountsASlowClockPerFrame) {
  Model model;
  Builder b(model, "main");
  const auto w = b.node("window", "w", {b.input("x", {3})},
                        {{"size", std::int64_t{2}},
                         {"stride", std::int64_t{5}},
                         {"ahead", std::int64_t{0}},
                         {"edge", std::string("valid")}});
  b.output("y", layers::relu(b, "relu", w[0]));
  b.finish();
  const InspectReport report = inspect(make_plan(model, model.graphs[0]));
  EXPECT_EQ(report.flops_per_frame, 6 / 5);
}

TEST(Inspect, DrawsLoopsAndDelays) {
  const Model model = small_network();
  const std::string dot = to_dot(make_plan(model, model.graphs[0]));
  EXPECT_THAT(dot, ::testing::HasSubstr("subgraph cluster_0"));
  EXPECT_THAT(dot, ::testing::HasSubstr("style=dashed"));
}

}  // namespace
}  // namespace longtake::graph
