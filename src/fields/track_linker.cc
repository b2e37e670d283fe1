// Greedy nearest neighbours in time.
#include "fields/track_linker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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

TrackLinker::TrackLinker(const LinkOptions& options, std::span<const Track> known, std::span<const std::int64_t> times)
    : TrackLinker(options) {
  for (const Track& track : known) known_.insert(track.id);
  std::map<std::size_t, std::size_t> storm_of;  // by the index of a track
  for (const std::int64_t time : times) {
    advance(time);
    for (const StormPosition& position : positions_at(known, time)) {
      const auto [found, is_new] = storm_of.try_emplace(position.track, storms_.size());
      if (is_new) {
        living_.push_back(storms_.size());
        storms_.push_back({.track = {known[position.track].id, {}}, .known = true});
      }
      Storm& storm = storms_[found->second];
      storm.place = {position.point.longitude, position.point.latitude};
      storm.last_tick = tick_;
    }
  }
}

void TrackLinker::advance(std::int64_t time) {
  if (time_ && time <= *time_) {
    throw InvalidArgument(
        fmt::format("storms of {} after those of {}; times must rise", format_time(time), format_time(*time_)));
  }
  time_ = time;
  ++tick_;
}

std::string TrackLinker::next_name() {
  std::string name;
  do {
    name = fmt::format("{}", ++named_);
  } while (known_.contains(name));
  return name;
}

std::vector<std::size_t> TrackLinker::add(std::int64_t time, std::span<const Peak> peaks) {
  advance(time);
  std::erase_if(living_,
                [&](std::size_t storm) { return tick_ - storms_[storm].last_tick > options_.most_missing + 1; });
  std::vector<StormPair> pairs;
  for (const std::size_t storm : living_) {
    const double reach = options_.most_km * static_cast<double>(tick_ - storms_[storm].last_tick);
    for (std::size_t i = 0; i < peaks.size(); ++i) {
      const double km = great_circle_km(storms_[storm].place, {peaks[i].longitude, peaks[i].latitude});
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
      storms_.push_back({.track = {next_name(), {}}, .last_tick = tick_});
    }
    Storm& storm = storms_[storm_of[i]];
    storm.place = {peaks[i].longitude, peaks[i].latitude};
    storm.track.points.push_back({time, peaks[i].longitude, peaks[i].latitude, peaks[i].score});
  }
  return storm_of;
}

std::vector<Track> TrackLinker::tracks() const {
  std::vector<Track> tracks;
  for (const Storm& storm : storms_) {
    if (storm.track.points.size() >= (storm.known ? 1 : options_.least_points)) tracks.push_back(storm.track);
  }
  return tracks;
}

}  // namespace longtake::fields
