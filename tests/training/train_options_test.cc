// [train] and [augment] of a recipe: what they mean, and what is refused.
#include "training/train_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "longtake/error.h"

namespace longtake::training {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TrainOptions read(const std::string& train, const std::string& augment = "", std::int64_t items = 100) {
  const Options recipe = parse_toml("[train]\n" + train + "\n[augment]\n" + augment, "r.toml");
  TrainOptions options = read_train_options(recipe.table("train"), recipe.table("augment"));
  set_total_steps(options, items);
  return options;
}

TEST(TrainOptions, TurnEpochsIntoSteps) {
  EXPECT_EQ(read("epochs = 3\nbatch_size = 16").learning_rate.total, 21);  // 7 batches of at most 16 hold 100 items
  EXPECT_EQ(read("epochs = 1\nbatch_size = 100\nwarmup_steps = 50").learning_rate.total, 51);
}

TEST(TrainOptions, ReadEveryChoice) {
  const TrainOptions options = read(
      "optimizer = \"rmsprop\"\nschedule = \"step\"\norder = \"balanced\"\nframe_gain = \"last\"\n"
      "class_weights = \"balanced\"\ncarry_state = true\nbptt_window = 8\nlearning_rate = 1",
      "mirror = false\nzoom = 0.5");
  EXPECT_EQ(options.optimizer.kind, OptimizerKind::kRmsProp);
  EXPECT_EQ(options.learning_rate.policy, LearningRatePolicy::kStep);
  EXPECT_EQ(options.learning_rate.base, 1.0);  // a whole number is a number too
  EXPECT_EQ(options.order, SampleOrder::kBalanced);
  EXPECT_EQ(options.gain, tasks::FrameGain::kLast);
  EXPECT_TRUE(options.class_weights);
  EXPECT_FALSE(options.augmentation.mirror);
  EXPECT_EQ(options.augmentation.zoom, 0.5);
}

TEST(TrainOptions, NameFileLineAndKeyOfWhatIsRefused) {
  for (const auto& [text, key, reason] : std::vector<std::array<const char*, 3>>{
           {"epochs = 0", "train.epochs", "at least 1"},
           {"epochs = 9223372036854775807", "train.epochs", "at most 2147483648"},
           {"batch_size = 9223372036854775807", "train.batch_size", "at most 65536"},
           {"batch_size = \"16\"", "train.batch_size", "whole number"},
           {"learning_rate = -1.0", "train.learning_rate", "at least 0"},
           {"learning_rate = nan", "train.learning_rate", "must be a number"},
           {"learning_rate = 1e39", "train.learning_rate", "at most 3.4"},
           {"learning_rate = inf", "train.learning_rate", "at most 3.4"},
           {"final_learning_rate = 1e39", "train.final_learning_rate", "at most 3.4"},
           {"step_factor = 1e39", "train.step_factor", "at most 3.4"},
           {"momentum = 1.0", "train.momentum", "below 1"},
           {"average_decay = 1", "train.average_decay", "below 1"},
           {"optimizer = \"adamm\"", "train.optimizer", "adam"},
           {"schedule = \"cosinus\"", "train.schedule", "cosine"},
           {"order = \"balance\"", "train.order", "balanced"},
           {"frame_gain = \"first\"", "train.frame_gain", "uniform"},
           {"class_weights = true", "train.class_weights", "text"},
           {"memory_budget = 0", "train.memory_budget", "at least 1"},
           {"carry_state = true", "train.carry_state", "bptt_window"},
           {"carry_state = true\nbptt_window = 4\nclip_frames = 8", "train.clip_frames", "0 with carry_state"}}) {
    const auto reading = [text = text] { read(text); };
    EXPECT_THAT(reading, ThrowsMessage<ConfigError>(AllOf(HasSubstr("r.toml:"), HasSubstr(key), HasSubstr(reason))))
        << text;
  }
}

// 300 items in batches of 100 are 3 steps an epoch.
TEST(TrainOptions, RefuseAScheduleThatLeavesFloat32) {
  const std::string schedule =
      "schedule = \"step\"\nstep_every = 3\nstep_factor = 1e20\nlearning_rate = 1\nbatch_size = 100\n";
  EXPECT_NO_THROW(read(schedule + "epochs = 2", "", 300));
  const auto reading = [&] { read(schedule + "epochs = 3", "", 300); };
  EXPECT_THAT(reading, ThrowsMessage<ConfigError>(AllOf(HasSubstr("train.step_factor 1e+20"), HasSubstr("at step 9"))));
}

}  // namespace
}  // namespace longtake::training
