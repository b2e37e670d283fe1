// The training loop over files that fail: after any failure there is a whole checkpoint, or none, and going on from
// there ends as if nothing had been.
#include "training/trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/faulty_files.h"
#include "base/safetensors.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "media/clips.h"
#include "training/report.h"

namespace longtake::training {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kRecipe = R"([model]
name = "lrcn"
encoder = "small_cnn"
encoder_dropout = 0.2
hidden_size = 3
lstm_dropout = 0.2
initialiser = "scaled"
[model.small_cnn]
channels = [2]
kernels = [3]
features = 3
[input]
width = 8
height = 8
colour = "gray"
standardise = true
[data]
format = "manifest"
path = "{}"
[train]
epochs = 2
batch_size = 2
checkpoint_steps = 1
optimizer = "adam"
average_decay = 0.5
[evaluate]
clip = 0
crops = 1
)";

class Trainer : public testing::Test {
 protected:
  Trainer() {
    std::string manifest = "path,label,split\n";
    for (int i = 0; i < 4; ++i) {
      media::write_numbered_clip(directory_ / fmt::format("{}.mp4", i), 3, 10.0, 16, 16);
      manifest += fmt::format("{}.mp4,{},{}\n", i, i % 2 == 0 ? "a" : "b", i == 3 ? "validation" : "train");
    }
    media::write_file(directory_ / "list.csv", manifest);
  }

  TrainRequest request(const std::string& run_directory, const Files& files) const {
    TrainRequest request{
        .recipe = parse_toml(fmt::format(fmt::runtime(kRecipe), (directory_ / "list.csv").string()), "recipe.toml")};
    request.paths = RunPaths(directory_ / run_directory);
    request.resume = true;
    request.threads = 1;
    request.files = &files;
    return request;
  }

  // As the program does it, with TensorBoard's events.
  TrainOutcome run(const std::string& run_directory, const Files& files) const {
    TrainRequest wanted = request(run_directory, files);
    TensorBoardObserver observer(files, wanted.paths.directory, nullptr);
    wanted.observer = &observer;
    return train(wanted);
  }

  TemporaryDirectory directory_;
};

TEST_F(Trainer, KeepsAWholeCheckpointWhateverFails) {
  const graph::Model whole = run("unbroken", real_files()).model;
  for (const Fault fault : {Fault::kShortWrite, Fault::kPowerLoss}) {
    // Every operation up to the first checkpoints, then every fourth.
    for (int n = 0;; n += n < 12 ? 1 : 4) {
      SCOPED_TRACE(fmt::format("fault {} at operation {}", static_cast<int>(fault), n));
      const std::string name = fmt::format("run_{}_{}", static_cast<int>(fault), n);
      const FaultyFiles faulty(fault, n);
      bool failed = false;
      try {
        run(name, faulty);
      } catch (const IoError&) {
        failed = true;
      }
      if (!faulty.failed()) break;  // n is past the last operation
      EXPECT_TRUE(failed);
      const RunPaths paths(directory_ / name);
      if (real_files().exists(paths.last())) {
        EXPECT_NO_THROW(read_safetensors(real_files(), paths.last()));
      }
      if (real_files().exists(paths.model())) {
        EXPECT_NO_THROW(read_safetensors(real_files(), paths.model()));
      }
      const TrainOutcome resumed = run(name, real_files());
      EXPECT_TRUE(resumed.model.weights == whole.weights);
      EXPECT_EQ(resumed.history.step, 4);
    }
  }
}

TEST_F(Trainer, LeavesNothingOfARunThatEndsBeforeItsFirstStep) {
  for (int i = 0; i < 3; ++i) media::write_file(directory_ / fmt::format("{}.mp4", i), "no video");
  for (const bool there : {false, true}) {
    const RunPaths paths(directory_ / (there ? "was_there" : "was_not"));
    if (there) real_files().create_directories(paths.directory);
    if (there) media::write_file(paths.directory / "notes.txt", "of the user");
    TrainRequest refused = request(paths.directory.filename(), real_files());
    refused.resume = false;
    EXPECT_THROW(train(refused), Error);
    EXPECT_FALSE(real_files().exists(paths.recipe()));
    EXPECT_EQ(real_files().exists(paths.directory), there);
    EXPECT_EQ(real_files().exists(paths.directory / "notes.txt"), there);
  }
}

// Patience is a function of the history, so a run that stopped early does not start again.
TEST_F(Trainer, ThatStoppedEarlyStaysStopped) {
  TrainRequest first = request("early", real_files());
  first.recipe.set_override("train.patience=1");
  first.recipe.set_override("train.epochs=50");
  first.recipe.set_override("train.learning_rate=0");
  const TrainOutcome stopped = train(first);
  ASSERT_TRUE(stopped.stopped_early);
  // The average of the weights does not move either, so the second epoch is no better than the first.
  ASSERT_EQ(stopped.history.epochs.size(), 2U);
  TrainRequest again = request("early", real_files());
  for (const char* change : {"train.patience=1", "train.epochs=50", "train.learning_rate=0"}) {
    again.recipe.set_override(change);
  }
  const TrainOutcome resumed = train(again);
  EXPECT_TRUE(resumed.stopped_early);
  EXPECT_EQ(resumed.history.epochs.size(), 2U);
  EXPECT_TRUE(resumed.model.weights == stopped.model.weights);
}

// Without validation the newest epoch is the best one, but not where its weights, finite as they are, give no answers.
TEST_F(Trainer, KeepsTheModelWhoseAnswersAreFinite) {
  media::write_file(directory_ / "list.csv", "path,label\n0.mp4,a\n1.mp4,b\n2.mp4,a\n");
  TrainRequest wanted = request("grown", real_files());
  for (const char* change : {"train.batch_size=3", "train.average_decay=0", "train.optimizer=sgd",
                             "train.schedule=step", "train.step_every=1", "train.step_factor=1e38"}) {
    wanted.recipe.set_override(change);
  }
  EXPECT_THAT([&] { train(wanted); },
              ThrowsMessage<Error>(AllOf(HasSubstr("an answer of the model is not a finite number at step 2 (epoch 2)"),
                                         HasSubstr("train.learning_rate"))));
  EXPECT_EQ(graph::load_model(wanted.paths.model().string(), real_files()).provenance.at("step"), "1");
}

}  // namespace
}  // namespace longtake::training
