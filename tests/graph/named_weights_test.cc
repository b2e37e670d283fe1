#include "graph/named_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "longtake/error.h"

namespace longtake::graph {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

Model model() {
  Model model;
  model.parameters = {{"encoder.a.weight", {2}}, {"encoder.b.weight", {1, 2}}, {"head.weight", {3}}};
  return model;
}

Tensor numbers(Shape shape) { return Tensor(DType::kFloat32, std::move(shape)); }

TEST(NamedWeights, FindTheirPlaceBehindThePrefix) {
  Model taken = model();
  Tensor a = numbers({2});
  a.data<float>()[1] = 7;
  take_weights(taken, "encoder.", {{"a.weight", a}, {"b.weight", numbers({1, 2})}}, "file");
  EXPECT_EQ(taken.weights.at("encoder.a.weight"), a);
  EXPECT_EQ(taken.weights.size(), 2U);
}

// A classifier that an encoder was trained with has no place; names may be those of a model file.
TEST(NamedWeights, WithoutAPlaceAreTold) {
  Model taken = model();
  const auto unused = take_weights(
      taken, "encoder.",
      {{"encoder.a.weight", numbers({2})}, {"b.weight", numbers({1, 2})}, {"fc8.weight", numbers({3})}}, "file");
  EXPECT_THAT(unused, testing::ElementsAre("fc8.weight"));
  EXPECT_EQ(taken.weights.size(), 2U);
}

TEST(NamedWeights, ThatAreNotFiniteAreRefused) {
  Model taken = model();
  Tensor a = numbers({2});
  a.data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(
      [&] {
        take_weights(taken, "encoder.", {{"a.weight", a}, {"b.weight", numbers({1, 2})}}, "file");
      },
      ThrowsMessage<BadData>(HasSubstr("not finite: a.weight")));
}

TEST(NamedWeights, ThatDoNotFitAreAllListed) {
  Model taken = model();
  EXPECT_THAT(
      [&] {
        take_weights(taken, "encoder.", {{"b.weight", numbers({2, 1})}, {"c.bias", numbers({4})}}, "x.safetensors");
      },
      ThrowsMessage<BadData>(AllOf(HasSubstr("x.safetensors"), HasSubstr("missing: a.weight [2]"),
                                   HasSubstr("b.weight is float32 [2, 1] but must be float32 [1, 2]"),
                                   HasSubstr("without a place: c.bias"), Not(HasSubstr("head")))));
  EXPECT_TRUE(taken.weights.empty());
}

}  // namespace
}  // namespace longtake::graph
