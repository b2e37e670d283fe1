// Gathers tracks.
#include "fields/track_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::fields {

void TrackBuilder::add(const std::string& id, TrackPoint point, const std::string& where) {
  if (id.empty()) throw BadData(where + ": the storm has no id");
  if (!(point.latitude >= -90 && point.latitude <= 90) || !(std::abs(point.longitude) <= 360)) {
    throw BadData(fmt::format("{}: longitude {} and latitude {}; -360 to 360 and -90 to 90 are wanted", where,
                              point.longitude, point.latitude));
  }
  point.longitude = wrap_longitude(point.longitude);
  const auto [number, is_new] = numbers_.try_emplace(id, tracks_.size());
  if (is_new) tracks_.push_back({id, {}});
  tracks_[number->second].points.push_back(point);
}

std::vector<Track> TrackBuilder::take(const std::string& source_name) {
  const auto earlier = [](const TrackPoint& a, const TrackPoint& b) { return a.time < b.time; };
  for (Track& track : tracks_) {
    std::stable_sort(track.points.begin(), track.points.end(), earlier);
    const auto twice = std::adjacent_find(track.points.begin(), track.points.end(),
                                          [](const TrackPoint& a, const TrackPoint& b) { return a.time == b.time; });
    if (twice != track.points.end()) {
      throw BadData(fmt::format("{}: the storm \"{:.60}\" has two points at {}", source_name, track.id,
                                format_time(twice->time)));
    }
  }
  numbers_.clear();
  return std::exchange(tracks_, {});
}

}  // namespace longtake::fields
