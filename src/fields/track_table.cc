// Tables of tracks, IBTrACS among them, and the choice between the formats.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/table.h"
#include "fields/track_builder.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

std::string lower_name(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return name;
}

struct TrackColumns {
  std::size_t id = kNoColumn;
  std::size_t time = kNoColumn;
  std::size_t longitude = kNoColumn;
  std::size_t latitude = kNoColumn;
  std::size_t score = kNoColumn;
};

// The column that is asked for, or the first of the usual names.
std::size_t find_column(const std::vector<std::string>& header, const std::string& asked,
                        std::initializer_list<std::string_view> usual, bool needed, const std::string& where) {
  std::vector<std::string_view> names(usual);
  if (!asked.empty()) names.assign(1, asked);
  for (const std::string_view name : names) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (lower_name(header[i]) == lower_name(name)) return i;
    }
  }
  if (!needed && asked.empty()) return kNoColumn;
  throw BadData(fmt::format("{}: the header has no column \"{:.60}\"; it has {:.1000}", where,
                            asked.empty() ? std::string(*usual.begin()) : asked, join(header, ", ")));
}

TrackColumns find_columns(const std::vector<std::string>& header, const TrackTableOptions& options,
                          const std::string& where) {
  TrackColumns columns;
  columns.id = find_column(header, options.id, {"storm_id", "track_id", "sid", "id"}, true, where);
  columns.time = find_column(header, options.time, {"time", "iso_time"}, true, where);
  columns.longitude = find_column(header, options.longitude, {"longitude", "lon"}, true, where);
  columns.latitude = find_column(header, options.latitude, {"latitude", "lat"}, true, where);
  columns.score = find_column(header, options.score, {"score"}, false, where);
  return columns;
}

}  // namespace

std::vector<Track> parse_track_table(std::string_view text, const std::string& source_name,
                                     const TrackTableOptions& options) {
  const std::vector<TableLine> lines = table_lines(text, source_name);
  if (lines.empty()) throw BadData(source_name + ": is empty; storm_id,time,longitude,latitude is wanted");
  const std::string header_place = table_place(source_name, lines[0].number);
  const std::vector<std::string> header = table_values(lines[0].text, header_place);
  const TrackColumns columns = find_columns(header, options, header_place);
  TrackBuilder builder;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string where = table_place(source_name, lines[i].number);
    const std::vector<std::string> values = table_values(lines[i].text, where);
    if (values.size() != header.size()) {
      throw BadData(fmt::format("{}: {} values where the header has {}", where, values.size(), header.size()));
    }
    if (i == 1 && values[columns.id].empty() && values[columns.time].empty()) continue;  // IBTrACS's line of units
    TrackPoint point;
    point.time = parse_time(values[columns.time], where);
    point.longitude = parse_double(values[columns.longitude], where + ": the longitude");
    point.latitude = parse_double(values[columns.latitude], where + ": the latitude");
    if (columns.score != kNoColumn && !values[columns.score].empty()) {
      point.score = parse_double(values[columns.score], where + ": the score");
    }
    builder.add(values[columns.id], point, where);
  }
  return builder.take(source_name);
}

std::vector<Track> parse_tracks(std::string_view text, const std::string& source_name) {
  const std::string_view begin = text.substr(0, 1000);
  const std::vector<std::string_view> words = words_of(trim(begin).substr(0, trim(begin).find('\n')));
  if (!words.empty() && words[0] == "start") return parse_tempest_extremes(text, source_name);
  if (begin.find("TRACK_NUM") != std::string_view::npos) return parse_track_text(text, source_name);
  return parse_track_table(text, source_name);
}

std::vector<Track> read_tracks(const Files& files, const Files::Path& path) {
  return path.extension() == ".nc" ? read_netcdf_tracks(path) : parse_tracks(files.read(path), path.string());
}

}  // namespace longtake::fields
