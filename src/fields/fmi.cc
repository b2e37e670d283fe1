// FMI's way of writing a radar composite, see fmi.h.
#include "fields/fmi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <numbers>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/gzip.h"
#include "fields/pgm.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::uint16_t kMissingFmi = 255;
constexpr double kRadius = 6371288;  // metres
constexpr std::size_t kLargestPgm = std::size_t{1} << 28;

// "metersperpixel_x 999.67" by its first word.
using Comments = std::map<std::string, std::vector<std::string>, std::less<>>;

Comments by_first_word(const std::vector<std::string>& lines) {
  Comments comments;
  for (const std::string& line : lines) {
    std::vector<std::string> words;
    for (const std::string_view word : split(line, ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    if (words.empty()) continue;
    const std::string key = words.front();
    words.erase(words.begin());
    comments.emplace(key, std::move(words));
  }
  return comments;
}

// The numbers behind a word; nothing where the comment is not there.
std::optional<std::vector<double>> numbers(const Comments& comments, const std::string& key, std::size_t count,
                                           const std::string& where) {
  const auto found = comments.find(key);
  if (found == comments.end()) return std::nullopt;
  if (found->second.size() != count) {
    throw BadData(fmt::format("{}: the comment {} has {} words where {} numbers are wanted", where, key,
                              found->second.size(), count));
  }
  std::vector<double> values;
  for (const std::string& word : found->second) {
    values.push_back(parse_double(word, fmt::format("{}: the comment {}", where, key)));
  }
  return values;
}

// The north polar stereographic projection of a sphere, true at `true_latitude` (Snyder, 21-5 to 21-7).
struct PolarStereographic {
  double central_longitude = 0;
  double true_latitude = 0;

  std::pair<double, double> operator()(double longitude, double latitude) const {
    constexpr double kDegree = std::numbers::pi / 180;
    const double rho =
        kRadius * (1 + std::sin(true_latitude * kDegree)) * std::tan(std::numbers::pi / 4 - latitude * kDegree / 2);
    const double angle = (longitude - central_longitude) * kDegree;
    return {rho * std::sin(angle), -rho * std::cos(angle)};
  }
};

Grid grid_of(const Comments& comments, const Pgm& picture, const std::string& where) {
  Grid grid;
  const auto type = comments.find("type");
  const auto longitude = numbers(comments, "centrallongitude", 1, where);
  const auto latitude = numbers(comments, "centrallatitude", 1, where);
  const auto true_latitude = numbers(comments, "truelatitude", 1, where);
  const auto step_x = numbers(comments, "metersperpixel_x", 1, where);
  const auto step_y = numbers(comments, "metersperpixel_y", 1, where);
  const auto corner = numbers(comments, "bottomleft", 2, where);
  const bool stereographic = type != comments.end() && type->second == std::vector<std::string>{"stereographic"};
  if (!stereographic || !longitude || !latitude || (*latitude)[0] != 90 || !true_latitude || !step_x || !step_y ||
      !corner) {
    return grid;
  }
  if (!((*step_x)[0] > 0) || !((*step_y)[0] > 0)) {
    throw BadData(fmt::format("{}: pixels of {} x {} m", where, (*step_x)[0], (*step_y)[0]));
  }
  grid.kind = GridKind::kProjected;
  grid.projection = fmt::format("+proj=stere +lat_0=90 +lon_0={} +lat_ts={} +a={} +b={} +units=m +no_defs",
                                (*longitude)[0], (*true_latitude)[0], kRadius, kRadius);
  const auto [west, south] = PolarStereographic{(*longitude)[0], (*true_latitude)[0]}((*corner)[0], (*corner)[1]);
  for (std::int64_t i = 0; i < picture.width; ++i)
    grid.x.push_back(west + (static_cast<double>(i) + 0.5) * (*step_x)[0]);
  for (std::int64_t i = picture.height; i > 0; --i) {
    grid.y.push_back(south + (static_cast<double>(i) - 0.5) * (*step_y)[0]);
  }
  return grid;
}

}  // namespace

Field parse_fmi(std::string_view bytes, const std::string& where) {
  const Pgm picture = parse_pgm(bytes, where);
  if (picture.greatest != 255) {
    throw BadData(fmt::format("{}: a maxval of {}; FMI's radar has 255", where, picture.greatest));
  }
  Field field = empty_field(picture.height, picture.width, where);
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (picture.pixels[i] != kMissingFmi) set_cell(field, i, (picture.pixels[i] - 64.0) / 2);
  }
  field.quantity = "reflectivity";
  field.unit = "dBZ";
  field.relation = kFmi;
  const Comments comments = by_first_word(picture.comments);
  const auto time = comments.find("obstime");
  if (time != comments.end() && !time->second.empty()) {
    field.time = parse_time(time->second.front(), where + ": the comment obstime");
  }
  field.grid = grid_of(comments, picture, where);
  return field;
}

std::optional<std::int64_t> time_of_fmi_name(const Files::Path& path) {
  const std::string name = path.filename().string();
  const auto digits =
      std::find_if(name.begin(), name.end(), [](unsigned char letter) { return std::isdigit(letter) == 0; }) -
      name.begin();
  if (digits != 12) return std::nullopt;
  return parse_time(name.substr(0, 12), path.string());
}

Field read_fmi(const Files& files, const Files::Path& path) {
  const std::string where = path.string();
  std::string bytes = files.read(path, kLargestPgm);
  if (is_gzip(bytes)) bytes = inflate_bytes(bytes, kLargestPgm, where);
  Field field = parse_fmi(bytes, where);
  if (!field.time) field.time = time_of_fmi_name(path);
  return field;
}

}  // namespace longtake::fields
