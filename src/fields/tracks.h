// Tracks of storms: where each was when, and how strong. The type, what may be asked of it, and the writers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fields/field.h"

namespace longtake::fields {

struct TrackPoint {
  std::int64_t time = 0;        // seconds since 1970-01-01 00:00:00 UTC
  double longitude = 0;         // degrees east, [-180, 180)
  double latitude = 0;          // degrees north, [-90, 90]
  std::optional<double> score;  // intensity or confidence, as the source gives it
  friend bool operator==(const TrackPoint&, const TrackPoint&) = default;
};

struct Track {
  std::string id;
  std::vector<TrackPoint> points;  // by time, each later than the one before
  friend bool operator==(const Track&, const Track&) = default;
};

// `degrees` in [-180, 180).
double wrap_longitude(double degrees);

// Where the storms are at `time`: between two points of a track no more than `longest_gap_s` apart, on the straight
// line in longitude and latitude (the short way around), with the score between theirs.
struct StormPosition {
  std::size_t track = 0;  // its index
  TrackPoint point;
};
std::vector<StormPosition> positions_at(std::span<const Track> tracks, std::int64_t time,
                                        std::int64_t longest_gap_s = 21600);

// "storm_id,time,longitude,latitude,score", a line a point, times as 2018-06-16T10:00:00Z; an absent score is empty.
// read_tracks() reads it back.
std::string write_tracks_csv(std::span<const Track> tracks);

// RFC 7946: a feature a track, its geometry a LineString (a Point for one point, a MultiLineString where it crosses the
// antimeridian), its properties storm_id and, a value a point, times and scores.
std::string write_tracks_geojson(std::span<const Track> tracks);

}  // namespace longtake::fields
