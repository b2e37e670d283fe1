// Graphs cut in two give, one after the other, what the whole gives.
#include "graph/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/plan.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"

namespace longtake::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using testing::UnorderedElementsAre;

// frame -> [encoder: conv, pool, features] -> lstm on the features, and a mean of the pooled map.
Model two_parts() {
  Model model;
  Builder b(model, "main");
  const ValueId frame = b.input("frame", {3, 8, 6});
  ValueId pool = kNoValue, features = kNoValue;
  {
    const auto region = b.region("small", "encoder");
    const auto inner = b.region("block", "block");
    pool = layers::max_pool(b, "pool", layers::conv2d(b, "conv", frame, {.channels = 4, .kernel = 3, .pad = 1}));
    features = layers::linear(b, "features", layers::flatten(b, "flat", pool), 5);
  }
  b.output("scores", layers::lstm(b, "lstm", features, {.hidden_size = 2}).hidden);
  b.output("mean", layers::global_average_pool(b, "mean", pool));
  b.finish();
  return model;
}

std::vector<std::string> parameter_names(const Model& model) {
  std::vector<std::string> names;
  for (const Parameter& parameter : model.parameters) names.push_back(parameter.name);
  return names;
}

TEST(Cut, GivesBothPartsTheirNodesAndParameters) {
  const Model model = two_parts();
  const Graph& whole = model.graph("main");
  const std::vector<ValueId> values = region_outputs(whole, "encoder");
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(whole.values[values[0]].name, "encoder.block.pool");
  EXPECT_EQ(whole.values[values[1]].name, "encoder.block.features");

  const Model encoder = with_graph(model, up_to(whole, values));
  const Plan plan = make_plan(encoder, encoder.graph("main"));
  EXPECT_THAT(parameter_names(encoder), ElementsAre("encoder.block.conv.weight", "encoder.block.conv.bias",
                                                    "encoder.block.features.weight", "encoder.block.features.bias"));
  ASSERT_EQ(encoder.graphs[0].outputs.size(), 2U);
  const std::vector<Shape> shapes{plan.shape(encoder.graphs[0].outputs[0].value),
                                  plan.shape(encoder.graphs[0].outputs[1].value)};
  EXPECT_THAT(shapes, ElementsAre(Shape{4, 4, 3}, Shape{5}));

  const Model head = with_graph(model, from_on(whole, values, shapes));
  check(head);
  EXPECT_THAT(parameter_names(head),
              UnorderedElementsAre("lstm.input.weight", "lstm.input.bias", "lstm.hidden.weight"));
  EXPECT_EQ(head.graphs[0].inputs.size(), 2U);
  EXPECT_EQ(head.graphs[0].input_index("1"), 1U);
  EXPECT_EQ(make_plan(head, head.graphs[0]).shape(head.graphs[0].output("mean").value), Shape{4});
}

TEST(Cut, RefusesWhatCannotBeCut) {
  const Model model = two_parts();
  const Graph& whole = model.graph("main");
  EXPECT_THAT([&] { region_outputs(whole, "decoder"); }, ThrowsMessage<InvalidArgument>(HasSubstr("decoder")));
  // The pooled map alone is not enough: the features would still be computed from it, but the frame is gone.
  const std::vector<ValueId> features{region_outputs(whole, "encoder")[1]};
  const std::vector<Shape> shapes{{5}};
  EXPECT_THAT([&] { from_on(whole, features, shapes); }, ThrowsMessage<InvalidArgument>(HasSubstr("'frame'")));
}

}  // namespace
}  // namespace longtake::graph
