#include "training/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/safetensors.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake::training {
namespace {

Checkpoint sample() {
  Checkpoint checkpoint;
  checkpoint.weights["lstm.input.weight"] = Tensor::from<float>({2, 1}, {0.1f, -0.2f});
  checkpoint.weights["steps/odd"] = Tensor::from<double>({1}, {1e-300});
  checkpoint.optimizer["steps/lstm.input.weight"] = Tensor::from<std::int64_t>({}, {41});
  checkpoint.average["lstm.input.weight"] = Tensor::from<float>({2, 1}, {0.3f, 0.4f});
  State state(2);
  state.set("clock.ticks", Tensor::from<std::int64_t>({2}, {3, 0}));
  state.set("lstm/h", Tensor::from<float>({2, 1}, {0.5f, 0.0f}));
  checkpoint.states["main"] = state;
  checkpoint.states["empty"] = State(0);
  checkpoint.metadata["sampler"] = R"({"epoch": 3})";
  return checkpoint;
}

TEST(Checkpoint, ComesBackAsItWas) {
  const TemporaryDirectory directory;
  save_checkpoint(real_files(), directory / "last", sample());
  EXPECT_EQ(load_checkpoint(real_files(), directory / "last"), sample());
}

TEST(Checkpoint, GivesTheSameBytesEachTime) {
  const TemporaryDirectory directory;
  save_checkpoint(real_files(), directory / "a", sample());
  save_checkpoint(real_files(), directory / "b", sample());
  EXPECT_EQ(real_files().read(directory / "a"), real_files().read(directory / "b"));
}

void expect_bad(const SafetensorsFile& file, const std::string& reason) {
  const TemporaryDirectory directory;
  save_safetensors(real_files(), directory / "x", file);
  try {
    load_checkpoint(real_files(), directory / "x");
    ADD_FAILURE() << "loaded, though " << reason;
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr((directory / "x").string()), testing::HasSubstr(reason)));
  }
}

TEST(Checkpoint, RefusesOtherFilesAndVersionsNamingThem) {
  SafetensorsFile file;
  expect_bad(file, "no version");
  file.metadata["longtake.checkpoint"] = "2";
  expect_bad(file, "version 2");
  file.metadata["longtake.checkpoint"] = "1";
  file.tensors["state/main/h"] = Tensor(DType::kFloat32, {2, 1});
  expect_bad(file, "belongs to no graph");
  file.metadata["streams/main"] = "3";
  expect_bad(file, "there are 3 streams");
  file.metadata["streams/main"] = "-3";
  expect_bad(file, "no number of streams");
  file.metadata["streams/main"] = "2";
  file.tensors["odd"] = Tensor(DType::kFloat32, {1});
  expect_bad(file, "'odd'");
}

}  // namespace
}  // namespace longtake::training
