#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "fields/density.h"
#include "fields/track_linker.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// All valid and 0, on degrees from (north, west) on.
Field geographic(std::int64_t height, std::int64_t width, double north, double west, double step) {
  Field field = empty_field(height, width, "test");
  for (std::size_t i = 0; i < field.count(); ++i) set_cell(field, i, 0);
  field.grid.kind = GridKind::kGeographic;
  for (std::int64_t i = 0; i < width; ++i) field.grid.x.push_back(west + step * static_cast<double>(i));
  for (std::int64_t i = 0; i < height; ++i) field.grid.y.push_back(north - step * static_cast<double>(i));
  return field;
}

float& cell(Field& field, std::int64_t row, std::int64_t column) {
  return field.values[static_cast<std::size_t>(row * field.width + column)];
}

TEST(DensityMap, IsAGaussianOfTheGreatCircle) {
  const std::vector<Track> tracks{{"a", {{0, 10, 20, 0.9}}}, {"late", {{21600, 15, 20, 1}}}};
  Field map = density_map(tracks, 0, geographic(41, 41, 30, 0, 0.5), {.sigma_km = 150});
  EXPECT_EQ(cell(map, 20, 20), 1);
  EXPECT_EQ(valid_count(map), 41 * 41);
  EXPECT_EQ(map.time, 0);
  // 0.5 degrees of latitude are 55.597 km: exp(-(55.597 / 150)^2 / 2).
  EXPECT_NEAR(cell(map, 21, 20), std::exp(-0.5 * 55.5975 * 55.5975 / 22500), 1e-5);
  EXPECT_NEAR(cell(map, 22, 20), std::exp(-2.0 * 55.5975 * 55.5975 / 22500), 1e-5);
  // 0.5 degrees of longitude at 20 N are cos 20 = 0.939693 of that.
  EXPECT_NEAR(cell(map, 20, 21), std::exp(-0.5 * 52.244 * 52.244 / 22500), 1e-5);
  EXPECT_EQ(cell(map, 0, 0), 0);
  EXPECT_EQ(*std::max_element(map.values.begin(), map.values.end()), 1);
  map = density_map(tracks, 1, map);
  EXPECT_EQ(*std::max_element(map.values.begin(), map.values.end()), 0);  // nobody is there
}

TEST(DensityMap, GoesAcrossTheEdgeAndTakesEachStormsWidth) {
  const std::vector<Track> tracks{{"a", {{0, -0.5, 0, 100}}}, {"b", {{0, 90, 0, 50}}}};
  const DensityOptions options{.sigma_of = [](const TrackPoint& point) { return *point.score; }};
  Field map = density_map(tracks, 0, geographic(3, 360, 1, 0, 1), options);
  EXPECT_NEAR(cell(map, 1, 0), cell(map, 1, 359), 1e-6);
  EXPECT_NEAR(cell(map, 1, 0), std::exp(-0.5 * 0.555975 * 0.555975), 1e-5);
  EXPECT_NEAR(cell(map, 1, 91), std::exp(-0.5 * 2.2239 * 2.2239), 1e-4);
  EXPECT_THROW(density_map(tracks, 0, map, {.sigma_km = 0}), InvalidArgument);
  EXPECT_THROW(density_map(tracks, 0, empty_field(2, 2, "no grid")), InvalidArgument);
}

TEST(Peaks, OfAMapAreItsStorms) {
  const std::vector<Track> tracks{{"a", {{0, 10.13, 20.21, {}}}}, {"b", {{0, 14.9, 12.37, {}}}}};
  const Field map = density_map(tracks, 0, geographic(61, 61, 30, 0, 0.5), {.sigma_km = 150});
  const std::vector<Peak> peaks = find_peaks(map);
  ASSERT_THAT(peaks, SizeIs(2));
  for (const Track& track : tracks) {
    const TrackPoint& storm = track.points[0];
    const Peak& peak = std::abs(peaks[0].latitude - storm.latitude) < 1 ? peaks[0] : peaks[1];
    // A hundredth of a cell: what is refined is exact but for the curve of the meridians.
    EXPECT_NEAR(peak.longitude, storm.longitude, 0.005);
    EXPECT_NEAR(peak.latitude, storm.latitude, 0.005);
    EXPECT_GT(peak.score, 0.9);
  }
}

TEST(Peaks, KeepToThresholdAndNeighbours) {
  Field map = geographic(5, 5, 2, 0, 1);
  cell(map, 1, 1) = 0.6F;
  cell(map, 2, 2) = 0.7F;  // touches it at a corner
  cell(map, 4, 0) = 0.4F;
  EXPECT_THAT(find_peaks(map), SizeIs(1));
  EXPECT_THAT(find_peaks(map, {.threshold = 0.3}), SizeIs(2));
  EXPECT_EQ(find_peaks(map, {.threshold = 0.3})[0].score, 0.7F);
  EXPECT_THAT(find_peaks(map, {.threshold = 0.3, .separation_km = 2000}), SizeIs(1));
  EXPECT_THAT(find_peaks(map, {.threshold = 0.8}), SizeIs(0));
}

TEST(Peaks, PlateausAreOneAndMissingCellsNone) {
  Field map = geographic(4, 6, 3, 10, 1);
  cell(map, 1, 1) = cell(map, 1, 2) = cell(map, 1, 3) = 1;
  auto peaks = find_peaks(map);
  ASSERT_THAT(peaks, SizeIs(1));
  EXPECT_EQ(peaks[0].longitude, 12);
  EXPECT_EQ(peaks[0].latitude, 2);
  set_cell(map, 1 * 6 + 2, std::nan(""));
  EXPECT_THAT(find_peaks(map), SizeIs(2));
  cell(map, 2, 3) = 2;  // the right end climbs
  peaks = find_peaks(map);
  ASSERT_THAT(peaks, SizeIs(2));
  EXPECT_EQ(peaks[0].score, 2);
  EXPECT_THAT(find_peaks(geographic(1, 1, 0, 0, 1)), SizeIs(0));
  EXPECT_THROW(find_peaks(empty_field(2, 2, "no grid")), InvalidArgument);
}

TEST(Peaks, OfANegativeMapAreRefinedByTheParabola) {
  Field map = geographic(3, 3, 1, 0, 1);
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t k = 0; k < 3; ++k) {
      const double x = static_cast<double>(k) - 1.25;
      const double y = static_cast<double>(i) - 0.9;
      cell(map, i, k) = static_cast<float>(-x * x - 2 * y * y - 1);
    }
  }
  const auto peaks = find_peaks(map, {.threshold = -2});
  ASSERT_THAT(peaks, SizeIs(1));
  EXPECT_NEAR(peaks[0].column, 1.25, 1e-6);
  EXPECT_NEAR(peaks[0].row, 0.9, 1e-6);
}

TEST(Peaks, GoAroundTheGlobe) {
  Field map = geographic(3, 36, 10, 0, 10);
  cell(map, 1, 0) = cell(map, 1, 35) = 1;
  const auto peaks = find_peaks(map);
  ASSERT_THAT(peaks, SizeIs(1));
  EXPECT_NEAR(peaks[0].longitude, -5, 1e-9);
}

TEST(Peaks, LieOnCurvilinearGridsToo) {
  Field map = empty_field(3, 3, "f");
  for (std::size_t i = 0; i < 9; ++i) {
    set_cell(map, i, i == 4 ? 1 : 0.1);
    map.grid.longitude.push_back(static_cast<float>(179 + static_cast<double>(i % 3)) - (i % 3 > 0 ? 360.0F : 0.0F));
    map.grid.latitude.push_back(static_cast<float>(50 - static_cast<double>(i / 3)));
  }
  map.grid.kind = GridKind::kCurvilinear;
  const auto peaks = find_peaks(map);
  ASSERT_THAT(peaks, SizeIs(1));
  EXPECT_NEAR(peaks[0].longitude, -180, 1e-6);
  EXPECT_NEAR(peaks[0].latitude, 49, 1e-6);
}

Peak peak_at(double longitude, double latitude, double score = 1) { return {0, 0, longitude, latitude, score}; }

TEST(TrackLinker, FollowsTheNearest) {
  TrackLinker linker({.most_km = 300});
  EXPECT_THAT(linker.add(0, std::vector{peak_at(0, 0), peak_at(3, 0)}), ElementsAre(0, 1));
  // The first is nearer to the second storm's new place than that storm itself is to any other.
  EXPECT_THAT(linker.add(10, std::vector{peak_at(4, 0), peak_at(1.8, 0)}), ElementsAre(1, 0));
  EXPECT_THAT(linker.add(20, std::vector{peak_at(40, 0)}), ElementsAre(2));
  const auto tracks = linker.tracks();
  ASSERT_THAT(tracks, SizeIs(3));
  EXPECT_EQ(tracks[0].id, "1");
  EXPECT_EQ(tracks[0].points[1], (TrackPoint{10, 1.8, 0, 1}));
}

TEST(TrackLinker, ForgivesGapsAndThenForgets) {
  TrackLinker linker({.most_km = 200, .most_missing = 1});
  linker.add(0, std::vector{peak_at(179, 0)});
  linker.add(1, {});
  EXPECT_THAT(linker.add(2, std::vector{peak_at(-178, 0)}), ElementsAre(0));  // 333 km in two steps, across the edge
  linker.add(3, {});
  linker.add(4, {});
  EXPECT_THAT(linker.add(5, std::vector{peak_at(-178, 0)}), ElementsAre(1));
  EXPECT_THROW(linker.add(5, {}), InvalidArgument);
}

TEST(TrackLinker, LeavesOutShortTracks) {
  TrackLinker linker({.most_km = 100, .least_points = 2});
  linker.add(0, std::vector{peak_at(0, 0), peak_at(50, 0)});
  linker.add(1, std::vector{peak_at(0.1, 0)});
  EXPECT_THAT(linker.tracks(), SizeIs(1));
  EXPECT_THROW(TrackLinker({.most_km = 0}), InvalidArgument);
  EXPECT_THROW(TrackLinker({.most_missing = -1}), InvalidArgument);
}

TEST(TrackLinker, GoesOnWithStormsThatAreKnown) {
  // "2" was last seen a time before the others, "old" two times more; "1" is nowhere near.
  const std::vector<Track> known{{"2", {{0, 10, 0, {}}, {10, 11, 0, {}}}},
                                 {"old", {{0, 50, 0, {}}}},
                                 {"1", {{20, -90, 0, {}}, {30, -90, 0, {}}}},
                                 {"b", {{20, 30, 0, {}}, {30, 31, 0, {}}}}};
  TrackLinker linker({.most_km = 300, .most_missing = 2, .least_points = 2}, known,
                     std::vector<std::int64_t>{0, 10, 20, 30});
  linker.add(40, std::vector{peak_at(32, 0), peak_at(14, 0), peak_at(50, 0), peak_at(-60, 0)});
  linker.add(50, std::vector{peak_at(50, 0), peak_at(33, 0)});
  const auto tracks = linker.tracks();
  ASSERT_THAT(tracks, SizeIs(3));
  EXPECT_EQ(tracks[0].id, "2");
  EXPECT_THAT(tracks[0].points, ElementsAre(TrackPoint{40, 14, 0, 1})) << "one point of a known storm is enough";
  EXPECT_EQ(tracks[1].id, "b");
  EXPECT_THAT(tracks[1].points, ElementsAre(TrackPoint{40, 32, 0, 1}, TrackPoint{50, 33, 0, 1}));
  EXPECT_EQ(tracks[2].id, "3") << "1 and 2 are taken";
  EXPECT_THROW(TrackLinker({}, known, std::vector<std::int64_t>{10, 10}), InvalidArgument);
}

// Tracks become maps, maps peaks, and peaks the same tracks.
TEST(Storms, ComeBackFromTheirMaps) {
  std::vector<Track> tracks{{"a", {}}, {"b", {}}};
  for (int i = 0; i < 8; ++i) {
    tracks[0].points.push_back({i * 21600, 5 + 1.3 * i, 20 + 0.8 * i, {}});
    if (i > 2) tracks[1].points.push_back({i * 21600, 28 - 0.9 * i, 10 + 0.4 * i, {}});
  }
  TrackLinker linker({.most_km = 400});
  const Field like = geographic(71, 81, 35, 0, 0.5);
  for (int i = 0; i < 8; ++i) linker.add(i * 21600, find_peaks(density_map(tracks, i * 21600, like)));
  const auto found = linker.tracks();
  ASSERT_THAT(found, SizeIs(2));
  for (std::size_t k = 0; k < 2; ++k) {
    ASSERT_EQ(found[k].points.size(), tracks[k].points.size());
    for (std::size_t i = 0; i < found[k].points.size(); ++i) {
      const TrackPoint& a = found[k].points[i];
      const TrackPoint& b = tracks[k].points[i];
      EXPECT_LT(great_circle_km({a.longitude, a.latitude}, {b.longitude, b.latitude}), 2);
    }
  }
}

}  // namespace
}  // namespace longtake::fields
