// Sequences of storms: what is read of them, what the training data says of the input, and what is refused.
#include "tasks/storm_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"
#include "tasks/forecast_data.h"
#include "tasks/small_storms.h"

namespace longtake::tasks {
namespace {

using test::SmallStorms;
using test::write_small_storms;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class StormDataTest : public testing::Test {
 protected:
  InputSpec input(const std::string& text) const {
    return read_storm_input(parse_toml(text + "\nheight = 12\nwidth = 16\n", "recipe.toml"));
  }

  StormData open(const std::string& text = R"(variables = ["PSL"])", const std::string& more = "") const {
    const Options data =
        parse_toml("format = \"storms\"\npath = \"" + folder_.path().string() + "\"\n" + more, "recipe.toml");
    return read_storm_data(data, input(text))(real_files());
  }

  void replace(const std::string& file, const std::string& from, const std::string& to) const {
    std::string text = real_files().read(folder_.path() / file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    real_files().write_atomic(folder_.path() / file, text.replace(at, from.size(), to));
  }

  TemporaryDirectory folder_;
};

TEST_F(StormDataTest, UnitsRangesAndStepComeFromTheTrainingDataAlone) {
  write_small_storms(folder_.path());
  const StormData data = open(R"(variables = ["density", "PSL"])");
  ASSERT_EQ(data.input.fields.size(), 2);
  EXPECT_EQ(data.input.fields[0], (FieldChannel{"density", "1", 0, 1}));
  EXPECT_EQ(data.input.fields[1].unit, "Pa");
  EXPECT_NEAR(data.input.fields[1].low, 98000, 5);  // a storm right on a cell's centre
  EXPECT_NEAR(data.input.fields[1].high, 101000, 0.1);
  EXPECT_EQ(data.input.step_s, 21600);
  EXPECT_EQ(data.train->size(), 4);
  EXPECT_EQ(data.test->frames(0), 8);
}

TEST_F(StormDataTest, RangesOfTheRecipeStay) {
  write_small_storms(folder_.path());
  const StormData data = open("variables = [\"PSL\"]\nunits = [\"hPa\"]\nlow = [900]\nhigh = [1100]");
  EXPECT_EQ(data.input.fields[0], (FieldChannel{"PSL", "hPa", 900, 1100}));
  const auto sequence = data.test->read(0);
  EXPECT_NEAR(sequence->frames.data<float>()[0], 0.55, 1e-5);  // 1010 hPa far from the storm
}

TEST_F(StormDataTest, FramesAndDensitiesAreOfTheSameTimes) {
  write_small_storms(folder_.path());
  const auto sequence = open(R"(variables = ["density", "PSL"])").test->read(0);
  const std::int64_t area = 12 * 16;
  ASSERT_EQ(sequence->frames.shape(), (Shape{8, 2, 12, 16}));
  const auto frames = sequence->frames.data<float>(), density = sequence->density.data<float>();
  for (std::int64_t frame = 0; frame < 8; ++frame) {
    // The storm begins at 36 W 24 N, row 8 and column 12, and goes west by a cell and north by half a cell.
    const std::int64_t row = 8 - (frame + 1) / 2, column = 12 - frame, at = row * 16 + column;
    EXPECT_GT(density[frame * area + at], 0.8) << frame;
    EXPECT_EQ(frames[frame * 2 * area + at], density[frame * area + at]);
    EXPECT_LT(frames[(frame * 2 + 1) * area + at], 0.2)
        << "pressure is low in the middle of the storm, frame " << frame;
  }
  const auto storms = storms_on_map(*sequence, sequence->times[2]);
  ASSERT_EQ(storms.size(), 1);
  EXPECT_NEAR(storms[0].centre.row, 7, 1e-6);
  EXPECT_NEAR(storms[0].centre.column, 10, 1e-6);
}

TEST_F(StormDataTest, WindowsOfTrainingBeginAnywhereAndThoseOfTestsFollowEachOther) {
  write_small_storms(folder_.path());
  const StormData data = open(R"(variables = ["PSL"])", "repeats = 3\n");
  const WindowShape shape{.seen = 2, .forecast = 1, .extrapolation = {}};
  const auto tests = storm_windows(data.test, data, shape, false), train = storm_windows(data.train, data, shape, true);
  EXPECT_EQ(tests->size(), 4);   // of eight frames two windows of three, twice
  EXPECT_EQ(train->size(), 12);  // each of four, three times
  EXPECT_EQ(tests->read(1, nullptr).frames, storm_window(*data.test->read(0), 3, shape).frames);
  std::set<std::string> starts;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    starts.insert(train->read(5, &random).id);
  }
  EXPECT_EQ(starts.size(), 6);
}

TEST_F(StormDataTest, WindowsOfTrainingAreCutAroundStorms) {
  write_small_storms(folder_.path());
  const auto open_cut = [&](const std::string& share) {
    const Options data = parse_toml("format = \"storms\"\npath = \"" + folder_.path().string() + "\"\n" + share, "");
    return read_storm_data(
        data, read_storm_input(parse_toml("variables = [\"PSL\"]\nheight = 5\nwidth = 5", "")))(real_files());
  };
  const auto with_storm = [&](const std::string& share) {
    const StormData data = open_cut(share);
    const auto windows = storm_windows(data.train, data, {.seen = 1, .forecast = 0, .extrapolation = {}}, true);
    int count = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      Random random(seed);
      const Window window = windows->read(static_cast<std::int64_t>(seed % 4), &random);
      EXPECT_EQ(window.frames.shape(), (Shape{1, 1, 5, 5}));
      EXPECT_EQ(window.targets.shape(), (Shape{1, 1, 5, 5}));
      const auto density = window.targets.data<float>();
      count += *std::max_element(density.begin(), density.end()) > 0.8 ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(with_storm("storm_share = 1.0"), 100);
  EXPECT_LT(with_storm("storm_share = 0.0"), 60);
}

TEST_F(StormDataTest, StormsThatKeepTheirSpeedAreWhereTheirDensityMovesOnTo) {
  write_small_storms(folder_.path());
  const auto sequence = open().test->read(0);
  const Window window = storm_window(*sequence, 1, {.seen = 3, .forecast = 2, .advected = true, .extrapolation = {}});
  const std::int64_t area = 12 * 16;
  ASSERT_EQ(window.advected.shape(), (Shape{2, 2, 12, 16}));
  for (std::int64_t lead = 0; lead < 2; ++lead) {
    for (std::int64_t i = 0; i < area; ++i) {
      const float came = window.targets.data<float>()[(3 + lead) * area + i];
      ASSERT_NEAR(window.advected.data<float>()[lead * 2 * area + i], came, 1e-5) << lead << ", " << i;
      ASSERT_EQ(window.advected.data<float>()[(lead * 2 + 1) * area + i], 1);
    }
  }
}

TEST_F(StormDataTest, WhatDensitiesAreLikeTravelsInTheModel) {
  graph::Model model;
  EXPECT_EQ(storm_options_of(model).sigma_km, 200) << "of files that do not say";
  set_storm_options(read_storm_options(parse_toml("sigma_km = 150\ngrid_variable = \"TS\"", "recipe.toml")), model);
  EXPECT_EQ(storm_options_of(model).sigma_km, 150);
  EXPECT_EQ(storm_options_of(model).grid_variable, "TS");
  model.protocol.at("density_sigma_km") = "-3";
  EXPECT_THAT([&] { storm_options_of(model); }, ThrowsMessage<BadData>(HasSubstr("density_sigma_km = -3")));
}

TEST_F(StormDataTest, PlacesOnAGridAreInRowsAndColumns) {
  fields::Field like = fields::empty_field(3, 4, "a test");
  like.grid.kind = fields::GridKind::kGeographic;
  like.grid.x = {350, 352, 354, 356};
  like.grid.y = {20, 10, 0};
  const auto at = [&](double longitude, double latitude) { return place_on(like, {longitude, latitude}); };
  ASSERT_TRUE(at(-7, 15));
  EXPECT_DOUBLE_EQ(at(-7, 15)->row, 0.5);
  EXPECT_DOUBLE_EQ(at(-7, 15)->column, 1.5);
  EXPECT_TRUE(at(349.1, 24.9));
  EXPECT_FALSE(at(348.9, 20));
  EXPECT_FALSE(at(-2.9, 20));
  EXPECT_FALSE(at(-7, 25.1));
  EXPECT_FALSE(at(-7, -5.1));
}

TEST_F(StormDataTest, AVariableThatIsNotThereIsAnsweredWithThoseThatAre) {
  write_small_storms(folder_.path());
  EXPECT_THAT([&] { open(R"(variables = ["PSL", "V850"])"); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("V850"), HasSubstr("PSL"), HasSubstr("U850"))));
}

TEST_F(StormDataTest, AVariableWithoutARangeIsRefused) {
  write_small_storms(folder_.path());
  EXPECT_THAT([&] { open(R"(variables = ["U850"])"); },
              ThrowsMessage<BadData>(AllOf(HasSubstr("'U850'"), HasSubstr("low and high"))));
}

TEST_F(StormDataTest, GridsOfAnotherSizeAreRefused) {
  write_small_storms(folder_.path());
  TemporaryDirectory other;
  write_small_storms(other.path(), {.height = 10});
  std::filesystem::copy(other.path() / "test/1.nc", folder_.path() / "test/1.nc",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT([&] { open(); },
              ThrowsMessage<BadData>(AllOf(HasSubstr("test/1.nc"), HasSubstr("10 x 16"), HasSubstr("12 x 16"))));
}

TEST_F(StormDataTest, TracksThatAreMissingAreToldWithTheLineOfTheManifest) {
  write_small_storms(folder_.path());
  std::filesystem::remove(folder_.path() / "train/2.csv");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<BadData>(AllOf(HasSubstr("manifest.csv:4"), HasSubstr("train/2.csv"))));
}

TEST_F(StormDataTest, AManifestThatIsNoneIsRefused) {
  write_small_storms(folder_.path());
  replace("manifest.csv", "train,train/1", "tests,train/1");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<BadData>(AllOf(HasSubstr("manifest.csv:3"), HasSubstr("\"tests\""))));
  replace("manifest.csv", "split,fields,tracks", "split,fields,paths");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<BadData>(AllOf(HasSubstr("\"tracks\""), HasSubstr("paths"))));
  real_files().write_atomic(folder_.path() / "manifest.csv", "split,fields,tracks\n");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<BadData>(HasSubstr("lists no sequence")));
}

TEST_F(StormDataTest, FramesAtAnotherStepAreRefused) {
  write_small_storms(folder_.path());
  EXPECT_THAT([&] { open("variables = [\"PSL\"]\nstep_hours = 3"); },
              ThrowsMessage<BadData>(AllOf(HasSubstr("2020-09-01T06:00:00Z"), HasSubstr("3 hours apart"))));
}

TEST(StormInput, WhatMakesNoSenseIsRefused) {
  const auto read = [](const std::string& text) {
    return [text] { read_storm_input(parse_toml(text, "recipe.toml")); };
  };
  EXPECT_THAT(read("variables = []"), ThrowsMessage<ConfigError>(HasSubstr("variables")));
  EXPECT_THAT(read(R"(variables = ["PSL", "PSL"])"), ThrowsMessage<ConfigError>(HasSubstr("twice")));
  EXPECT_THAT(read("variables = [\"PSL\"]\nlow = [1]"), ThrowsMessage<ConfigError>(HasSubstr("together")));
  EXPECT_THAT(read("variables = [\"PSL\"]\nlow = [2]\nhigh = [1]"), ThrowsMessage<ConfigError>(HasSubstr("below")));
  EXPECT_THAT(read("variables = [\"PSL\"]\nunits = []"), ThrowsMessage<ConfigError>(HasSubstr("units")));
}

}  // namespace
}  // namespace longtake::tasks
