#include "cli/predict_storms.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <utility>

#include "base/files.h"
#include "cli/cli.h"
#include "cli/nowcast_output.h"
#include "cli/storm_output.h"
#include "fields/calendar.h"
#include "fields/coding.h"
#include "fields/track_readers.h"
#include "longtake/error.h"
#include "tasks/storm_forecast.h"

namespace longtake::cli {

namespace {

using fields::Field;

std::vector<GeoPoint> places_of(const std::vector<fields::Peak>& peaks) {
  std::vector<GeoPoint> places;
  for (const fields::Peak& peak : peaks) places.push_back({peak.longitude, peak.latitude});
  return places;
}

// `keep` the maps, which pictures and files need; tracks do not.
StormAnswer follow_storms(const StormModel& opened, const std::string& path, bool keep) {
  const InputSpec& spec = tasks::storm_input_of(*opened.model);
  const tasks::ClimateFile file(path, spec, "");
  tasks::Tracker tracker(*opened.model, opened.executors, file.like());
  const fields::FieldCoding coding(spec);
  std::vector<float> frame(static_cast<std::size_t>(coding.channels()) * file.like().count());
  StormAnswer followed;
  for (std::size_t i = 0; i < file.times().size() && !interrupted(); ++i) {
    std::vector<Field> channels;
    for (std::size_t c = 0; c < spec.fields.size(); ++c) channels.push_back(file.read(c, i));
    coding.encode(channels, frame);
    tasks::Tracker::Answer answer = tracker.push(file.times()[i], frame);
    if (!keep) continue;
    followed.centres.push_back(places_of(answer.peaks));
    followed.densities.push_back(std::move(answer.density));
  }
  followed.tracks = tracker.tracks();
  return followed;
}

StormAnswer forecast_file(const StormModel& opened, const std::string& path, const std::vector<fields::Track>& tracks,
                          const tasks::StormForecastOptions& options) {
  const graph::Model& model = *opened.model;
  const tasks::ClimateFile file(path, tasks::storm_input_of(model), tasks::storm_options_of(model).grid_variable);
  tasks::StormForecast forecast = tasks::forecast_storms(model, opened.executors, file, tracks, options);
  if (!forecast.known) {
    tell(fmt::format("{}: none of the storms of --tracks is on the map in the frames up to {}, so none is forecast",
                     path, fields::format_time(forecast.time)));
  }
  StormAnswer answer{.densities = std::move(forecast.densities),
                     .centres = {},
                     .tracks = std::move(forecast.tracks),
                     .seen = forecast.time};
  for (const auto& peaks : forecast.peaks) answer.centres.push_back(places_of(peaks));
  return answer;
}

// What the model says of a file; the maps only where they are wanted.
using StormTeller = std::function<StormAnswer(const std::string& file, bool keep)>;

StormTeller teller_of(const StormModel& opened, const StormPredictOptions& options) {
  if (opened.model->task == tasks::kTrackTask) {
    if (!options.tracks.empty() || !options.at.empty() || options.horizon > 0) {
      throw ConfigError("--tracks, --at and --horizon are for models that forecast storms; this one follows them");
    }
    return [&opened](const std::string& file, bool keep) { return follow_storms(opened, file, keep); };
  }
  if (options.tracks.empty()) {
    throw ConfigError(
        fmt::format("{}: forecasts storms from where they were; give --tracks FILE with the tracks so far, such as the "
                    "CSV that `longtake predict TRACKER FIELDS.nc` prints",
                    opened.path));
  }
  tasks::StormForecastOptions wanted{.until = {}, .horizon = options.horizon};
  if (!options.at.empty()) {
    wanted.until = as_usage("", [&] { return fields::parse_time(options.at, "--at"); });
  }
  return [&opened, wanted, tracks = fields::read_tracks(real_files(), options.tracks)](const std::string& file, bool) {
    return forecast_file(opened, file, tracks, wanted);
  };
}

}  // namespace

int predict_storms(const StormModel& opened, const StormPredictOptions& options) {
  const std::vector<std::string> kinds = parse_kinds(options.write);
  const bool to_folder = !options.output.empty();
  if (!to_folder && options.files.size() > 1) {
    throw ConfigError("tracks of several files cannot be told apart in one output; give --output DIRECTORY");
  }
  check_storm_names(options.files, options.tracks, options.output);
  const StormTeller answer_to = teller_of(opened, options);
  if (to_folder) real_files().create_directories(options.output);
  std::int64_t skipped = 0;
  for (const std::string& file : options.files) {
    if (interrupted()) break;
    try {
      const StormAnswer answer = answer_to(file, to_folder);
      if (interrupted()) break;
      if (!to_folder) {
        put(fields::write_tracks_csv(answer.tracks));
        continue;
      }
      write_storms(answer, std::filesystem::path(file).stem().string(), opened.path, options.output, kinds);
    } catch (const Error& error) {
      if (options.files.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++skipped;
    }
  }
  return skipped > 0 || interrupted() ? kPartial : kDone;
}

}  // namespace longtake::cli
