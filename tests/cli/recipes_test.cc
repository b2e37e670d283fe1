// The recipes at the papers' sizes: their parameters as published or counted by hand, and that they train.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/programs.h"
#include "cli/runs.h"
#include "cli/small_world.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using media::write_file;

struct Paper {
  const char* recipe;
  std::map<std::string, std::int64_t> counts;  // learnable numbers of the layers whose names begin so
  std::vector<std::string> graphs{};           // that are inspected; none: the model's first
};

constexpr std::int64_t linear(std::int64_t in, std::int64_t out) { return in * out + out; }
constexpr std::int64_t lstm(std::int64_t in, std::int64_t size, bool peepholes) {
  return 4 * size * (in + size) + 4 * size + (peepholes ? 3 * size : 0);
}

const std::map<std::string, std::int64_t> kPooled{
    {"fc6", linear(256 * 6 * 6, 4096)}, {"fc7", linear(4096, 4096)}, {"classifier", linear(4096, 487)}};
const std::map<std::string, std::int64_t> kDeepLstm{{"lstm1", lstm(4096, 512, true)},
                                                    {"lstm", lstm(4096, 512, true) + 4 * lstm(512, 512, true)},
                                                    {"classifier", linear(512, 487)}};

const std::vector<Paper> kPapers{
    {"paper/conv_pooling", kPooled},
    {"paper/late_pooling", kPooled},
    {"paper/slow_pooling", kPooled},
    {"paper/local_pooling",
     {{"fc6", linear(256 * 6 * 6, 4096)}, {"fc7", linear(4096, 4096)}, {"classifier", linear(23 * 4096, 487)}}},
    {"paper/time_domain_conv",
     {{"time_conv", linear(10 * 256 * 3 * 3, 256)}, {"fc6", linear(256 * 6 * 6, 4096)}, {"fc7", linear(4096, 4096)}}},
    {"paper/deep_lstm", kDeepLstm},
    {"paper/deep_lstm_flow", kDeepLstm},
    {"paper/fc_lstm", {{"lstm1", lstm(4096, 2048, true)}, {"lstm2", lstm(2048, 2048, true)}}},
    {"paper/gru_rcn", {{"gru", 19353600}}},  // specs 7.1
    {"paper/visual_attention",
     {{"attention", linear(512, 49)}, {"lstm1", lstm(1024, 512, false)}, {"init_", 6 * linear(1024, 512)}}},
    {"paper/multi_lstm", {{"lstm", lstm(4096, 512, false)}, {"classifier", linear(512, 15 * 65)}}},
    {"paper/moving_digits_convlstm", {{"", 7585296}, {"output", linear(256, 16)}}, {"encode", "forecast"}},
    {"lrcn_ucf101", {{"lstm1", 4457472}, {"classifier", 25957}}},
    {"lrcn_ucf101_flow", {{"lstm1", 4457472}, {"classifier", 25957}}},
};

std::string recipe_file(const Paper& paper) { return fmt::format("{}/{}.toml", LONGTAKE_RECIPES, paper.recipe); }

class PaperRecipe : public testing::TestWithParam<Paper> {};

TEST_P(PaperRecipe, HasItsParameterCounts) {
  Json layers;
  for (const std::string& graph : GetParam().graphs.empty() ? std::vector<std::string>{""} : GetParam().graphs) {
    std::vector<std::string> arguments{"inspect", recipe_file(GetParam()), "--json"};
    if (!graph.empty()) arguments.insert(arguments.end(), {"--graph", graph});
    const Outcome inspected = run(arguments);
    ASSERT_EQ(inspected.code, kDone) << inspected.err;
    layers.update(Json::parse(inspected.out)["parameters_by_layer"]);
  }
  for (const auto& [prefix, expected] : GetParam().counts) {
    std::int64_t count = 0;
    for (const auto& [layer, parameters] : layers.items()) {
      if (layer.starts_with(prefix)) count += parameters.get<std::int64_t>();
    }
    EXPECT_EQ(count, expected) << prefix;
  }
}

#ifdef LONGTAKE_WITH_TRAINING

// Small videos where each recipe looks for its own.
class PaperTraining : public PaperRecipe {
 protected:
  static void SetUpTestSuite() {
    if (std::getenv("LONGTAKE_LARGE") == nullptr) return;
    directory_ = std::make_unique<TemporaryDirectory>();
    const auto made = [](const Outcome& outcome) { ASSERT_EQ(outcome.code, kDone) << outcome.err; };
    made(run({"data", "make", "motions", (*directory_ / "motions").string(), "--size", "64", "--frames", "24",
              "--train", "1", "--test", "1"}));
    made(run({"data", "make", "activities", (*directory_ / "activities").string(), "--train", "2", "--validation", "1",
              "--test", "1", "--shortest", "10", "--longest", "11"}));
    make_ucf101();
    // Ten sprites, as many squares.
    write_file(*directory_ / "sprites.idx",
               std::string("\0\0\x08\x03\0\0\0\x0a\0\0\0\x1c\0\0\0\x1c", 16) + std::string(10 * 28 * 28, '\xc0'));
    made(run({"data", "make", "moving_digits", (*directory_ / "moving_digits").string(), "--sprites",
              (*directory_ / "sprites.idx").string(), "--train", "8", "--validation", "1", "--test", "1"}));
    const fs::path clips = *directory_ / "motions/train";
    for (const auto& motion : fs::directory_iterator(clips)) {
      fs::create_directories(*directory_ / "ucf11" / motion.path().filename());
      fs::copy(motion.path() / "0000.mp4", *directory_ / "ucf11" / motion.path().filename() / "v_x_01_01.mp4");
    }
    fs::copy(*directory_ / "activities/multithumos", *directory_ / "multithumos", fs::copy_options::recursive);
    fs::copy(*directory_ / "activities/videos", *directory_ / "multithumos/videos", fs::copy_options::recursive);
    for (const auto& [variable, folder] :
         {std::pair{"SPORTS1M", "motions"}, std::pair{"UCF101", "ucf101"}, std::pair{"UCF11", "ucf11"},
          std::pair{"MULTITHUMOS", "multithumos"}, std::pair{"MOVING_DIGITS", "moving_digits"}}) {
      ::setenv(variable, (*directory_ / folder).c_str(), 1);
    }
  }
  static void TearDownTestSuite() { directory_.reset(); }

  static void make_ucf101() {
    std::string classes, list, tested;
    int number = 0;
    for (const auto& motion : fs::directory_iterator(*directory_ / "motions/train")) {
      const std::string name = motion.path().filename();
      const std::string video = fmt::format("{0}/v_{0}_g01_c01", name);
      for (const char* folder : {"UCF-101", "UCF-101-flow"}) {
        fs::create_directories(*directory_ / "ucf101" / folder / name);
        const bool flow = folder == std::string("UCF-101-flow");
        fs::copy(motion.path() / "0000.mp4", *directory_ / "ucf101" / folder / (video + (flow ? ".mp4" : ".avi")));
      }
      classes += fmt::format("{} {}\n", ++number, name);
      list += fmt::format("{}.avi {}\n", video, number);
      tested += fmt::format("{}_again.avi\n", video);
    }
    fs::create_directories(*directory_ / "ucf101/ucfTrainTestlist");
    write_file(*directory_ / "ucf101/ucfTrainTestlist/classInd.txt", classes);
    write_file(*directory_ / "ucf101/ucfTrainTestlist/trainlist01.txt", list);
    write_file(*directory_ / "ucf101/ucfTrainTestlist/testlist01.txt", tested);
  }

  static inline std::unique_ptr<TemporaryDirectory> directory_;
};

TEST_P(PaperTraining, TrainsForAFewSteps) {
  if (std::getenv("LONGTAKE_LARGE") == nullptr) {
    GTEST_SKIP() << "trains nets of hundreds of megabytes for minutes: LONGTAKE_LARGE=1 does";
  }
  const Paper& paper = GetParam();
  std::vector<std::string> overrides{"train.epochs=1", "train.batch_size=4"};
  const bool windows = paper.recipe == std::string("paper/multi_lstm") || !paper.graphs.empty();
  if (!windows) overrides.emplace_back("train.clip_frames=2");
  if (paper.recipe == std::string("paper/multi_lstm")) overrides.emplace_back("train.bptt_window=4");
  if (paper.recipe == std::string("paper/visual_attention")) {
    overrides.emplace_back("data.train_groups=[\"01\"]");
    overrides.emplace_back("data.test_groups=[]");
  }
  if (paper.recipe == std::string("paper/fc_lstm")) {
    overrides.push_back("data.path=\"" + (*directory_ / "motions").string() + "\"");
  }
  const std::string directory = *directory_ / "run";
  const Outcome trained = run(train_arguments(recipe_file(paper), directory, overrides));
  EXPECT_EQ(trained.code, kDone) << trained.err;
  EXPECT_TRUE(fs::exists(directory + "/model.safetensors"));
  fs::remove_all(directory);
}

#endif

std::string name_of(const testing::TestParamInfo<Paper>& info) {
  const std::string recipe = info.param.recipe;
  return recipe.substr(recipe.find('/') + 1);
}

INSTANTIATE_TEST_SUITE_P(Recipes, PaperRecipe, testing::ValuesIn(kPapers), name_of);
#ifdef LONGTAKE_WITH_TRAINING
INSTANTIATE_TEST_SUITE_P(Recipes, PaperTraining, testing::ValuesIn(kPapers), name_of);
#endif

}  // namespace
}  // namespace longtake::test
