// Peaks of one time after the other become tracks. It looks back only, so it works on a live stream as on a file.
#pragma once

#include <optional>
#include <span>
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

  // The peaks of the next time, which must be later than the last. The nearest pair of a storm and a peak is joined
  // first, then the next nearest; a peak that is left begins a storm. Returns each peak's storm, counted from 0.
  std::vector<std::size_t> add(std::int64_t time, std::span<const Peak> peaks);

  // All storms so far, named 1, 2, ... in the order in which they began.
  std::vector<Track> tracks() const;

 private:
  struct Storm {
    Track track;
    std::int64_t last_tick = 0;
  };
  LinkOptions options_;
  std::int64_t tick_ = 0;
  std::optional<std::int64_t> time_;
  std::vector<Storm> storms_;
  std::vector<std::size_t> living_;
};

}  // namespace longtake::fields
