// Storms end to end: models are trained on a few small sequences, measured, follow storms through a file, and say where
// they go from there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "cli/programs.h"
#include "fields/calendar.h"
#include "fields/netcdf_series.h"
#include "fields/netcdf_writer.h"
#include "graph/model_file.h"
#include "tasks/small_storms.h"
#include "tasks/storm_data.h"
#include "tasks/track.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
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
sigma_km = 250

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

// The forecaster with thresholds and distances under which it finds one storm in every map, and takes it for the one
// that is known.
std::string with_one_storm(const std::string& model, const std::string& path) {
  graph::Model sure = graph::load_model(model);
  tasks::TrackProtocol protocol = tasks::track_protocol_of(sure);
  protocol.thresholds = {1e-6};
  protocol.separation_km = protocol.link_km = 20000;
  tasks::set_track_protocol(protocol, sure);
  graph::save_model(sure, path);
  return path;
}

TEST_F(Storms, AForecasterGoesOnWithTheStormsOfAFileOfTracks) {
  EXPECT_EQ(tasks::storm_options_of(graph::load_model(path("forecaster/model.safetensors"))).sigma_km, 250);
  const std::string model = with_one_storm(path("forecaster/model.safetensors"), path("sure.safetensors"));
  const std::string tracks = path("storms/test/0.csv");
  const Outcome outcome = run({"predict", model, path("storms/test/0.nc"), "--tracks", tracks});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(lines_of(outcome.out),
              ElementsAre("storm_id,time,longitude,latitude,score", StartsWith("S,2020-09-03T00:00:00Z,"),
                          StartsWith("S,2020-09-03T06:00:00Z,"), StartsWith("S,2020-09-03T12:00:00Z,"),
                          StartsWith("S,2020-09-03T18:00:00Z,")));
  EXPECT_THAT(lines_of(run({"predict", model, path("storms/test/0.nc"), "--tracks", tracks, "--horizon", "1"}).out),
              SizeIs(2));
  const std::vector<std::string> known = lines_of(text_of("storms/test/0.csv"));
  ASSERT_EQ(known.size(), 9);
  std::string past;
  for (std::size_t i = 0; i < 5; ++i) past += known[i] + "\n";
  real_files().write_atomic(path("past.csv"), past);
  const auto forecast_at = [&](const std::string& file) {
    return run({"predict", model, path("storms/test/0.nc"), "--tracks", file, "--at", "2020-09-01T18:00:00Z"}).out;
  };
  EXPECT_THAT(lines_of(forecast_at(tracks)), Contains(StartsWith("S,2020-09-02T00:00:00Z,")));
  EXPECT_EQ(forecast_at(tracks), forecast_at(path("past.csv"))) << "what came later changes nothing";
}

TEST_F(Storms, AForecastOfStormsIsWrittenAsFiles) {
  const std::string model = with_one_storm(path("forecaster/model.safetensors"), path("sure.safetensors"));
  const Outcome outcome = run({"predict", model, path("storms/test/0.nc"), path("storms/test/1.nc"), "--tracks",
                               path("storms/test/0.csv"), "-o", path("ahead")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("test/1.nc: none of the storms"));
  for (const char* ending : {".csv", ".geojson", ".density.nc", ".png", ".mp4"}) {
    EXPECT_TRUE(std::filesystem::exists(path(fmt::format("ahead/0{}", ending)))) << ending;
  }
  EXPECT_EQ(text_of("ahead/0.csv"),
            run({"predict", model, path("storms/test/0.nc"), "--tracks", path("storms/test/0.csv")}).out);
  EXPECT_EQ(text_of("ahead/1.csv"), "storm_id,time,longitude,latitude,score\n");
  EXPECT_EQ(Json::parse(text_of("ahead/0.geojson")).at("features").at(0).at("properties").at("storm_id"), "S");
  const auto series = fields::open_netcdf(path("ahead/0.density.nc"), {.variable = "storm_density"});
  ASSERT_EQ(series->size(), 4);
  EXPECT_EQ(fields::format_time(series->times()[0]), "2020-09-03T00:00:00Z");
  EXPECT_EQ(series->read(3).grid.x.front(), -60);
}

TEST_F(Storms, WithoutStormsThereIsNoForecastOfThem) {
  real_files().write_atomic(path("calm.csv"), "storm_id,time,longitude,latitude,score\n");
  const Outcome outcome = run({"predict", path("forecaster"), path("storms/test/0.nc"), "--tracks", path("calm.csv")});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "storm_id,time,longitude,latitude,score\n");
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
  const std::string tracks = path("storms/test/0.csv");
  refused({"predict", path("forecaster"), file}, "--tracks FILE");
  refused({"predict", path("forecaster"), file, "--tracks", path("none.csv")}, "none.csv");
  refused({"predict", path("forecaster"), file, "--tracks", tracks, "--at", "2020-09-01T06:00:00Z"}, "sees 3 frames");
  refused({"predict", path("forecaster"), file, "--tracks", tracks, "--at", "soon"}, "soon");
  refused({"predict", path("tracker"), file, "--tracks", tracks}, "models that forecast storms");
  std::filesystem::create_directories(path("known"));
  std::filesystem::copy_file(tracks, path("known/0.csv"));
  refused({"predict", path("forecaster"), file, "--tracks", path("known/0.csv"), "-o", path("known")},
          "another folder");
  fields::Field metres = fields::empty_field(12, 16, "a test");
  metres.grid.kind = fields::GridKind::kProjected;
  for (std::int64_t x = 0; x < 16; ++x) metres.grid.x.push_back(1000.0 * static_cast<double>(x));
  for (std::int64_t y = 0; y < 12; ++y) metres.grid.y.push_back(-1000.0 * static_cast<double>(y));
  metres.quantity = "PSL";
  metres.unit = "Pa";
  metres.time = 0;
  fields::write_netcdf(real_files(), path("metres.nc"),
                       {.variables = {{metres}}, .reference_times = {}, .attributes = {}});
  refused({"predict", path("forecaster"), path("metres.nc"), "--tracks", tracks}, "longitudes and latitudes");
  refused({"stream", path("tracker"), file}, "predict");
  refused({"evaluate", path("tracker"), "--clip", "3"}, "--clip");
  refused({"evaluate", path("tracker"), "--data", path("storms/manifest.csv")}, "recipe");
  refused({"train", path("tracker.toml"), "--run", path("other"), "input.variables=[\"V850\"]"}, "U850");
  refused({"train", path("tracker.toml"), "--run", path("other"), "data.path=\"nowhere\""}, "nowhere/manifest.csv");
}

}  // namespace
}  // namespace longtake::test
