// Storms end to end: a model is trained on a few small sequences, measured, and follows storms through a file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "cli/programs.h"
#include "tasks/small_storms.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

constexpr const char* kTracker = R"([model]
name = "storm_tracker"
hidden = [2, 1]

[input]
kind = "fields"
variables = ["PSL"]
height = 12
width = 16

[data]
format = "storms"
path = "{0}/storms"

[track]
threshold = 0.01

[train]
epochs = 1
batch_size = 2
clip_frames = 3
optimizer = "adam"
)";

constexpr const char* kForecaster = R"([model]
name = "storm_forecaster"
hidden = [2]
seen = 3
forecast = 4

[input]
kind = "fields"
variables = ["density"]
height = 12
width = 16

[data]
format = "storms"
path = "{0}/storms"

[train]
epochs = 1
batch_size = 2
optimizer = "adam"
)";

class Storms : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryDirectory>();
    write_small_storms(folder_->path() / "storms");
    for (const auto& [name, recipe] : {std::pair{"tracker", kTracker}, std::pair{"forecaster", kForecaster}}) {
      real_files().write_atomic(path(fmt::format("{}.toml", name)),
                                fmt::format(fmt::runtime(recipe), folder_->path().string()));
      const Outcome trained = run({"train", path(fmt::format("{}.toml", name)), "--run", path(name), "--threads", "1"});
      ASSERT_EQ(trained.code, kDone) << trained.err;
    }
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string path(const std::string& name) { return (folder_->path() / name).string(); }
  static std::string text_of(const std::string& name) { return real_files().read(path(name)); }

 private:
  static inline std::unique_ptr<TemporaryDirectory> folder_;
};

TEST_F(Storms, ATrackerIsMeasured) {
  const Outcome text = run({"evaluate", path("tracker"), "--threads", "1"});
  ASSERT_EQ(text.code, kDone) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("POD"), HasSubstr("error of centres, km"), HasSubstr("error of density")));
  EXPECT_THAT(text.out, testing::Not(HasSubstr("nan")));
  const Outcome outcome = run({"evaluate", path("tracker"), "--json", "--save", "--split", "validation"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("frames"), 16);
  const Json& scores = json.at("methods").at(0).at("leads").at(0);
  EXPECT_EQ(scores.at("hits").get<int>() + scores.at("misses").get<int>(), 16) << "a storm in each frame";
  EXPECT_EQ(Json::parse(text_of("tracker/evaluations/validation.json")), json);
}

TEST_F(Storms, AForecasterIsMeasuredBesideTheExtrapolationOfTracks) {
  const Outcome outcome = run({"evaluate", path("forecaster"), "--json"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json.at("methods").size(), 2);
  const Json& moved = json.at("methods").at(1);
  EXPECT_EQ(moved.at("name"), "extrapolation of tracks");
  ASSERT_EQ(moved.at("leads").size(), 4);
  EXPECT_EQ(moved.at("leads").at(3).at("lead_s"), 86400);
  EXPECT_LT(moved.at("leads").at(3).at("error_km").get<double>(), 1) << "these storms keep their speed";
  EXPECT_THAT(run({"evaluate", path("forecaster")}).out,
              AllOf(HasSubstr("24 h"), HasSubstr("extrapolation of tracks")));
}

TEST_F(Storms, ATrackerFollowsStormsThroughFiles) {
  const Outcome outcome =
      run({"predict", path("tracker"), path("storms/test/0.nc"), path("storms/test/1.nc"), "-o", path("out")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  for (const char* name : {"0", "1"}) {
    for (const char* ending : {".csv", ".geojson", ".density.nc", ".png", ".mp4"}) {
      EXPECT_TRUE(std::filesystem::exists(path(fmt::format("out/{}{}", name, ending)))) << name << ending;
    }
  }
  EXPECT_THAT(text_of("out/0.csv"), StartsWith("storm_id,time,longitude,latitude,score\n"));
  EXPECT_EQ(Json::parse(text_of("out/0.geojson")).at("type"), "FeatureCollection");
  const Outcome alone = run({"predict", path("tracker"), path("storms/test/0.nc")});
  ASSERT_EQ(alone.code, kDone) << alone.err;
  EXPECT_EQ(alone.out, text_of("out/0.csv"));
}

TEST_F(Storms, WhatIsBadIsRefusedWithWhatWouldBeRight) {
  const auto refused = [](const std::vector<std::string>& words, const std::string& why) {
    const Outcome outcome = run(words);
    EXPECT_NE(outcome.code, kDone);
    EXPECT_THAT(outcome.err, HasSubstr(why));
  };
  const std::string file = path("storms/test/0.nc");
  refused({"predict", path("tracker"), file, "-o", path("storms/test")}, "another folder");
  refused({"predict", path("tracker"), file, path("storms/test/1.nc")}, "--output");
  refused({"predict", path("tracker"), file, path("storms/train/0.nc"), "-o", path("out2")}, "called 0");
  refused({"predict", path("tracker"), path("storms/test/0.csv")}, "0.csv");
  refused({"predict", path("forecaster"), file}, "evaluate");
  refused({"stream", path("tracker"), file}, "predict");
  refused({"evaluate", path("tracker"), "--clip", "3"}, "--clip");
  refused({"evaluate", path("tracker"), "--data", path("storms/manifest.csv")}, "recipe");
  refused({"train", path("tracker.toml"), "--run", path("other"), "input.variables=[\"V850\"]"}, "U850");
  refused({"train", path("tracker.toml"), "--run", path("other"), "data.path=\"nowhere\""}, "nowhere/manifest.csv");
}

}  // namespace
}  // namespace longtake::test
