// The generated set of storm tracking: tropical cyclones that move along real tracks through real weather, with lows,
// waves and showers that are none, and the truth beside them. It is for learning and testing without a climate archive;
// what is reached on it says nothing about real storms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "fields/tracks.h"

namespace longtake::fields {

struct StormsOptions {
  std::uint64_t seed = 1;
  std::int64_t train = 200, validation = 30, test = 50;  // sequences
  std::int64_t frames = 24;
  std::int64_t step_hours = 6;
  // The edges of the map in degrees, and its cells.
  double west = -100, east = -10, south = 5, north = 55;
  double spacing = 1;
  // The share of sequences without a tropical cyclone.
  double calm = 0.1;

  friend bool operator==(const StormsOptions&, const StormsOptions&) = default;
};

// Which tracks belong to which split: seasons, the years in which tracks begin, are dealt out whole, so that no track
// and no storm that met another is in two splits.
struct SeasonSplit {
  std::vector<std::int64_t> train, validation, test;  // years, rising
};

// A fifth of the seasons each for test and for validation, where the options want them, at least one; the rest for
// training. Throws InvalidArgument where there are fewer seasons than splits.
SeasonSplit split_seasons(std::span<const Track> tracks, const StormsOptions& options);

// Writes, into `directory`, train/0000.nc and so on: sequences of the fields PSL (Pa), U850, V850 (m s-1), PRECT (m s-1
// of liquid water), TS (K), QREFHT (kg kg-1) and T500 (K) as CF NetCDF; beside each 0000.csv, the storms on its map at
// its times as read_tracks() reads them, where the score is the greatest wind in m/s without the storm's motion;
// storms.json, how the set was made; and last manifest.csv, a line a sequence.
//
// Tracks come from `tracks_path` (NetCDF, or a text as read_tracks()), the weather from the folder `background` (see
// StormBackground). Of the tracks those of a day or more are used. The same options and files give the same bytes; a
// directory with the same set is left as it is.
//
// Throws InvalidArgument for options out of range, tracks that do not come to the map and a directory that holds
// anything else; BadData for files that are none; IoError.
void make_storms(const Files& files, const Files::Path& tracks_path, const Files::Path& background,
                 const Files::Path& directory, const StormsOptions& options, ThreadPool& threads);

}  // namespace longtake::fields
