#include "fields/tracks.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "fields/calendar.h"
#include "fields/made_files.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;
using namespace test;

constexpr std::int64_t kNoon = 946728000;  // 2000-01-01 12:00

void expect_tracks_refused(const std::string& text, const std::string& start, const std::string& reason) {
  EXPECT_THAT([&] { parse_tracks(text, "t"); }, ThrowsMessage<BadData>(AllOf(StartsWith(start), HasSubstr(reason))))
      << text;
}

TEST(TrackTable, ReadsColumnsByName) {
  const auto tracks = parse_tracks(
      "note,LAT,lon,time,track_id,score\n"
      "\"a, b\",10,190,2000-01-01 18:00,B,2.5\n"
      "x,-5,-170,2000-01-01T12:00:00Z,B,\n"
      "x,1,2,2000010112,A,3\n",
      "t");
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].id, "B");
  EXPECT_EQ(tracks[0].points[0], (TrackPoint{kNoon, -170, -5, std::nullopt}));
  EXPECT_EQ(tracks[0].points[1], (TrackPoint{kNoon + 21600, -170, 10, 2.5}));
  EXPECT_EQ(tracks[1].points[0].score, 3);
}

TEST(TrackTable, ReadsIbtracs) {
  const std::string text =
      "SID,SEASON,NAME,ISO_TIME,LAT,LON,USA_WIND\n"
      " ,Year, , ,degrees_north,degrees_east,kts\n"
      "2021001S14136,2021,IMOGEN,2021-01-01 00:00:00,-13.81,136.4,25\n"
      "2021001S14136,2021,IMOGEN,2021-01-01 03:00:00,-13.94,136.5, \n";
  const auto tracks = parse_track_table(text, "t", {.score = "USA_WIND"});
  ASSERT_EQ(tracks.size(), 1U);
  EXPECT_EQ(tracks[0].id, "2021001S14136");
  EXPECT_EQ(tracks[0].points[0], (TrackPoint{1609459200, 136.4, -13.81, 25}));
  EXPECT_FALSE(tracks[0].points[1].score.has_value());
  EXPECT_THAT([&] { parse_track_table(text, "t", {.score = "WIND"}); },
              ThrowsMessage<BadData>(AllOf(HasSubstr("no column \"WIND\""), HasSubstr("USA_WIND"))));
}

TEST(TrackTable, RefusesWithLineAndReason) {
  const std::string header = "id,time,lon,lat\n";
  expect_tracks_refused("", "t: ", "storm_id,time,longitude,latitude");
  expect_tracks_refused("id,time,lon\n", "t:1: ", "no column \"latitude\"");
  expect_tracks_refused(header + "a,2000-01-01,1\n", "t:2: ", "3 values where the header has 4");
  expect_tracks_refused(header + "a,2000-01-01,1,95\n", "t:2: ", "-90 to 90");
  expect_tracks_refused(header + "a,2000-01-01,1000,5\n", "t:2: ", "-360 to 360");
  expect_tracks_refused(header + "a,2000-01-01,nan,5\n", "t:2: ", "longitude");
  expect_tracks_refused(header + "\na,soon,1,5\n", "t:3: ", "is no time");
  expect_tracks_refused(header + "b,2000-01-01,1,1\n,2000-01-01,1,5\n", "t:3: ", "no id");
  expect_tracks_refused(header + "a,2000-01-01,1,5\na,2000-01-01T00:00,2,5\n",
                        "t: ", "two points at 2000-01-01T00:00:00Z");
  expect_tracks_refused(header + "\"a,2000-01-01,1,5\n", "t:2: ", "a quote does not end");
  expect_tracks_refused(header + std::string("a\0,2000-01-01,1,5\n", 18), "t:2: ", "zero byte");
}

TEST(TrackText, ReadsHodgesTrack) {
  const std::string text =
      "0\n0 0\nTRACK_NUM      2  ADD_FLD    1   3 &111\n"
      "TRACK_ID  7\nPOINT_NUM  2\n2000010112 350.0 10.5 4.5 & 1.0 & 2.0 &\n2000010118 351.0 11.0 1.0e+25 & 1.0\n"
      "TRACK_ID  9\nPOINT_NUM  1\n2000010200 10 -20 3\n";
  const auto tracks = parse_tracks(text, "t");
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].id, "7");
  EXPECT_EQ(tracks[0].points[0], (TrackPoint{kNoon, -10, 10.5, 4.5}));
  EXPECT_FALSE(tracks[0].points[1].score.has_value());
  EXPECT_EQ(tracks[1].points[0].latitude, -20);
}

TEST(TrackText, CountsStepsFromAStart) {
  const std::string text = "TRACK_NUM 1\nTRACK_ID 1\nPOINT_NUM 2\n1 0 0 1\n3 0 1 1\n";
  const auto tracks = parse_track_text(text, "t", {.start = kNoon, .step_s = 3600});
  EXPECT_EQ(tracks[0].points[1].time, kNoon + 7200);
  EXPECT_THROW(parse_track_text(text, "t"), InvalidArgument);
}

TEST(TrackText, RefusesWhatIsCutOff) {
  expect_tracks_refused("0\nTRACK_NUM 1\n", "t: ", "the file ends where TRACK_ID is wanted");
  expect_tracks_refused("TRACK_NUM 1\nPOINT_NUM 2\n", "t:2: ", "TRACK_ID");
  expect_tracks_refused("TRACK_NUM 1\nTRACK_ID 1\nPOINT_NUM -2\n", "t:3: ", "a count of -2");
  expect_tracks_refused("TRACK_NUM 1\nTRACK_ID 1\nPOINT_NUM 9999999999\n2000010112 1 2 3\n", "t: ", "the file ends");
}

TEST(TempestExtremes, ReadsPointsAndTimes) {
  const std::string text =
      "start\t2\t1999\t9\t10\t0\n\t605\t36\t302.5\t18.0\t1.0e5\t19.1\t1999\t9\t10\t0\n"
      "\t604\t37\t302.0\t18.5\t1.0e5\t23.9\t1999\t9\t10\t6\n"
      "start 1 1999 9 11 6\n 1 2 10 20 5 6 1999 9 11 6\n";
  const auto tracks = parse_tempest_extremes(text, "t", {.score = 1});
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].points[1], (TrackPoint{936943200, -58, 18.5, 23.9}));  // 1999-09-10 06:00
  EXPECT_EQ(tracks[1].id, "2");
  EXPECT_THROW(parse_tempest_extremes(text, "t", {.score = 2}), InvalidArgument);
  EXPECT_EQ(parse_tempest_extremes("start 1 1999 9 11 6\n 1 10 20 1999 9 11 6\n", "t", {.unstructured = true})[0]
                .points[0]
                .latitude,
            20);
  expect_tracks_refused("start\t2\t1999\t9\t10\t0\n\t605\t36\t302.5\t18.0\t1999\t9\t10\t0\n", "t: ", "the file ends");
  expect_tracks_refused("start 1 1 1 1 1\n1 2 3 4 1999 13 1 0\n", "t:2", "is no day");
  expect_tracks_refused("start 1 1 1 1 1\n1 2 3 4 1999\n", "t:2: ", "5 words");
}

TEST(Tracks, WrittenOnesReadBackTheSame) {
  Random random(3);
  std::vector<Track> tracks;
  for (const char* id : {"1", "a, \"b\"", "  spaces "}) {
    Track track{id, {}};
    for (int i = 0; i < 20; ++i) {
      TrackPoint point{kNoon + i * 10800, random.uniform(-180, 180), random.uniform(-90, 90), std::nullopt};
      if (random.below(2) == 0) point.score = random.uniform(-1, 1);
      track.points.push_back(point);
    }
    tracks.push_back(track);
  }
  EXPECT_EQ(parse_tracks(write_tracks_csv(tracks), "t"), tracks);
}

TEST(Tracks, GeoJsonCutsAtTheAntimeridian) {
  const std::vector<Track> tracks{{"x", {{kNoon, 170, 10, 0.5}, {kNoon + 21600, -170, 20, std::nullopt}}},
                                  {"y", {{kNoon, 1, 2, 3}}}};
  const std::string text = write_tracks_geojson(tracks);
  std::string flat;
  for (const char letter : text) {
    if (letter != ' ' && letter != '\n') flat += letter;
  }
  EXPECT_EQ(
      flat,
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"storm_id":"x","times":["2000-01-01T12:00:00Z","2000-01-01T18:00:00Z"],"scores":[0.5,null]},"geometry":{"type":"MultiLineString","coordinates":[[[170.0,10.0],[180.0,15.0]],[[-180.0,15.0],[-170.0,20.0]]]}},)"
      R"({"type":"Feature","properties":{"storm_id":"y","times":["2000-01-01T12:00:00Z"],"scores":[3.0]},"geometry":{"type":"Point","coordinates":[1.0,2.0]}}]})");
}

TEST(Tracks, DistancesAndAnglesGoTheShortWay) {
  EXPECT_EQ(wrap_longitude(180), -180);
  EXPECT_EQ(wrap_longitude(-180), -180);
  EXPECT_EQ(wrap_longitude(359), -1);
  EXPECT_EQ(wrap_longitude(-190), 170);
  EXPECT_NEAR(great_circle_km({0, 0}, {0, 90}), 10007.557, 1e-3);     // a quarter of 2 pi 6371.0088
  EXPECT_NEAR(great_circle_km({179, 0}, {-179, 0}), 222.3901, 1e-3);  // two degrees
  EXPECT_NEAR(great_circle_km({0, 0}, {180, 0}), 20015.115, 1e-3);
  EXPECT_EQ(great_circle_km({5, 5}, {5, 5}), 0);
}

TEST(Tracks, PositionsLieBetweenThePoints) {
  const std::vector<Track> tracks{{"x", {{0, 179, 0, 1}, {21600, -179, 10, 3}, {64800, 0, 0, 1}}},
                                  {"y", {{21600, 5, 5, {}}}}};
  auto positions = positions_at(tracks, 5400);
  ASSERT_EQ(positions.size(), 1U);
  EXPECT_DOUBLE_EQ(positions[0].point.longitude, 179.5);
  EXPECT_DOUBLE_EQ(positions[0].point.latitude, 2.5);
  EXPECT_DOUBLE_EQ(*positions[0].point.score, 1.5);
  EXPECT_EQ(positions_at(tracks, 21600).size(), 2U);
  EXPECT_EQ(positions_at(tracks, 30000).size(), 0U);  // a gap of twelve hours
  EXPECT_EQ(positions_at(tracks, 30000, 43200).size(), 1U);
  EXPECT_EQ(positions_at(tracks, -1).size(), 0U);
}

TEST(TrackReaders, AnyTextIsTracksOrBadData) {
  Random random(8);
  const std::string_view pieces[] = {
      "start", "TRACK_NUM", "TRACK_ID", "POINT_NUM",       "\n",         "\n",         " ", ",", "\"", "1",
      "2",     "-9",        "1e9",      "id,time,lon,lat", "2000-01-01", "2000010112", "x"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(30); i > 0; --i) text += pieces[random.below(std::size(pieces))];
    try {
      for (const Track& track : parse_tracks(text, "t")) EXPECT_FALSE(track.points.empty());
    } catch (const BadData& error) {
      EXPECT_THAT(error.what(), StartsWith("t"));
    } catch (const InvalidArgument&) {  // steps without a start
    }
  }
}

TEST(RealTracks, OfTempestExtremes) {
  const auto path = data_path("cyclone/tracks/TempestExtremes-sample.txt");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const auto tracks = read_tracks(real_files(), path);
  ASSERT_EQ(tracks.size(), 8U);
  EXPECT_EQ(tracks[0].points.size(), 33U);
  EXPECT_EQ(tracks[1].points.size(), 51U);
  EXPECT_EQ(tracks[0].points[0].longitude, -57.5);
  EXPECT_EQ(format_time(tracks[0].points[0].time), "1999-09-10T00:00:00Z");
}

TEST(RealTracks, OfEra5) {
  const auto path = data_path("cyclone/tracks/ERA5_1996_UZ.csv");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const auto tracks = parse_track_table(real_files().read(path), "era5", {.score = "wind10"});
  std::size_t points = 0;
  for (const Track& track : tracks) points += track.points.size();
  EXPECT_EQ(tracks.size(), 89U);
  EXPECT_EQ(points, 2274U);
  EXPECT_EQ(tracks[0].points[0], (TrackPoint{820627200, 137.25, -15.5, 9.561235}));  // 1996-01-03
}

TEST(RealTracks, OfEra20cInNetcdf) {
  const auto path = data_path("cyclone/tracks/ERA20C_TRACK_NATL_tcident.nc");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const auto tracks = read_netcdf_tracks(path, {.score = "psl"});
  std::size_t points = 0;
  for (const Track& track : tracks) points += track.points.size();
  ASSERT_EQ(tracks.size(), 606U);
  EXPECT_EQ(points, 24865U);
  EXPECT_EQ(tracks[0].id, "1900-12");
  EXPECT_EQ(tracks[0].points.size(), 43U);
  EXPECT_EQ(tracks[0].points[0].time, -2191384800);  // 1900-07-23 18:00
  EXPECT_NEAR(tracks[0].points[0].longitude, 342.9813 - 360, 1e-4);
  EXPECT_NEAR(*tracks[0].points[0].score, 1012.33, 1e-3);
  EXPECT_EQ(read_tracks(real_files(), path).size(), 606U) << "by the ending";
  EXPECT_THAT([&] { read_netcdf_tracks(path, {.score = "pressure"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("longitude_psl(record 24865)")));
}

TEST(RealTracks, OfIbtracsInNetcdf) {
  const auto path = data_path("cyclone/tracks/IBTrACS.last3years.v04r00_2_storms.nc");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const auto tracks = read_netcdf_tracks(path, {.score = "wmo_wind"});
  ASSERT_EQ(tracks.size(), 2U);
  EXPECT_EQ(tracks[0].id, "2021001S14136");
  EXPECT_EQ(tracks[0].points.size(), 27U);
  EXPECT_EQ(tracks[1].points.size(), 45U);
  EXPECT_EQ(tracks[0].points[0].time, 1609459200);
  EXPECT_NEAR(tracks[0].points[0].latitude, -13.81, 1e-5);
}

}  // namespace
}  // namespace longtake::fields
