// Positions of storms in time and on the sphere, and the writers of tracks.
#include "fields/tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fields/calendar.h"

namespace longtake::fields {
namespace {

using Json = nlohmann::ordered_json;

TrackPoint between(const TrackPoint& a, const TrackPoint& b, std::int64_t time) {
  const double weight = static_cast<double>(time - a.time) / static_cast<double>(b.time - a.time);
  TrackPoint point;
  point.time = time;
  point.longitude = wrap_longitude(a.longitude + weight * wrap_longitude(b.longitude - a.longitude));
  point.latitude = a.latitude + weight * (b.latitude - a.latitude);
  if (a.score && b.score) point.score = *a.score + weight * (*b.score - *a.score);
  return point;
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\" \t\n\r\v\f") == std::string::npos && !text.empty()) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

Json geojson_position(double longitude, double latitude) { return Json::array({longitude, latitude}); }

// The track's lines, cut where it crosses the antimeridian (RFC 7946, 3.1.9).
Json geojson_lines(const Track& track) {
  Json lines = Json::array();
  Json line = Json::array();
  for (std::size_t i = 0; i < track.points.size(); ++i) {
    const TrackPoint& point = track.points[i];
    const double step = i == 0 ? 0 : point.longitude - track.points[i - 1].longitude;
    if (std::abs(step) > 180) {
      const TrackPoint& before = track.points[i - 1];
      const double edge = step < 0 ? 180 : -180;
      const double reach = wrap_longitude(step);
      const double latitude = before.latitude + (edge - before.longitude) / reach * (point.latitude - before.latitude);
      line.push_back(geojson_position(edge, latitude));
      lines.push_back(line);
      line = Json::array({geojson_position(-edge, latitude)});
    }
    line.push_back(geojson_position(point.longitude, point.latitude));
  }
  lines.push_back(line);
  return lines;
}

Json geojson_geometry(const Track& track) {
  if (track.points.empty()) return nullptr;
  if (track.points.size() == 1) {
    const TrackPoint& point = track.points.front();
    return {{"type", "Point"}, {"coordinates", geojson_position(point.longitude, point.latitude)}};
  }
  const Json lines = geojson_lines(track);
  if (lines.size() == 1) return {{"type", "LineString"}, {"coordinates", lines[0]}};
  return {{"type", "MultiLineString"}, {"coordinates", lines}};
}

}  // namespace

double wrap_longitude(double degrees) {
  const double wrapped = degrees - 360 * std::floor((degrees + 180) / 360);
  // Rounding may land on the other side of either end.
  if (wrapped >= 180) return wrapped - 360;
  return wrapped < -180 ? wrapped + 360 : wrapped;
}

std::vector<StormPosition> positions_at(std::span<const Track> tracks, std::int64_t time, std::int64_t longest_gap_s) {
  std::vector<StormPosition> positions;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const std::vector<TrackPoint>& points = tracks[i].points;
    const auto after = std::lower_bound(points.begin(), points.end(), time,
                                        [](const TrackPoint& point, std::int64_t when) { return point.time < when; });
    if (after == points.end()) continue;
    if (after->time == time) {
      positions.push_back({i, *after});
    } else if (after != points.begin() && after->time - (after - 1)->time <= longest_gap_s) {
      positions.push_back({i, between(*(after - 1), *after, time)});
    }
  }
  return positions;
}

std::string write_tracks_csv(std::span<const Track> tracks) {
  std::string text = "storm_id,time,longitude,latitude,score\n";
  for (const Track& track : tracks) {
    for (const TrackPoint& point : track.points) {
      text += fmt::format("{},{},{},{},{}\n", csv_text(track.id), format_time(point.time), point.longitude,
                          point.latitude, point.score ? fmt::format("{}", *point.score) : "");
    }
  }
  return text;
}

std::string write_tracks_geojson(std::span<const Track> tracks) {
  Json features = Json::array();
  for (const Track& track : tracks) {
    Json times = Json::array();
    Json scores = Json::array();
    for (const TrackPoint& point : track.points) {
      times.push_back(format_time(point.time));
      scores.push_back(point.score ? Json(*point.score) : Json(nullptr));
    }
    features.push_back({{"type", "Feature"},
                        {"properties", {{"storm_id", as_utf8(track.id)}, {"times", times}, {"scores", scores}}},
                        {"geometry", geojson_geometry(track)}});
  }
  return Json({{"type", "FeatureCollection"}, {"features", features}}).dump(1) + "\n";
}

}  // namespace longtake::fields
