// What the readers of tracks share: points by the track's name, checked and sorted. Private to fields.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fields/tracks.h"

namespace longtake::fields {

class TrackBuilder {
 public:
  // Throws BadData that starts with `where` for a place that is not on Earth.
  void add(const std::string& id, TrackPoint point, const std::string& where);
  // Sorted; throws BadData that starts with `source_name` for a track that is at two places at once.
  std::vector<Track> take(const std::string& source_name);

 private:
  std::vector<Track> tracks_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

}  // namespace longtake::fields
