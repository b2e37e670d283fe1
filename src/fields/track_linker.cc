// Greedy nearest neighbours in time.
#include "fields/track_linker.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kNoStorm = static_cast<std::size_t>(-1);

struct StormPair {
  double km;
  std::size_t storm;
  std::size_t peak;
};

}  // namespace

TrackLinker::TrackLinker(const LinkOptions& options) : options_(options) {
  if (!(options.most_km > 0) || options.most_missing < 0) {
    throw InvalidArgument(
        fmt::format("storms that move {} km and may miss {} times; above 0, and 0 or more, are wanted", options.most_km,
                    options.most_missing));
  }
}

std::vector<std::size_t> TrackLinker::add(std::int64_t time, std::span<const Peak> peaks) {
  if (time_ && time <= *time_) {
    throw InvalidArgument(
        fmt::format("peaks of {} after those of {}; times must rise", format_time(time), format_time(*time_)));
  }
  time_ = time;
  ++tick_;
  std::erase_if(living_,
                [&](std::size_t storm) { return tick_ - storms_[storm].last_tick > options_.most_missing + 1; });
  std::vector<StormPair> pairs;
  for (const std::size_t storm : living_) {
    const TrackPoint& last = storms_[storm].track.points.back();
    const double reach = options_.most_km * static_cast<double>(tick_ - storms_[storm].last_tick);
    for (std::size_t i = 0; i < peaks.size(); ++i) {
      const double km = great_circle_km({last.longitude, last.latitude}, {peaks[i].longitude, peaks[i].latitude});
      if (km <= reach) pairs.push_back({km, storm, i});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const StormPair& a, const StormPair& b) {
    return std::tie(a.km, a.storm, a.peak) < std::tie(b.km, b.storm, b.peak);
  });
  std::vector<std::size_t> storm_of(peaks.size(), kNoStorm);
  for (const StormPair& pair : pairs) {
    if (storm_of[pair.peak] != kNoStorm || storms_[pair.storm].last_tick == tick_) continue;
    storm_of[pair.peak] = pair.storm;
    storms_[pair.storm].last_tick = tick_;
  }
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    if (storm_of[i] == kNoStorm) {
      storm_of[i] = storms_.size();
      living_.push_back(storms_.size());
      storms_.push_back({{fmt::format("{}", storms_.size() + 1), {}}, tick_});
    }
    storms_[storm_of[i]].track.points.push_back({time, peaks[i].longitude, peaks[i].latitude, peaks[i].score});
  }
  return storm_of;
}

std::vector<Track> TrackLinker::tracks() const {
  std::vector<Track> tracks;
  for (const Storm& storm : storms_) {
    if (storm.track.points.size() >= options_.least_points) tracks.push_back(storm.track);
  }
  return tracks;
}

}  // namespace longtake::fields
