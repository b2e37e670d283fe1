// Which storms are seen when, and the files of the set.
#include "fields/storms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/generated_set.h"
#include "base/sha256.h"
#include "fields/calendar.h"
#include "fields/netcdf_writer.h"
#include "fields/storm_background.h"
#include "fields/storm_scene.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::int64_t kShortestTrackS = 86400;
constexpr const char* kStormsDescription = "storms.json";
constexpr const char* kStormsManifest = "manifest.csv";

void check_storm_options(const StormsOptions& options, const StormBackground& background) {
  const auto check = [](const char* name, double value, double least, double most) {
    if (value >= least && value <= most) return;
    throw InvalidArgument(fmt::format("{} is {} but must be from {} to {}", name, value, least, most));
  };
  check("the number of training sequences", static_cast<double>(options.train), 1, 100'000);
  check("the number of validation sequences", static_cast<double>(options.validation), 0, 100'000);
  check("the number of test sequences", static_cast<double>(options.test), 0, 100'000);
  check("the number of frames", static_cast<double>(options.frames), 1, 1000);
  check("the hours of a step", static_cast<double>(options.step_hours), 1, 24);
  check("the spacing", options.spacing, 0.1, 5);
  check("the share of calm sequences", options.calm, 0, 1);
  check("the southern edge", options.south, -70, 70);
  check("the northern edge", options.north, -70, 70);
  check("the western edge", options.west, -360, 360);
  check("the eastern edge", options.east, -360, 360);
  check("the width of the map", options.east - options.west, 4 * options.spacing, 360);
  check("the height of the map", options.north - options.south, 4 * options.spacing, 140);
  const double hours = static_cast<double>((options.frames - 1) * options.step_hours);
  check("the hours of a sequence", hours, 0, background.duration_s() / 3600);
}

Grid map_of(const StormsOptions& options) {
  Grid grid;
  grid.kind = GridKind::kGeographic;
  const auto columns = static_cast<std::int64_t>((options.east - options.west) / options.spacing + 1e-6);
  const auto rows = static_cast<std::int64_t>((options.north - options.south) / options.spacing + 1e-6);
  for (std::int64_t i = 0; i < columns; ++i)
    grid.x.push_back(options.west + (static_cast<double>(i) + 0.5) * options.spacing);
  for (std::int64_t i = 0; i < rows; ++i)
    grid.y.push_back(options.north - (static_cast<double>(i) + 0.5) * options.spacing);
  return grid;
}

bool on_map(const GeoPoint& place, const StormsOptions& options) {
  const double east = place.longitude - options.west - 360 * std::floor((place.longitude - options.west) / 360);
  return east < options.east - options.west && place.latitude > options.south && place.latitude < options.north;
}

std::int64_t season_of(const Track& track) {
  return parse_date_time(format_time(track.points.front().time), "a track").year;
}

std::vector<Track> tracks_from(const Files& files, const Files::Path& path) {
  std::vector<Track> tracks = read_tracks(files, path);
  std::erase_if(tracks, [](const Track& track) {
    return track.points.back().time - track.points.front().time < kShortestTrackS;
  });
  return tracks;
}

// --- One sequence
// ------------------------------------------------------------------------------------------------------

struct StormSplit {
  std::string name;
  std::uint64_t stream = 0;  // of random numbers
  std::int64_t sequences = 0;
  std::vector<Track> tracks;         // of its seasons
  std::vector<std::size_t> anchors;  // those that come to the map, in the order in which sequences are about them
};

// An extratropical low goes north east from the west, a wave goes west in the trade winds.
MovingLow draw_low(const StormScene& scene, Random& random) {
  MovingLow moving;
  Low& low = moving.low;
  low.extratropical = random.uniform() < 0.6;
  const double side = scene.grid.y.front() + scene.grid.y.back() < 0 ? -1 : 1;
  const double longitude = random.uniform(scene.grid.x.front(), scene.grid.x.back());
  if (low.extratropical) {
    low.centre = {longitude, side * random.uniform(36, 54)};
    low.deficit_pa = random.uniform(800, 2800);
    low.radius_km = random.uniform(350, 700);
    moving.east_m_s = random.uniform(7, 15);
    moving.north_m_s = side * random.uniform(0, 4);
    moving.duration_s = random.uniform(72, 120) * 3600;
  } else {
    low.centre = {longitude, side * random.uniform(9, 18)};
    low.deficit_pa = random.uniform(100, 220);
    low.radius_km = random.uniform(250, 400);
    moving.east_m_s = random.uniform(-8, -4);
    moving.north_m_s = side * random.uniform(0, 1);
    moving.duration_s = random.uniform(72, 144) * 3600;
  }
  const double length = static_cast<double>(scene.step_s * scene.frames);
  moving.start = scene.start + static_cast<std::int64_t>(random.uniform(-0.6 * moving.duration_s, 0.8 * length));
  return moving;
}

Shower draw_shower(const StormScene& scene, Random& random) {
  Shower shower;
  const double side = scene.grid.y.front() + scene.grid.y.back() < 0 ? -1 : 1;
  const bool tropical = random.uniform() < 0.7;  // near the convergence zone
  const double latitude =
      tropical ? side * random.uniform(5, 16) : random.uniform(scene.grid.y.back(), scene.grid.y.front());
  shower.centre = {random.uniform(scene.grid.x.front(), scene.grid.x.back()), latitude};
  shower.duration_s = random.uniform(12, 60) * 3600;
  const double length = static_cast<double>(scene.step_s * scene.frames);
  shower.start = scene.start + static_cast<std::int64_t>(random.uniform(-shower.duration_s, length));
  shower.radius_km = random.uniform(70, 260);
  shower.peak_mm_h = 1 + 7 * std::pow(random.uniform(), 2);
  shower.east_m_s = tropical ? random.uniform(-7, -2) : random.uniform(-2, 10);
  shower.north_m_s = random.uniform(-1.5, 1.5);
  return shower;
}

// A time at which the track is on the map becomes a frame of the sequence, any with equal chance.
std::int64_t draw_start(const Track& track, const StormsOptions& options, Random& random) {
  std::vector<std::int64_t> times;
  for (const TrackPoint& point : track.points) {
    if (on_map({point.longitude, point.latitude}, options)) times.push_back(point.time);
  }
  const std::int64_t time = times[random.below(times.size())];
  return time - static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(options.frames))) *
                    options.step_hours * 3600;
}

// Spread evenly, so that every split has its share.
bool is_calm(std::int64_t index, const StormsOptions& options) {
  const auto calm_before = [&](std::int64_t i) { return std::floor(static_cast<double>(i) * options.calm + 1e-9); };
  return calm_before(index + 1) > calm_before(index);
}

StormScene draw_scene(const StormSplit& split, std::int64_t index, const StormsOptions& options,
                      const StormBackground& background) {
  Random random(options.seed, split.stream, index);
  StormScene scene;
  scene.step_s = options.step_hours * 3600;
  scene.frames = options.frames;
  scene.grid = map_of(options);
  const std::size_t anchor = split.anchors[static_cast<std::size_t>(index) % split.anchors.size()];
  scene.start = draw_start(split.tracks[anchor], options, random);
  scene.view.roll_degrees = random.uniform(0, 360);
  scene.view.mirrored = random.uniform() < 0.5;
  const double length = static_cast<double>(scene.step_s * (scene.frames - 1));
  scene.view.start_s = random.uniform(0, background.duration_s() - length);
  if (!is_calm(index, options)) {
    for (const Track& track : split.tracks) {
      if (track.points.back().time < scene.start || track.points.front().time > scene.time(scene.frames - 1)) continue;
      scene.storms.push_back(StormLife::draw(track, random));
    }
  }
  // As many for every area and length: two lows, ten showers a day on the map of the North Atlantic in six days.
  const double days = static_cast<double>(scene.step_s * scene.frames) / 86400;
  const double area = (options.east - options.west) * (options.north - options.south) / 4500;
  const auto lows = static_cast<std::int64_t>(random.uniform(0, 4) * std::max(area, 0.25) * (days + 4) / 10);
  const auto showers = static_cast<std::int64_t>(random.uniform(5, 15) * area * (days + 1));
  for (std::int64_t i = 0; i < lows; ++i) scene.lows.push_back(draw_low(scene, random));
  for (std::int64_t i = 0; i < showers; ++i) scene.showers.push_back(draw_shower(scene, random));
  scene.noise_key = random_key(options.seed, {split.stream, static_cast<std::uint64_t>(index), 1});
  return scene;
}

// --- Files
// -------------------------------------------------------------------------------------------------------------

// The storms on the map at the times of the frames.
std::string truth_of(const StormScene& scene, const StormsOptions& options) {
  std::string text = "storm_id,time,longitude,latitude,score,pressure_deficit_pa,radius_km\n";
  for (const StormLife& storm : scene.storms) {
    for (std::int64_t frame = 0; frame < scene.frames; ++frame) {
      const auto cyclone = storm.at(scene.time(frame), scene.cell_km());
      if (!cyclone || !on_map(cyclone->centre, options)) continue;
      text += fmt::format("{},{},{:.4f},{:.4f},{:.2f},{:.0f},{:.1f}\n", storm.track->id, format_time(scene.time(frame)),
                          cyclone->centre.longitude, cyclone->centre.latitude, cyclone->wind(cyclone->radius_km),
                          cyclone->deficit_pa, cyclone->radius_km);
    }
  }
  return text;
}

void write_sequence(const Files& files, const Files::Path& stem, const StormScene& scene, const StormsOptions& options,
                    const StormBackground& background) {
  NetcdfContents contents;
  contents.attributes = {{"title", "Generated tropical cyclones"},
                         {"source",
                          "longtake data make storms: vortices after Holland (1980) along the tracks of real "
                          "storms, over real analyses and a mean season"}};
  contents.variables.resize(storm_quantities().size());
  for (std::int64_t frame = 0; frame < scene.frames; ++frame) {
    std::vector<Field> fields = draw_frame(scene, background, frame);
    for (std::size_t i = 0; i < fields.size(); ++i) contents.variables[i].push_back(std::move(fields[i]));
  }
  write_netcdf(files, stem.string() + ".nc", contents);
  files.write_atomic(stem.string() + ".csv", truth_of(scene, options));
}

std::string manifest_of(std::span<const StormSplit> splits, const StormsOptions& options,
                        const StormBackground& background) {
  std::string text = "split,fields,tracks,start,storms\n";
  for (const StormSplit& split : splits) {
    for (std::int64_t i = 0; i < split.sequences; ++i) {
      const StormScene scene = draw_scene(split, i, options, background);
      text += fmt::format("{0},{0}/{1:04d}.nc,{0}/{1:04d}.csv,{2},{3}\n", split.name, i, format_time(scene.start),
                          scene.storms.size());
    }
  }
  return text;
}

std::string sha256_of(const Files& files, const Files::Path& path) {
  const std::string bytes = files.read(path);
  return sha256(std::as_bytes(std::span(bytes)));
}

std::string describe_storms(const Files& files, const Files::Path& tracks_path, const Files::Path& background,
                            const StormsOptions& options, const SeasonSplit& seasons) {
  nlohmann::ordered_json made{
      {"set", "storms"},
      {"seed", options.seed},
      {"train", options.train},
      {"validation", options.validation},
      {"test", options.test},
      {"frames", options.frames},
      {"step_hours", options.step_hours},
      {"west", options.west},
      {"east", options.east},
      {"south", options.south},
      {"north", options.north},
      {"spacing", options.spacing},
      {"calm", options.calm},
      {"seasons", {{"train", seasons.train}, {"validation", seasons.validation}, {"test", seasons.test}}},
      {"tracks", tracks_path.filename().string()},
      {"tracks_sha256", sha256_of(files, tracks_path)}};
  for (const std::string& name : StormBackground::file_names()) {
    made["background_sha256"][name] = sha256_of(files, background / name);
  }
  return made.dump(2) + "\n";
}

std::vector<StormSplit> splits_of(const std::vector<Track>& tracks, const SeasonSplit& seasons,
                                  const StormsOptions& options, const std::string& source) {
  std::vector<StormSplit> splits{{"train", 0, options.train, {}, {}},
                                 {"validation", 1, options.validation, {}, {}},
                                 {"test", 2, options.test, {}, {}}};
  const std::array<const std::vector<std::int64_t>*, 3> years{&seasons.train, &seasons.validation, &seasons.test};
  for (std::size_t s = 0; s < splits.size(); ++s) {
    StormSplit& split = splits[s];
    for (const Track& track : tracks) {
      if (!std::binary_search(years[s]->begin(), years[s]->end(), season_of(track))) continue;
      const auto comes = [&](const TrackPoint& point) { return on_map({point.longitude, point.latitude}, options); };
      if (std::any_of(track.points.begin(), track.points.end(), comes)) split.anchors.push_back(split.tracks.size());
      split.tracks.push_back(track);
    }
    if (split.sequences > 0 && split.anchors.empty()) {
      throw InvalidArgument(
          fmt::format("{}: no track of the {} seasons for \"{}\" comes to the map from {} to {} E and {} to "
                      "{} N",
                      source, years[s]->size(), split.name, options.west, options.east, options.south, options.north));
    }
    Random order(options.seed, split.stream, std::uint64_t{1} << 40);
    order.shuffle(std::span(split.anchors));
  }
  return splits;
}

}  // namespace

SeasonSplit split_seasons(std::span<const Track> tracks, const StormsOptions& options) {
  std::set<std::int64_t> found;
  for (const Track& track : tracks) found.insert(season_of(track));
  std::vector<std::int64_t> years(found.begin(), found.end());
  const std::size_t splits = 1 + (options.validation > 0 ? 1 : 0) + (options.test > 0 ? 1 : 0);
  if (years.size() < splits) {
    throw InvalidArgument(
        fmt::format("tracks of {} seasons for {} splits, of which each needs seasons of its own; ask for "
                    "0 validation or test sequences, or give tracks of more years",
                    years.size(), splits));
  }
  Random(options.seed, std::uint64_t{1} << 41).shuffle(std::span(years));
  const std::size_t fifth = std::max<std::size_t>(years.size() / 5, 1);
  const std::size_t test = options.test > 0 ? fifth : 0;
  const std::size_t validation = options.validation > 0 ? fifth : 0;
  const auto begin = years.begin();
  SeasonSplit split{{begin + static_cast<std::ptrdiff_t>(test + validation), years.end()},
                    {begin + static_cast<std::ptrdiff_t>(test), begin + static_cast<std::ptrdiff_t>(test + validation)},
                    {begin, begin + static_cast<std::ptrdiff_t>(test)}};
  for (std::vector<std::int64_t>* part : {&split.train, &split.validation, &split.test})
    std::sort(part->begin(), part->end());
  return split;
}

void make_storms(const Files& files, const Files::Path& tracks_path, const Files::Path& background_folder,
                 const Files::Path& directory, const StormsOptions& options, ThreadPool& threads) {
  const StormBackground background = StormBackground::read(background_folder);
  check_storm_options(options, background);
  const std::vector<Track> tracks = tracks_from(files, tracks_path);
  if (tracks.empty()) throw InvalidArgument(tracks_path.string() + ": no track lasts a day or more");
  const SeasonSplit seasons = split_seasons(tracks, options);
  const std::vector<StormSplit> splits = splits_of(tracks, seasons, options, tracks_path.string());
  const std::string description = describe_storms(files, tracks_path, background_folder, options, seasons);
  files.create_directories(directory);
  if (is_complete_set(files, directory, "storms", kStormsDescription, description, kStormsManifest)) return;
  files.write_atomic(directory / kStormsDescription, description);
  for (const StormSplit& split : splits) {
    files.create_directories(directory / split.name);
    threads.parallel_for(split.sequences, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const StormScene scene = draw_scene(split, i, options, background);
        write_sequence(files, directory / split.name / fmt::format("{:04d}", i), scene, options, background);
      }
    });
  }
  files.write_atomic(directory / kStormsManifest, manifest_of(splits, options, background));
}

}  // namespace longtake::fields
