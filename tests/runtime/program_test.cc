// Choosing kernels, refusing what does not fit, and what a Program declares about itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "runtime/kernel_case.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using graph::ValueId;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

std::shared_ptr<graph::Model> small_model() {
  auto model = std::make_shared<graph::Model>();
  model->name = "small";
  Builder b(*model, "main");
  ValueId x = b.input("frame", {3, 8, 8});
  x = layers::relu(b, "relu", layers::conv2d(b, "conv", x, {.channels = 4}));
  x = layers::linear(b, "fc", layers::flatten(b, "flat", layers::max_pool(b, "pool", x)), 5);
  b.output("scores", layers::softmax(b, "softmax", layers::lstm(b, "lstm", x, {.hidden_size = 3}).hidden));
  b.finish();
  test::fill_weights(*model, 1);
  return model;
}

// Sets LONGTAKE_KERNELS while it lives.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* old = std::getenv("LONGTAKE_KERNELS")) old_ = old;
    setenv("LONGTAKE_KERNELS", value, 1);
  }
  ~Environment() { old_.empty() ? unsetenv("LONGTAKE_KERNELS") : setenv("LONGTAKE_KERNELS", old_.c_str(), 1); }

 private:
  std::string old_;
};

TEST(Kernels, TheReferenceRunsWhenTheEnvironmentAsksForIt) {
  const Environment environment("reference");
  const Program program(small_model(), "main");
  EXPECT_THAT(program.kernels(), testing::Contains(Pair("relu", "reference")));
  for (const auto& [node, kernel] : program.kernels()) EXPECT_EQ(kernel, "reference") << node;
}

TEST(Kernels, TheForcedLevelRuns) {
  for (KernelLevel level : test::fast_levels()) {
    const Environment environment(name_of(level));
    const Program program(small_model(), "main");
    const std::string packed = std::string("packed_") + name_of(level);
    EXPECT_THAT(program.kernels(),
                testing::UnorderedElementsAre(Pair("conv", packed), Pair("pool", "channels_last"),
                                              Pair("flat", "reorder"), Pair("fc", packed), Pair("lstm.input", packed),
                                              Pair("lstm.hidden", packed), Pair("lstm.sum", "vector"),
                                              Pair("lstm.gates", "vector"), Pair("softmax", "vector")));
  }
}

TEST(Kernels, AnOptionGoesBeforeTheEnvironment) {
  const Environment environment("reference");
  const Program program(small_model(), "main", {.kernels = KernelLevel::kPortable});
  EXPECT_THAT(program.kernels(), testing::Contains(Pair("conv", "packed_portable")));
}

TEST(Kernels, AnUnknownWordIsRefused) {
  const Environment environment("fastest");
  EXPECT_THAT([] { Program(small_model(), "main"); }, ThrowsMessage<ConfigError>(HasSubstr("\"fastest\"")));
}

TEST(Kernels, ReluIsAppliedByTheConvolutionBefore) {
  const Program program(small_model(), "main", {.kernels = KernelLevel::kPortable});
  EXPECT_THAT(program.kernels(), testing::Not(testing::Contains(Pair("relu", testing::_))));
}

TEST(Program, NamesTheWeightThatIsMissing) {
  auto model = small_model();
  model->weights.erase("fc.weight");
  EXPECT_THAT([&] { Program(model, "main"); }, ThrowsMessage<InvalidArgument>(HasSubstr("'fc.weight'")));
}

TEST(Program, NamesTheGraphsThereAre) {
  EXPECT_THAT([&] { Program(small_model(), "mian"); }, ThrowsMessage<InvalidArgument>(HasSubstr("main")));
}

TEST(Program, RefusesAStateOfAnotherGraph) {
  Program program(small_model(), "main");
  graph::Outputs outputs;
  State state(1);
  const graph::Chunk chunk{1, 1, {graph::kActive}, {{Tensor(DType::kFloat32, {1, 3, 8, 8}), {}}}};
  EXPECT_THAT([&] { program.run(chunk, state, outputs); }, ThrowsMessage<InvalidArgument>(HasSubstr("clock.ticks")));
}

TEST(Program, RefusesBytesForNumbers) {
  Program program(small_model(), "main");
  graph::Outputs outputs;
  State state = program.initial_state(1);
  const graph::Chunk chunk{1, 1, {graph::kActive}, {{Tensor(DType::kUint8, {1, 3, 8, 8}), {}}}};
  EXPECT_THAT([&] { program.run(chunk, state, outputs); }, ThrowsMessage<InvalidArgument>(HasSubstr("uint8")));
}

// A convolutional model serves any grid.
TEST(Program, TakesOtherSizesOfItsInputs) {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  b.output("map", layers::conv2d(b, "conv", b.input("frame", {1, 4, 4}), {.channels = 2}));
  b.finish();
  test::fill_weights(*model, 1);
  Program program(model, "main", {.sizes = {{"frame", {1, 9, 7}}}});
  State state = program.initial_state(1);
  graph::Outputs outputs;
  program.run({1, 1, {graph::kActive}, {{Tensor(DType::kFloat32, {1, 1, 9, 7}), {}}}}, state, outputs);
  EXPECT_EQ(outputs[0].data.shape(), (Shape{1, 2, 7, 5}));
}

// x fed back: y_t = x_{t-1} + 1 counts the frames; the closed loop has no input but the clock.
TEST(Program, RunsAGraphWhoseFeedbackWasClosed) {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  b.output("y", layers::affine(b, "next", b.input("x", {1}), 1, 1));
  b.feedback("y", "x");
  b.finish();
  Program program(model, graph::close_feedback(model->graphs[0]));
  State state = program.initial_state(2);
  graph::Outputs outputs;
  program.run({2, 3, std::vector<std::uint8_t>(6, graph::kActive), {}}, state, outputs);
  EXPECT_THAT(outputs[0].data.data<float>(), testing::ElementsAre(1, 1, 2, 2, 3, 3));
}

// Two convolutions one after the other need two maps at once, never four.
TEST(Program, ReusesTheMemoryOfValuesThatAreNoLongerNeeded) {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  ValueId x = b.input("x", {64});
  for (int i = 0; i < 8; ++i) x = layers::tanh(b, "tanh" + std::to_string(i), x);
  b.output("y", x);
  b.finish();
  const Program program(model, "main");
  EXPECT_EQ(program.buffer_bytes(10), 2 * 10 * 64 * static_cast<std::int64_t>(sizeof(float)));
}

}  // namespace
}  // namespace longtake::runtime
