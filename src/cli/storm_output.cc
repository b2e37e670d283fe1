#include "cli/storm_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/files.h"
#include "cli/cli.h"
#include "fields/netcdf_writer.h"
#include "longtake/error.h"
#include "media/image.h"
#include "media/video_writer.h"
#include "reports/field_picture.h"

namespace longtake::cli {

namespace {

constexpr double kStormFilmFps = 4;
constexpr std::size_t kMostMaps = 8;  // in a picture

reports::FieldPanel panel_of(const StormAnswer& answer, std::size_t frame) {
  const fields::Field& density = answer.densities[frame];
  reports::FieldPanel panel{
      .title = "density of storms", .field = &density, .note = "", .marks = answer.centres[frame]};
  if (answer.seen) panel.note = fmt::format("+{:g} h", static_cast<double>(*density.time - *answer.seen) / 3600);
  return panel;
}

void write_maps(const StormAnswer& answer, const std::string& title, const std::string& path) {
  const std::size_t frames = answer.densities.size(), stride = (frames + kMostMaps - 1) / kMostMaps;
  std::vector<reports::FieldPanel> panels;
  for (std::size_t frame = 0; frame < frames; frame += stride) panels.push_back(panel_of(answer, frame));
  media::write_png(path, reports::draw_fields(panels, reports::scale_for(answer.densities), {.title = title}));
}

void write_storm_film(const StormAnswer& answer, const std::string& title, const std::string& path) {
  const reports::FieldScale scale = reports::scale_for(answer.densities);
  std::optional<media::VideoWriter> writer;
  for (std::size_t frame = 0; frame < answer.densities.size(); ++frame) {
    const reports::FieldPanel panel = panel_of(answer, frame);
    const Tensor picture = reports::draw_fields({&panel, 1}, scale, {.title = title});
    if (!writer) {
      writer.emplace(path, static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)),
                     media::VideoWriterOptions{.fps = kStormFilmFps});
    }
    writer->write(picture);
  }
  writer->finish();
}

void write_densities(const StormAnswer& answer, const std::string& model, const std::string& path) {
  fields::NetcdfContents contents{
      .variables = {answer.densities},
      .reference_times = {},
      .attributes = {{"title", answer.seen ? "forecast density of storms" : "density of storms"}, {"source", model}}};
  if (answer.seen) contents.reference_times = {*answer.seen};
  fields::write_netcdf(real_files(), path, contents);
}

// Where both are there, and the same.
bool same_place(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code missing;
  return std::filesystem::equivalent(a, b, missing);
}

}  // namespace

void write_storms(const StormAnswer& answer, const std::string& name, const std::string& model,
                  const std::string& folder, const std::vector<std::string>& kinds) {
  const auto path = [&](const char* ending) {
    std::string written = (std::filesystem::path(folder) / (name + ending)).string();
    tell(written);
    return written;
  };
  real_files().write_atomic(path(".csv"), fields::write_tracks_csv(answer.tracks));
  real_files().write_atomic(path(".geojson"), fields::write_tracks_geojson(answer.tracks));
  for (const std::string& kind : kinds) {
    if (kind == "netcdf") write_densities(answer, model, path(".density.nc"));
    if (kind == "png") write_maps(answer, name, path(".png"));
    if (kind == "mp4") write_storm_film(answer, name, path(".mp4"));
  }
}

void check_storm_names(const std::vector<std::string>& files, const std::string& tracks, const std::string& folder) {
  std::set<std::string> names;
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).stem().string();
    const bool beside = !folder.empty() && same_place(std::filesystem::absolute(file).parent_path(), folder);
    const bool known = !tracks.empty() && same_place(std::filesystem::path(folder) / (name + ".csv"), tracks);
    if (beside || (known && !folder.empty())) {
      throw ConfigError(
          fmt::format("--output {}: {} lies there, and what was known of its storms would be overwritten; "
                      "name another folder",
                      folder, beside ? file : tracks));
    }
    if (names.insert(name).second) continue;
    throw ConfigError(fmt::format("two files are called {}; give them one by one, with a folder each", name));
  }
}

}  // namespace longtake::cli
