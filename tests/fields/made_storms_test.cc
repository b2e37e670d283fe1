// The generated set, over a small background made here.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "fields/calendar.h"
#include "fields/made_files.h"
#include "fields/netcdf_series.h"
#include "fields/storm_background.h"
#include "fields/storm_scene.h"
#include "fields/storms.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using namespace test;

constexpr std::size_t kTimes = 9;
constexpr std::size_t kRows = 5;
constexpr std::size_t kColumns = 16;  // of which 14 repeat

// Numbers at (time, row from the south, column); -9999 is missing.
using Numbers = std::function<double(std::size_t, std::size_t, std::size_t)>;

void write_analysis(const std::filesystem::path& path, const std::string& variable, const Numbers& numbers,
                    std::size_t columns = kColumns) {
  MadeNetcdf file;
  file.dimensions = {{"timestep", kTimes}, {"lat", kRows}, {"lon", columns}};
  MadeVariable times{"timestep", 'i', {"timestep"}, {}, {}};
  MadeVariable latitudes{"lat", 'f', {"lat"}, {}, {}};
  MadeVariable longitudes{"lon", 'f', {"lon"}, {}, {}};
  MadeVariable values{variable, 'f', {"timestep", "lat", "lon"}, {}, {{"_FillValue", -9999.0F}}};
  for (std::size_t t = 0; t < kTimes; ++t) times.values.push_back(6.0 * static_cast<double>(t));
  for (std::size_t y = 0; y < kRows; ++y) latitudes.values.push_back(20 + 10.0 * static_cast<double>(y));
  for (std::size_t x = 0; x < columns; ++x) longitudes.values.push_back(-140 + 5.0 * static_cast<double>(x));
  for (std::size_t t = 0; t < kTimes; ++t) {
    for (std::size_t y = 0; y < kRows; ++y) {
      for (std::size_t x = 0; x < columns; ++x) values.values.push_back(numbers(t, y, x));
    }
  }
  file.variables = {times, latitudes, longitudes, values};
  write_netcdf(path, file);
}

double nothing(std::size_t, std::size_t, std::size_t) { return 0; }

void write_background(const std::filesystem::path& folder, const Numbers& pressure = nothing,
                      const Numbers& north = nothing) {
  std::filesystem::create_directories(folder);
  write_analysis(folder / "Pstorm.cdf", "p", pressure);
  write_analysis(folder / "Tstorm.cdf", "t", nothing);
  write_analysis(folder / "Ustorm.cdf", "u", nothing);
  write_analysis(folder / "Vstorm.cdf", "v", north);
}

// Four storms in each of six years, two of them at a time, that go west and then north for five days.
std::string made_tracks() {
  std::string text = "storm_id,time,longitude,latitude\n";
  for (int year = 2000; year < 2006; ++year) {
    for (int storm = 0; storm < 4; ++storm) {
      const std::int64_t start = utc_seconds(year, 8 + storm / 2, 1, 0, 0, "");
      for (int i = 0; i < 20; ++i) {
        text += fmt::format("{}-{},{},{},{}\n", year, storm, format_time(start + 21600 * i),
                            -30 - 25 * (storm % 2) - 0.8 * i, 12 + 0.04 * i * i);
      }
    }
  }
  return text;
}

class MadeStorms : public testing::Test {
 protected:
  MadeStorms() {
    write_background(folder_ / "background");
    write_bytes(folder_ / "tracks.csv", made_tracks());
    options_ = {.train = 4, .validation = 1, .test = 2, .frames = 6, .west = -80, .east = -20, .south = 5, .north = 45};
    options_.spacing = 2;
    options_.calm = 0;
  }
  void make(const std::string& name, int threads = 2) {
    ThreadPool pool(threads);
    make_storms(real_files(), folder_ / "tracks.csv", folder_ / "background", folder_ / name, options_, pool);
  }
  void expect_refused(const std::string& reason) {
    EXPECT_THAT([&] { make("refused"); }, ThrowsMessage<InvalidArgument>(HasSubstr(reason)));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "refused"));
  }
  std::vector<Track> truth(const std::string& stem) { return read_tracks(real_files(), folder_ / (stem + ".csv")); }

  TemporaryDirectory folder_;
  StormsOptions options_;
};

TEST_F(MadeStorms, HaveTheSameBytesForTheSameSeedAndOtherThreads) {
  make("a", 1);
  make("b", 3);
  for (const char* name : {"storms.json", "manifest.csv", "train/0003.nc", "train/0003.csv", "test/0001.nc"}) {
    EXPECT_EQ(read_bytes(folder_ / "a" / name), read_bytes(folder_ / "b" / name)) << name;
  }
  options_.seed = 2;
  make("c");
  EXPECT_NE(read_bytes(folder_ / "a/train/0000.nc"), read_bytes(folder_ / "c/train/0000.nc"));
}

TEST_F(MadeStorms, NoTrackIsInTwoSplits) {
  options_.train = 12;
  make("set");
  std::map<std::string, std::set<std::string>> years;
  for (const auto& [split, count] : {std::pair("train", 12), std::pair("validation", 1), std::pair("test", 2)}) {
    for (int i = 0; i < count; ++i) {
      const std::vector<Track> tracks = truth(fmt::format("set/{}/{:04d}", split, i));
      EXPECT_FALSE(tracks.empty());
      for (const Track& track : tracks) years[track.id.substr(0, 4)].insert(split);
    }
  }
  EXPECT_GT(years.size(), 3U);
  for (const auto& [year, splits] : years) EXPECT_EQ(splits.size(), 1U) << year;
}

TEST_F(MadeStorms, SeasonsAreDealtOutWhole) {
  std::vector<Track> tracks = parse_tracks(made_tracks(), "tracks");
  const SeasonSplit split = split_seasons(tracks, {});
  EXPECT_EQ(split.test.size(), 1U);  // a fifth of six
  EXPECT_EQ(split.validation.size(), 1U);
  std::set<std::int64_t> all(split.train.begin(), split.train.end());
  all.insert({split.test[0], split.validation[0]});
  EXPECT_EQ(all, (std::set<std::int64_t>{2000, 2001, 2002, 2003, 2004, 2005}));
  EXPECT_EQ(split_seasons(tracks, {.validation = 0, .test = 0}).train.size(), 6U);
  tracks.resize(8);  // two years
  EXPECT_THAT([&] { split_seasons(tracks, {}); }, ThrowsMessage<InvalidArgument>(HasSubstr("2 seasons for 3 splits")));
}

TEST_F(MadeStorms, ShowTheStormsThatTheTruthTells) {
  make("set");
  int seen = 0;
  for (int i = 0; i < 4; ++i) {
    const std::string stem = fmt::format("set/train/{:04d}", i);
    const std::vector<Track> tracks = truth(stem);
    const auto pressure = open_netcdf(folder_ / (stem + ".nc"), {.variable = "PSL", .unit = "Pa"});
    const auto upper = open_netcdf(folder_ / (stem + ".nc"), {.variable = "T500", .unit = "K"});
    ASSERT_EQ(pressure->size(), 6U);
    for (std::size_t t = 0; t < pressure->size(); ++t) {
      const Field psl = pressure->read(t);
      const Field t500 = upper->read(t);
      EXPECT_EQ(psl.grid.x.size(), 30U);
      EXPECT_EQ(psl.grid.y.size(), 20U);
      for (const StormPosition& storm : positions_at(tracks, *psl.time)) {
        if (*storm.point.score < 25) continue;
        // The lowest pressure and the warmest air within three cells are at the cell of the centre or beside it.
        const double x = (storm.point.longitude + 79) / 2;
        const double y = (44 - storm.point.latitude) / 2;
        std::size_t lowest = 0;
        std::size_t warmest = 0;
        for (std::size_t cell = 0; cell < psl.count(); ++cell) {
          const auto away = [&](std::size_t at) {
            return std::hypot(static_cast<double>(at % 30) - x, static_cast<double>(at / 30) - y);
          };
          if (away(cell) > 3) continue;
          if (away(lowest) > 3 || psl.values[cell] < psl.values[lowest]) lowest = cell;
          if (away(warmest) > 3 || t500.values[cell] > t500.values[warmest]) warmest = cell;
        }
        EXPECT_LT(std::hypot(static_cast<double>(lowest % 30) - x, static_cast<double>(lowest / 30) - y), 1.5);
        EXPECT_LT(std::hypot(static_cast<double>(warmest % 30) - x, static_cast<double>(warmest / 30) - y), 1.5);
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 10);
}

TEST_F(MadeStorms, CalmSequencesHaveNone) {
  options_.calm = 1;
  make("set");
  EXPECT_THAT(truth("set/train/0000"), IsEmpty());
  options_.calm = 0.5;
  make("half");
  const std::string manifest = read_bytes(folder_ / "half/manifest.csv");
  EXPECT_THAT(manifest, HasSubstr("train,train/0000.nc,train/0000.csv,"));
  // Every other sequence of each split: 2 of 4, 0 of 1, 1 of 2.
  int calm = 0;
  for (std::size_t at = manifest.find(",0\n"); at != std::string::npos; at = manifest.find(",0\n", at + 1)) ++calm;
  EXPECT_EQ(calm, 3);
}

TEST_F(MadeStorms, AWholeSetIsLeftAsItIsAndAnotherIsNotOverwritten) {
  make("set");
  write_bytes(folder_ / "set/train/0000.csv", "mine");
  make("set");
  EXPECT_EQ(read_bytes(folder_ / "set/train/0000.csv"), "mine");
  options_.seed = 5;
  EXPECT_THAT([&] { make("set"); }, ThrowsMessage<InvalidArgument>(HasSubstr("not empty")));
}

TEST_F(MadeStorms, AFailingDiskLeavesASetThatIsMadeAnew) {
  options_.train = 1;
  options_.test = 0;
  options_.validation = 0;
  options_.frames = 2;
  options_.spacing = 5;
  make("whole");
  for (int n = 0;; ++n) {
    const std::filesystem::path set = folder_ / fmt::format("set{}", n);
    const FaultyFiles files(Fault::kShortWrite, n);
    ThreadPool pool(1);
    const auto make_here = [&](const Files& here) {
      make_storms(here, folder_ / "tracks.csv", folder_ / "background", set, options_, pool);
    };
    try {
      make_here(files);
    } catch (const IoError&) {
    }
    make_here(real_files());
    EXPECT_EQ(read_bytes(set / "train/0000.nc"), read_bytes(folder_ / "whole/train/0000.nc"));
    EXPECT_EQ(read_bytes(set / "manifest.csv"), read_bytes(folder_ / "whole/manifest.csv"));
    if (!files.failed()) break;
  }
}

TEST_F(MadeStorms, RefusesOptionsAndTracksThatMakeNoSet) {
  const StormsOptions good = options_;
  const auto refused = [&](const auto& change, const std::string& reason) {
    options_ = good;
    change(options_);
    expect_refused(reason);
  };
  refused([](StormsOptions& options) { options.train = 0; }, "training sequences is 0");
  refused([](StormsOptions& options) { options.frames = 10; }, "hours of a sequence is 54 but must be from 0 to 48");
  refused([](StormsOptions& options) { options.spacing = 0; }, "the spacing is 0");
  refused([](StormsOptions& options) { options.spacing = std::nan(""); }, "the spacing is nan");
  refused([](StormsOptions& options) { options.west = -10; }, "the width of the map is -10");
  refused([](StormsOptions& options) { options.calm = 1.5; }, "calm");
  refused([](StormsOptions& options) { options.south = -45, options.north = -5; }, "no track of the");
  options_ = good;
  write_bytes(folder_ / "tracks.csv", "storm_id,time,longitude,latitude\na,2000-01-01,0,10\n");
  expect_refused("no track lasts a day");
}

TEST_F(MadeStorms, RefusesABackgroundThatIsNone) {
  const std::filesystem::path background = folder_ / "background";
  write_analysis(background / "Vstorm.cdf", "v", nothing, 12);
  EXPECT_THAT([&] { make("set"); }, ThrowsMessage<BadData>(AllOf(HasSubstr("Vstorm.cdf"), HasSubstr("another grid"))));
  write_analysis(background / "Vstorm.cdf", "v", [](auto, auto, auto) { return -9999; });
  EXPECT_THAT([&] { make("set"); }, ThrowsMessage<BadData>(HasSubstr("no valid cell")));
  write_analysis(background / "Vstorm.cdf", "w", nothing);
  EXPECT_THAT([&] { make("set"); }, ThrowsMessage<InvalidArgument>(HasSubstr("no variable \"v\"")));
  std::filesystem::remove(background / "Vstorm.cdf");
  EXPECT_THROW(make("set"), IoError);
}

// A wave that moves one column to the east in each time step.
double wave(std::size_t t, std::size_t, std::size_t x) {
  return 100 * std::sin(2 * 3.14159265358979 * (static_cast<double>(x) - static_cast<double>(t)) / 14);
}

TEST(StormBackground, AddsAShareOfWhatTheAnalysesDeviate) {
  const TemporaryDirectory folder;
  write_background(folder.path());
  const StormBackground calm = StormBackground::read(folder.path());
  write_background(folder.path(), wave, wave);
  const StormBackground windy = StormBackground::read(folder.path());
  EXPECT_EQ(windy.duration_s(), 48 * 3600);
  // Column 5 is 25 degrees from the first.
  const auto deviation = [&](const BackgroundView& view, double elapsed, double longitude, double latitude) {
    return windy.at(view, elapsed, longitude, latitude).pressure_pa -
           calm.at(view, elapsed, longitude, latitude).pressure_pa;
  };
  double mean = 0;
  for (std::size_t t = 0; t < kTimes; ++t) {
    for (std::size_t x = 0; x < kColumns; ++x) mean += 0.6 * wave(t, 0, x) / (kTimes * kColumns);
  }
  EXPECT_NEAR(deviation({}, 0, 25, 40), 0.6 * wave(0, 0, 5) - mean, 0.01);
  EXPECT_NEAR(deviation({}, 21600, 25, 40), 0.6 * wave(1, 0, 5) - mean, 0.01);
  EXPECT_NEAR(deviation({.start_s = 21600}, 21600, 25, 40), 0.6 * wave(2, 0, 5) - mean, 0.01);
  EXPECT_NEAR(deviation({.roll_degrees = 10}, 0, 25, 40), 0.6 * wave(0, 0, 7) - mean, 0.01);
  EXPECT_NEAR(deviation({}, 0, 25 + 70, 40), deviation({}, 0, 25, 40), 1e-9);              // repeats
  EXPECT_LT(std::abs(deviation({}, 0, 25, 5)), 0.1 * std::abs(deviation({}, 0, 25, 20)));  // fades to the equator
  EXPECT_NEAR(deviation({}, 0, 25, -40), deviation({}, 0, 25, 40), 1e-9);
}

TEST(StormBackground, MirroredWeatherStillMovesEastInBalance) {
  const TemporaryDirectory folder;
  write_background(folder.path(), wave, wave);
  const StormBackground background = StormBackground::read(folder.path());
  const BackgroundView mirrored{.mirrored = true};
  // The mirrored wave is the same 5 degrees further east a step later.
  const Weather now = background.at(mirrored, 0, -35, 40);
  const Weather later = background.at(mirrored, 21600, -30, 40);
  EXPECT_NEAR(now.pressure_pa, later.pressure_pa, 1e-6);
  // It is the last analysis seen from the other side, its northward wind negated.
  const Weather plain = background.at({.start_s = background.duration_s()}, 0, 35, 40);
  EXPECT_EQ(now.pressure_pa, plain.pressure_pa);
  EXPECT_EQ(now.north_m_s, -plain.north_m_s);
  EXPECT_EQ(now.east_m_s, plain.east_m_s);
  // On the other hemisphere the northward wind is negated, too.
  EXPECT_EQ(background.at({}, 0, 35, -40).north_m_s, -background.at({}, 0, 35, 40).north_m_s);
}

TEST(StormBackground, FillsWhatTheAnalysesMiss) {
  const TemporaryDirectory folder;
  const auto with_holes = [](std::size_t t, std::size_t y, std::size_t x) {
    return t == 4 || (y == 4 && x < 4) ? -9999.0 : 1000.0 * static_cast<double>(t);
  };
  write_background(folder.path(), with_holes);
  const StormBackground background = StormBackground::read(folder.path());
  const auto pressure = [&](int step, double latitude) {
    return background.at({}, 21600 * step, 5, latitude).pressure_pa;
  };
  EXPECT_NEAR(pressure(4, 40), (pressure(3, 40) + pressure(5, 40)) / 2, 0.01);  // a whole time
  EXPECT_NEAR(pressure(3, 60) - pressure(2, 60), 600, 0.01);                    // a corner
}

TEST(StormLife, FollowsTheGreatCircleOfItsTrack) {
  const Track track{"a", {{0, -60, 50, {}}, {21600, -40, 50, {}}, {90000, -30, 50, {}}}};
  const GeoPoint middle = along_great_circle({-60, 50}, {-40, 50}, 0.5);
  EXPECT_EQ(place_on(track, 10800), middle);
  EXPECT_GT(middle.latitude, 50.3);
  EXPECT_EQ(place_on(track, 21600), (GeoPoint{-40, 50}));
  EXPECT_EQ(place_on(track, -1), std::nullopt);
  EXPECT_EQ(place_on(track, 40000), std::nullopt);  // a gap of 19 hours
  EXPECT_EQ(place_on(track, 90001), std::nullopt);
  StormLife life{.track = &track, .peak_m_s = 50};
  EXPECT_EQ(life.at(40000, 100), std::nullopt);
  const auto cyclone = life.at(10800, 100);
  ASSERT_TRUE(cyclone);
  EXPECT_NEAR(cyclone->east_m_s * 21600 / 1000, great_circle_km({-60, 50}, {-40, 50}), 15);
}

TEST(StormLife, GrowsAndFadesAndIsWeakerOverColdWater) {
  Track track{"a", {}};
  for (int i = 0; i <= 36; ++i) track.points.push_back({21600 * i, -60, 20, {}});
  const StormLife life{.track = &track, .peak_m_s = 50};
  const auto wind = [&](int i, double latitude = 20) { return life.wind_m_s(21600 * i, {-60, latitude}); };
  EXPECT_NEAR(wind(0), 20, 0.1);  // 0.4 of the peak
  EXPECT_NEAR(wind(12), 50, 5);   // at a third, give or take the wobble
  EXPECT_LT(wind(36), 23);
  EXPECT_NEAR(wind(12, 60), wind(12) / 2, 1e-9);
  EXPECT_EQ((StormLife{.track = &track, .peak_m_s = 1}).wind_m_s(0, {-60, 20}), 15);
}

}  // namespace
}  // namespace longtake::fields
