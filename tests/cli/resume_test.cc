// A training that is killed at any moment and resumed ends as if nothing had been: bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <random>
#include <thread>

#include "cli/programs.h"
#include "cli/runs.h"
#include "cli/small_world.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

struct Variant {
  const char* name;
  int kills;
  const char* train;  // of the recipe's [train]
};

// Every part of a checkpoint is needed by one of them.
constexpr Variant kVariants[] = {
    {"Adam", 10,
     "epochs = 10\ncheckpoint_steps = 3\naverage_decay = 0.9\nclip_norm = 1.0\nschedule = \"cosine\"\nwarmup_steps = "
     "5"},
    {"CarriedState", 5,
     "epochs = 12\ncheckpoint_steps = 2\naverage_decay = 0.8\ncarry_state = true\nbptt_window = 5\nbatch_size = 3\n"
     "optimizer = \"rmsprop\"\nepsilon = 1e-3\ncache_budget = 0\norder = \"balanced\"\nclass_weights = \"balanced\""},
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class Resume : public testing::TestWithParam<Variant> {
 protected:
  Resume() : directory_() {
    make_clips(path("clips"), 3, 1);
    std::string text = recipe_text(path("clips"));
    const auto replace = [&](const std::string& from, const std::string& to) {
      text.replace(text.find(from), from.size(), to);
    };
    replace("format = \"folders\"", "format = \"folders\"\nvalidation_share = 0.34");
    const std::size_t begin = text.find("[train]\n") + 8, end = text.find("\n\n", begin);
    text.replace(begin, end - begin, std::string("learning_rate = 2e-3\n") + defaults() + GetParam().train);
    media::write_file(path("recipe.toml"), text);
  }

  std::string path(const std::string& name) const { return directory_ / name; }
  std::vector<std::string> arguments(const std::string& run_directory) const {
    return train_arguments(path("recipe.toml"), path(run_directory), {"--resume"});
  }

 private:
  // What the variant does not say.
  static std::string defaults() {
    const std::string train = GetParam().train;
    return train.find("optimizer") == std::string::npos ? "optimizer = \"adam\"\nbatch_size = 4\n" : "";
  }

  TemporaryDirectory directory_;
};

TEST_P(Resume, AfterKillsAtRandomMomentsEndsBitwiseAsUnbroken) {
  const auto start = Clock::now();
  ASSERT_EQ(run(arguments("unbroken")).code, kDone);
  const auto unbroken_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
  const Learnt unbroken = learnt(path("unbroken"));

  std::mt19937 random(1);
  int kills = 0;
  for (int number = 0; kills < GetParam().kills; ++number) {
    const std::string directory = "killed" + std::to_string(number);
    Outcome outcome;
    int kills_of_this = 0;
    do {
      Process process(arguments(directory));
      if (kills < GetParam().kills) {
        // The moment of the kill is what the test draws; nothing waits for it.
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % static_cast<unsigned>(unbroken_ms)));
        process.signal(SIGKILL);
      }
      outcome = process.wait();
      if (outcome.signal == SIGKILL) ++kills, ++kills_of_this;
    } while (outcome.signal == SIGKILL);
    ASSERT_EQ(outcome.code, kDone) << "signal " << outcome.signal << "\n" << outcome.err;
    const Learnt resumed = learnt(path(directory));
    EXPECT_EQ(resumed.history, unbroken.history) << kills_of_this << " kills";
    EXPECT_EQ(resumed.batches, unbroken.batches) << kills_of_this << " kills";
    EXPECT_TRUE(resumed.model == unbroken.model) << kills_of_this << " kills";
    EXPECT_TRUE(resumed.checkpoint == unbroken.checkpoint) << kills_of_this << " kills";
  }
}

TEST_P(Resume, AfterASignalEndsBitwiseAsUnbroken) {
  ASSERT_EQ(run(arguments("unbroken")).code, kDone);
  const std::string directory = "stopped";
  for (const auto& [number, line] : {std::pair{SIGINT, "epoch   1 "}, std::pair{SIGTERM, "epoch   4 "}}) {
    Process process(arguments(directory));
    ASSERT_TRUE(process.says(line));
    process.signal(number);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.signal, 0);
    EXPECT_EQ(outcome.code, kFailed);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("interrupted after step"), HasSubstr("longtake train"),
                                   HasSubstr(path(directory)), HasSubstr("--resume")));
  }
  const Outcome outcome = run(arguments(directory));
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("resumed"));
  EXPECT_TRUE(learnt(path(directory)) == learnt(path("unbroken")));
  // A run that is over stays as it is.
  ASSERT_EQ(run(arguments(directory)).code, kDone);
  EXPECT_TRUE(learnt(path(directory)) == learnt(path("unbroken")));
}

INSTANTIATE_TEST_SUITE_P(Variants, Resume, testing::ValuesIn(kVariants),
                         [](const auto& variant) { return std::string(variant.param.name); });

}  // namespace
}  // namespace longtake::test
