// From frames to a video in the runtime.
#include "models/aggregation.h"
#include "longtake/error.h"
#include "runtime/program.h"

namespace longtake {
namespace {

TEST(Aggregation, HasThePublishedValuesInTheRuntime) {
  for (const auto level : {kernels::KernelLevel::kReference, kernels::best_kernel_level()}) {
    runtime::Program program(std::make_shared<const graph::Model>(test::aggregating_model()), "main",
                             {.kernels = level});
    test::expect_published_aggregates(program);
  }
}

TEST(Aggregation, RefusesUnknownWords) {
  EXPECT_THAT([] { layers::parse_aggregation("average"); },
              testing::ThrowsMessage<ConfigError>(
                  testing::AllOf(testing::HasSubstr("\"average\""), testing::HasSubstr("last, max, mean, linear"))));
}

}  // namespace
}  // namespace longtake
