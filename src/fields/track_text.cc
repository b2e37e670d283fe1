// The texts of TRACK and of TempestExtremes.
#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/table.h"
#include "fields/track_builder.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

// What TRACK writes where it has no number.
constexpr double kNoTrackNumber = 1e12;

// The lines of a file one after the other.
class TrackLines {
 public:
  TrackLines(std::string_view text, const std::string& source_name)
      : source_name_(source_name), lines_(table_lines(text, source_name)) {}

  bool done() const { return next_ == lines_.size(); }
  const std::string& where() const { return where_; }

  // The words of the next line, of which there must be `least`; `wanted` is what a message asks for.
  std::vector<std::string_view> take(std::size_t least, std::string_view wanted) {
    if (done()) throw BadData(fmt::format("{}: the file ends where {} is wanted", source_name_, wanted));
    where_ = table_place(source_name_, lines_[next_].number);
    std::vector<std::string_view> words = words_of(lines_[next_++].text);
    if (words.size() < least)
      throw BadData(fmt::format("{}: {} words where {} is wanted", where_, words.size(), wanted));
    return words;
  }

  // The number behind `keyword`, which the next line must begin with.
  std::vector<std::string_view> take_keyword(std::string_view keyword) {
    std::vector<std::string_view> words = take(2, keyword);
    if (words[0] != keyword) throw BadData(fmt::format("{}: \"{:.40}\" where {} is wanted", where_, words[0], keyword));
    return words;
  }

  std::int64_t count(std::string_view word) const {
    const std::int64_t value = parse_int64(word, where_);
    if (value < 0) throw BadData(fmt::format("{}: a count of {}", where_, value));
    return value;
  }

 private:
  const std::string& source_name_;
  std::vector<TableLine> lines_;
  std::size_t next_ = 0;
  std::string where_;
};

// Whole steps, or YYYYMMDDHH[MM].
std::int64_t track_time(std::string_view word, const TrackTextOptions& options, const std::string& where) {
  if (word.size() >= 8) return parse_time(word, where);
  const std::int64_t step = parse_int64(word, where);
  if (!options.start) {
    throw InvalidArgument(fmt::format("{}: the time is step {}; say when step 1 is (start)", where, step));
  }
  return *options.start + (step - 1) * options.step_s;
}

std::int64_t tempest_time(std::span<const std::string_view> words, const std::string& where) {
  return utc_seconds(parse_int64(words[0], where), parse_int64(words[1], where), parse_int64(words[2], where),
                     parse_int64(words[3], where), 0, where);
}

// A track of TRACK: TRACK_ID, POINT_NUM and its points.
void read_track(TrackLines& lines, const TrackTextOptions& options, TrackBuilder& builder) {
  const std::string id(lines.take_keyword("TRACK_ID")[1]);
  for (std::int64_t left = lines.count(lines.take_keyword("POINT_NUM")[1]); left > 0; --left) {
    const std::vector<std::string_view> words = lines.take(4, "time longitude latitude intensity");
    TrackPoint point;
    point.time = track_time(words[0], options, lines.where());
    point.longitude = parse_double(words[1], lines.where());
    point.latitude = parse_double(words[2], lines.where());
    const double intensity = parse_double(words[3], lines.where());
    if (std::abs(intensity) < kNoTrackNumber) point.score = intensity;
    builder.add(id, point, lines.where());
  }
}

TrackPoint tempest_point(const std::vector<std::string_view>& words, const TempestOptions& options,
                         const std::string& where) {
  const std::size_t place = options.unstructured ? 1 : 2;
  TrackPoint point;
  point.longitude = parse_double(words[place], where);
  point.latitude = parse_double(words[place + 1], where);
  point.time = tempest_time(std::span(words).last(4), where);
  const std::size_t numbers = words.size() - place - 6;
  if (options.score && *options.score >= numbers) {
    throw InvalidArgument(
        fmt::format("{}: the score is number {} behind the latitude, of {}", where, *options.score, numbers));
  }
  if (options.score) point.score = parse_double(words[place + 2 + *options.score], where);
  return point;
}

}  // namespace

std::vector<Track> parse_track_text(std::string_view text, const std::string& source_name,
                                    const TrackTextOptions& options) {
  TrackLines lines(text, source_name);
  std::vector<std::string_view> words = lines.take(1, "TRACK_NUM");
  while (words[0] != "TRACK_NUM") words = lines.take(1, "TRACK_NUM");
  if (words.size() < 2) throw BadData(lines.where() + ": TRACK_NUM says no number");
  TrackBuilder builder;
  for (std::int64_t left = lines.count(words[1]); left > 0; --left) read_track(lines, options, builder);
  return builder.take(source_name);
}

std::vector<Track> parse_tempest_extremes(std::string_view text, const std::string& source_name,
                                          const TempestOptions& options) {
  TrackLines lines(text, source_name);
  TrackBuilder builder;
  for (std::int64_t number = 1; !lines.done(); ++number) {
    const std::vector<std::string_view> start = lines.take_keyword("start");
    const std::string id = fmt::format("{}", number);
    for (std::int64_t left = lines.count(start[1]); left > 0; --left) {
      const std::size_t least = options.unstructured ? 7 : 8;
      builder.add(
          id,
          tempest_point(lines.take(least, "i j longitude latitude ... year month day hour"), options, lines.where()),
          lines.where());
    }
  }
  return builder.take(source_name);
}

}  // namespace longtake::fields
