// From frames to a video in the trainer.
#include "models/aggregation.h"
#include "training/torch_executor.h"

namespace longtake {
namespace {

TEST(Aggregation, HasThePublishedValuesInTheTrainer) {
  const graph::Model model = test::aggregating_model();
  training::TorchExecutor executor(model, "main");
  test::expect_published_aggregates(executor);
}

}  // namespace
}  // namespace longtake
