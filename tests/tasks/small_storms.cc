#include "tasks/small_storms.h"

#include <fmt/format.h>

#include <cmath>

#include "base/files.h"
#include "fields/calendar.h"
#include "fields/density.h"
#include "fields/netcdf_writer.h"
#include "fields/tracks.h"

namespace longtake::test {

namespace {

fields::Track track_of(std::int64_t sequence, const SmallStorms& storms, std::int64_t start) {
  fields::Track track{.id = "S", .points = {}};
  for (std::int64_t frame = 0; frame < storms.frames; ++frame) {
    const auto steps = static_cast<double>(frame);
    track.points.push_back({start + 21600 * frame, -36 + 2 * static_cast<double>(sequence % 3) - 2 * steps,
                            24 + static_cast<double>(sequence % 2) + steps, 30.0});
  }
  return track;
}

void write_sequence(const std::filesystem::path& stem, std::int64_t sequence, const SmallStorms& storms) {
  const std::int64_t start = fields::parse_time("2020-09-01T00:00:00Z", "a test") + 864000 * sequence;
  std::vector<fields::Track> tracks;
  if (!storms.calm) tracks.push_back(track_of(sequence, storms, start));
  fields::Field like = fields::empty_field(storms.height, storms.width, "a test");
  like.grid.kind = fields::GridKind::kGeographic;
  for (std::int64_t x = 0; x < storms.width; ++x) like.grid.x.push_back(-60 + 2 * static_cast<double>(x));
  for (std::int64_t y = 0; y < storms.height; ++y) like.grid.y.push_back(40 - 2 * static_cast<double>(y));
  fields::NetcdfContents contents{.variables = {{}, {}}, .reference_times = {}, .attributes = {}};
  for (std::int64_t frame = 0; frame < storms.frames; ++frame) {
    fields::Field pressure =
        fields::density_map(tracks, start + 21600 * frame, like, {.sigma_km = 250, .sigma_of = {}});
    fields::Field wind = pressure;
    for (float& value : pressure.values) value = 101000 - 3000 * value;
    for (float& value : wind.values) value = 0;
    pressure.quantity = "PSL";
    pressure.unit = "Pa";
    wind.quantity = "U850";
    wind.unit = "m s-1";
    contents.variables[0].push_back(pressure);
    contents.variables[1].push_back(wind);
  }
  fields::write_netcdf(real_files(), stem.string() + ".nc", contents);
  real_files().write_atomic(stem.string() + ".csv", fields::write_tracks_csv(tracks));
}

}  // namespace

void write_small_storms(const std::filesystem::path& folder, const SmallStorms& storms) {
  std::string manifest = "split,fields,tracks,note\n";
  for (const auto& [split, count] :
       {std::pair{"train", storms.train}, std::pair{"validation", storms.validation}, std::pair{"test", storms.test}}) {
    real_files().create_directories(folder / split);
    for (std::int64_t i = 0; i < count; ++i) {
      write_sequence(folder / split / std::to_string(i), i, storms);
      manifest += fmt::format("{0},{0}/{1}.nc,{0}/{1}.csv,made\n", split, i);
    }
  }
  real_files().write_atomic(folder / "manifest.csv", manifest);
}

}  // namespace longtake::test
