// Peaks of one time after the other become tracks. It looks back only, so it works on a live stream as on a file.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "fields/density.h"
#include "fields/tracks.h"

namespace longtake::fields {

struct LinkOptions {
  // How far a storm may move from one time to the next; over a gap of n times, n + 1 times as far.
  double most_km = 500;
  std::int64_t most_missing = 1;  // times in a row that a storm may have no peak and still go on
  std::size_t least_points = 1;   // tracks with fewer are left out of tracks()
};

class TrackLinker {
 public:
  // Throws InvalidArgument for a distance that is not above 0 or a negative gap.
  explicit TrackLinker(const LinkOptions& options = {});
  // Storms that are known already, wherever `known` has them at `times`, which rise: they go on, under their ids, where
  // peaks of later times are near enough. Throws as above, and for times that do not rise.
  TrackLinker(const LinkOptions& options, std::span<const Track> known, std::span<const std::int64_t> times);

  // The peaks of the next time, which must be later than the last. The nearest pair of a storm and a peak is joined
  // first, then the next nearest; a peak that is left begins a storm. Returns each peak's storm, counted from 0.
  std::vector<std::size_t> add(std::int64_t time, std::span<const Peak> peaks);

  // All storms so far, named 1, 2, ... in the order in which they began, without the numbers that are ids of known
  // ones. Of those that were known, which come first, what peaks have added, however little; nothing where none has.
  std::vector<Track> tracks() const;

 private:
  struct Storm {
    Track track;  // of peaks
    GeoPoint place = {};
    std::int64_t last_tick = 0;
    bool known = false;
  };
  void advance(std::int64_t time);
  std::string next_name();

  LinkOptions options_;
  std::int64_t tick_ = 0;
  std::optional<std::int64_t> time_;
  std::vector<Storm> storms_;
  std::vector<std::size_t> living_;
  std::set<std::string> known_;  // ids
  std::int64_t named_ = 0;       // the last number that was a name
};

}  // namespace longtake::fields
