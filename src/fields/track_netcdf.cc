// Trajectories of the CF conventions.
#include <fmt/format.h>

#include <cmath>

#include "fields/calendar.h"
#include "fields/cf.h"
#include "fields/netcdf_file.h"
#include "fields/track_builder.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

const NetcdfVariable& find_track_variable(const NetcdfFile& file, const std::string& asked,
                                          std::initializer_list<const char*> usual) {
  if (!asked.empty()) return file.get(asked);
  for (const char* name : usual) {
    if (const NetcdfVariable* variable = file.find(name)) return *variable;
  }
  return file.get(*usual.begin());  // says what is there
}

std::vector<double> unpacked(const NetcdfFile& file, const NetcdfVariable& variable) {
  const Packing packing(file, variable);
  std::vector<double> values = file.read(variable);
  for (double& value : values) value = packing.unpack(value);
  return values;
}

// The variable that holds each track's number of points, where they stand one after the other.
const NetcdfVariable* find_lengths(const NetcdfFile& file) {
  for (const NetcdfVariable& variable : file.variables()) {
    if (variable.dimensions.size() == 1 && file.text(variable, "sample_dimension")) return &variable;
  }
  return nullptr;
}

const NetcdfVariable* find_ids(const NetcdfFile& file, const std::string& asked) {
  if (!asked.empty()) return &file.get(asked);
  for (const NetcdfVariable& variable : file.variables()) {
    if (file.text(variable, "cf_role") == "trajectory_id") return &variable;
  }
  return nullptr;
}

// How many of the points each track has.
std::vector<std::int64_t> track_lengths(const NetcdfFile& file, const NetcdfVariable& time) {
  std::vector<std::int64_t> lengths;
  if (time.dimensions.size() == 2) {
    lengths.assign(static_cast<std::size_t>(time.dimensions[0].size), time.dimensions[1].size);
    return lengths;
  }
  const NetcdfVariable* counts = find_lengths(file);
  if (counts == nullptr || time.dimensions.size() != 1) {
    throw BadData(fmt::format("{}: holds no tracks: neither rows of {} nor a variable with sample_dimension",
                              file.where(), time.name));
  }
  std::int64_t left = time.count();
  for (const double count : file.read(*counts)) {
    if (!(count >= 0 && count <= static_cast<double>(left))) {
      throw BadData(
          fmt::format("{}: {} has a length of {} where {} points are left", file.where(), counts->name, count, left));
    }
    lengths.push_back(static_cast<std::int64_t>(count));
    left -= lengths.back();
  }
  return lengths;
}

std::vector<std::string> track_names(const NetcdfFile& file, const std::string& asked, std::size_t count) {
  std::vector<std::string> names;
  const NetcdfVariable* ids = find_ids(file, asked);
  if (ids != nullptr && ids->type == NetcdfType::kText) {
    names = file.read_texts(*ids);
  } else if (ids != nullptr) {
    for (const double id : file.read(*ids)) names.push_back(fmt::format("{}", id));
  } else {
    for (std::size_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}", i));
  }
  if (names.size() != count) {
    throw BadData(fmt::format("{}: {} names for {} tracks", file.where(), names.size(), count));
  }
  return names;
}

}  // namespace

std::vector<Track> read_netcdf_tracks(const Files::Path& path, const TrackTableOptions& options) {
  const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path);
  const NetcdfFile& file = *opened;
  const NetcdfVariable& time = find_track_variable(file, options.time, {"time"});
  const NetcdfVariable& longitude = find_track_variable(file, options.longitude, {"lon", "longitude"});
  const NetcdfVariable& latitude = find_track_variable(file, options.latitude, {"lat", "latitude"});
  const NetcdfVariable* score = options.score.empty() ? nullptr : &file.get(options.score);
  for (const NetcdfVariable* variable : {&longitude, &latitude, score}) {
    if (variable == nullptr || variable->dimensions == time.dimensions) continue;
    throw BadData(fmt::format("{}: {} and {} have different dimensions", file.where(), variable->name, time.name));
  }
  const std::vector<std::int64_t> lengths = track_lengths(file, time);
  const std::vector<std::string> names = track_names(file, options.id, lengths.size());
  const TimeUnits units(file.text(time, "units").value_or(""), file.text(time, "calendar").value_or(""),
                        fmt::format("{}: {}", file.where(), time.name));
  const std::vector<double> times = unpacked(file, time);
  const std::vector<double> longitudes = unpacked(file, longitude);
  const std::vector<double> latitudes = unpacked(file, latitude);
  const std::vector<double> scores = score != nullptr ? unpacked(file, *score) : std::vector<double>();
  TrackBuilder builder;
  std::size_t i = 0;
  for (std::size_t track = 0; track < lengths.size(); ++track) {
    for (std::int64_t k = 0; k < lengths[track]; ++k, ++i) {
      if (std::isnan(times[i]) || std::isnan(longitudes[i]) || std::isnan(latitudes[i])) continue;
      TrackPoint point{units.to_utc(times[i]), longitudes[i], latitudes[i], std::nullopt};
      if (!scores.empty() && !std::isnan(scores[i])) point.score = scores[i];
      builder.add(names[track], point, fmt::format("{}: point {}", file.where(), i));
    }
  }
  return builder.take(file.where());
}

}  // namespace longtake::fields
