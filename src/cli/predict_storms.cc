#include "cli/predict_storms.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "cli/cli.h"
#include "cli/nowcast_output.h"
#include "fields/coding.h"
#include "fields/netcdf_writer.h"
#include "fields/tracks.h"
#include "longtake/error.h"
#include "media/image.h"
#include "media/video_writer.h"
#include "reports/field_picture.h"

namespace longtake::cli {

namespace {

using fields::Field;

constexpr double kStormFilmFps = 4;
constexpr std::size_t kMostMaps = 8;  // in a picture

// What was found in a file.
struct FollowedFile {
  std::vector<Field> densities;
  std::vector<std::vector<GeoPoint>> centres;  // of each map
  std::vector<fields::Track> tracks;
};

// `keep` the maps, which pictures and files need; tracks do not.
FollowedFile follow_storms(const StormModel& opened, const std::string& path, bool keep) {
  const InputSpec& spec = tasks::storm_input_of(*opened.model);
  const tasks::ClimateFile file(path, spec, "");
  tasks::Tracker tracker(*opened.model, opened.executors, file.like());
  const fields::FieldCoding coding(spec);
  std::vector<float> frame(static_cast<std::size_t>(coding.channels()) * file.like().count());
  FollowedFile followed;
  for (std::size_t i = 0; i < file.times().size() && !interrupted(); ++i) {
    std::vector<Field> channels;
    for (std::size_t c = 0; c < spec.fields.size(); ++c) channels.push_back(file.read(c, i));
    coding.encode(channels, frame);
    tasks::Tracker::Answer answer = tracker.push(file.times()[i], frame);
    if (!keep) continue;
    followed.centres.emplace_back();
    for (const fields::Peak& peak : answer.peaks) followed.centres.back().push_back({peak.longitude, peak.latitude});
    followed.densities.push_back(std::move(answer.density));
  }
  followed.tracks = tracker.tracks();
  return followed;
}

reports::FieldPanel panel_of(const FollowedFile& followed, std::size_t frame) {
  return {
      .title = "density of storms", .field = &followed.densities[frame], .note = "", .marks = followed.centres[frame]};
}

void write_maps(const FollowedFile& followed, const std::string& title, const std::string& path) {
  const std::size_t frames = followed.densities.size(), stride = (frames + kMostMaps - 1) / kMostMaps;
  std::vector<reports::FieldPanel> panels;
  for (std::size_t frame = 0; frame < frames; frame += stride) panels.push_back(panel_of(followed, frame));
  media::write_png(path, reports::draw_fields(panels, reports::scale_for(followed.densities), {.title = title}));
}

void write_storm_film(const FollowedFile& followed, const std::string& title, const std::string& path) {
  const reports::FieldScale scale = reports::scale_for(followed.densities);
  std::optional<media::VideoWriter> writer;
  for (std::size_t frame = 0; frame < followed.densities.size(); ++frame) {
    const reports::FieldPanel panel = panel_of(followed, frame);
    const Tensor picture = reports::draw_fields({&panel, 1}, scale, {.title = title});
    if (!writer) {
      writer.emplace(path, static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)),
                     media::VideoWriterOptions{.fps = kStormFilmFps});
    }
    writer->write(picture);
  }
  writer->finish();
}

void write_followed(const FollowedFile& followed, const std::string& name, const std::string& model,
                    const std::string& folder, const std::vector<std::string>& kinds) {
  const auto path = [&](const char* ending) {
    std::string written = (std::filesystem::path(folder) / (name + ending)).string();
    tell(written);
    return written;
  };
  real_files().write_atomic(path(".csv"), fields::write_tracks_csv(followed.tracks));
  real_files().write_atomic(path(".geojson"), fields::write_tracks_geojson(followed.tracks));
  for (const std::string& kind : kinds) {
    if (kind == "netcdf") {
      fields::write_netcdf(real_files(), path(".density.nc"),
                           {.variables = {followed.densities},
                            .reference_times = {},
                            .attributes = {{"title", "density of storms"}, {"source", model}}});
    }
    if (kind == "png") write_maps(followed, name, path(".png"));
    if (kind == "mp4") write_storm_film(followed, name, path(".mp4"));
  }
}

// Files of one name would overwrite each other's tracks; tracks beside a file may be the truth about it.
void check_storm_names(const std::vector<std::string>& files, const std::string& folder) {
  std::set<std::string> names;
  for (const std::string& file : files) {
    std::error_code missing;
    if (!folder.empty() &&
        std::filesystem::equivalent(std::filesystem::absolute(file).parent_path(), folder, missing)) {
      throw ConfigError(
          fmt::format("--output {}: {} lies there, and what was known of its storms would be overwritten; "
                      "name another folder",
                      folder, file));
    }
    if (names.insert(std::filesystem::path(file).stem().string()).second) continue;
    throw ConfigError(fmt::format("two files are called {}; give them one by one, with a folder each",
                                  std::filesystem::path(file).stem().string()));
  }
}

}  // namespace

int predict_storms(const StormModel& opened, const StormPredictOptions& options) {
  if (opened.model->task != tasks::kTrackTask) {
    throw ConfigError(
        fmt::format("{}: forecasts storms from the tracks of the past, which predict does not take; "
                    "`longtake evaluate` measures it",
                    opened.path));
  }
  const std::vector<std::string> kinds = parse_kinds(options.write);
  const bool to_folder = !options.output.empty();
  if (!to_folder && options.files.size() > 1) {
    throw ConfigError("tracks of several files cannot be told apart in one output; give --output DIRECTORY");
  }
  check_storm_names(options.files, options.output);
  if (to_folder) real_files().create_directories(options.output);
  std::int64_t skipped = 0;
  for (const std::string& file : options.files) {
    if (interrupted()) break;
    try {
      const FollowedFile followed = follow_storms(opened, file, to_folder);
      if (interrupted()) break;
      if (!to_folder) {
        put(fields::write_tracks_csv(followed.tracks));
        continue;
      }
      write_followed(followed, std::filesystem::path(file).stem().string(), opened.path, options.output, kinds);
    } catch (const Error& error) {
      if (options.files.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++skipped;
    }
  }
  return skipped > 0 || interrupted() ? kPartial : kDone;
}

}  // namespace longtake::cli
