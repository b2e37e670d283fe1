#include "cli/predict_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "cli/cli.h"
#include "cli/field_feed.h"
#include "cli/nowcast_output.h"
#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

// The nowcast after the newest frames of a source.
tasks::Nowcast newest_nowcast(const OpenedForecaster& opened, const tasks::FieldSource& source,
                              std::optional<std::int64_t> until, std::int64_t horizon) {
  const InputSpec& spec = tasks::forecast_input_of(*opened.model);
  const std::int64_t seen = tasks::forecast_protocol_of(*opened.model).seen;
  const std::vector<std::int64_t> times = times_of(source, until);
  if (times.empty()) {
    throw BadData(fmt::format("{}: has no field{}", source.name, until ? " of that time or before it" : ""));
  }
  // Steps are counted so that the newest frame is at one.
  const auto step_s = static_cast<std::int64_t>(spec.step_s);
  const std::int64_t newest = times.back(), first = newest - (seen - 1) * step_s;
  tasks::NowcastOptions options{.horizon = horizon, .first = first};
  options.usual_distance_s = tasks::usual_distance_s(times);
  tasks::Nowcaster nowcaster(*opened.forecasters, *opened.model, source, options);
  std::optional<tasks::Nowcast> last;
  // What lies at the first step is made from the fields around it.
  const auto after = std::upper_bound(times.begin(), times.end(), first);
  const std::int64_t from = after == times.begin() ? first : *(after - 1);
  for_fields(source, from, newest, [&](const fields::Field& field) {
    for (tasks::Nowcast& nowcast : nowcaster.push(field)) last = std::move(nowcast);
  });
  if (last) return std::move(*last);
  throw BadData(
      fmt::format("{}: the model sees {} frames, {:g} minutes apart, before it forecasts; up to {} there are not so "
                  "many without a gap",
                  source.name, seen, spec.step_s / 60, fields::format_time(newest)));
}

// Names of files; sources with the same name would overwrite each other.
void check_names(const std::vector<tasks::FieldSource>& sources) {
  std::set<std::string> names;
  for (const tasks::FieldSource& source : sources) {
    if (!names.insert(source.name).second) {
      throw ConfigError(
          fmt::format("two sources are called {}; give them one by one, with a folder each", source.name));
    }
  }
}

}  // namespace

int predict_forecast(const OpenedForecaster& opened, const ForecastPredictOptions& options) {
  const InputSpec& spec = tasks::forecast_input_of(*opened.model);
  const NowcastOutput output{options.output, parse_kinds(options.write)};
  const std::int64_t horizon =
      options.horizon > 0 ? options.horizon : tasks::forecast_protocol_of(*opened.model).forecast;
  std::optional<std::int64_t> until;
  if (!options.at.empty()) {
    until = as_usage("", [&] { return fields::parse_time(options.at, "--at"); });
  }
  std::vector<tasks::FieldSource> sources;
  for (const std::string& path : options.sources) sources.push_back(field_source(path, options.series));
  if (!output.folder.empty()) {
    check_names(sources);
    real_files().create_directories(output.folder);
  }
  std::int64_t skipped = 0;
  for (const tasks::FieldSource& source : sources) {
    if (interrupted()) break;
    try {
      const tasks::Nowcast nowcast = newest_nowcast(opened, source, until, horizon);
      const auto files = write_nowcast(nowcast, source.name, opened.path, output);
      put(nowcast_line(nowcast, source.path, tasks::MeasureOptions::usual(spec).thresholds, files));
      for (const std::string& file : files) tell(file);
    } catch (const Error& error) {
      if (sources.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++skipped;
    }
  }
  return skipped > 0 || interrupted() ? kPartial : kDone;
}

}  // namespace longtake::cli
