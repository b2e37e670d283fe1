// Invariant i: the model file holds all there is to a model.
#include "base/temporary_directory.h"
#include "graph/inspect.h"
#include "graph/model_file.h"
#include "invariants/fixture.h"

namespace longtake::invariants {

TEST_P(Invariants, I_SaveAndLoadRoundTripToTheSameBytes) {
  const std::vector<std::byte> bytes = graph::model_to_bytes(*model_);
  EXPECT_EQ(graph::model_to_bytes(graph::model_from_bytes(bytes, "model")), bytes);

  const TemporaryDirectory directory;
  const std::string first = directory / "first.safetensors", second = directory / "second.safetensors";
  graph::save_model(*model_, first);
  graph::save_model(graph::load_model(first), second);
  EXPECT_EQ(real_files().read(first), real_files().read(second));
}

TEST_P(Invariants, I_TheLoadedModelGivesTheSameOutputs) {
  const auto loaded =
      std::make_shared<const graph::Model>(graph::model_from_bytes(graph::model_to_bytes(*model_), "model"));
  EXPECT_EQ(loaded->labels, model_->labels);
  EXPECT_EQ(loaded->inputs, model_->inputs);
  EXPECT_EQ(loaded->protocol, model_->protocol);
  ASSERT_EQ(loaded->graphs.size(), graphs().size());
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    runtime::Program other(loaded, graph.name);
    EXPECT_EQ(graph::to_json(graph::inspect(other.plan())), graph::to_json(graph::inspect(executor->plan())));
    const test::Script script = test::make_script(executor->plan(), {.gaps = true, .seed = 3});
    expect_same(test::run_in_chunks(other, script, {script.ticks}),
                test::run_in_chunks(*executor, script, {script.ticks}));
  }
}

}  // namespace longtake::invariants
