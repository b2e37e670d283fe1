#include "tasks/storm_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fields/calendar.h"
#include "fields/track_linker.h"
#include "longtake/error.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/storm_data.h"
#include "tasks/track.h"

namespace longtake::tasks {

namespace {

void forget_after(std::int64_t time, std::vector<fields::Track>& tracks) {
  for (fields::Track& track : tracks) {
    std::erase_if(track.points, [&](const fields::TrackPoint& point) { return point.time > time; });
  }
  std::erase_if(tracks, [](const fields::Track& track) { return track.points.empty(); });
}

// The newest frames of the file: those that the model sees, and where there is one the frame before them, from which a
// storm may have come.
StormSequence newest_sequence(const graph::Model& model, const ClimateFile& file, std::vector<fields::Track> tracks,
                              std::optional<std::int64_t> until) {
  const std::vector<std::int64_t>& times = file.times();
  const std::int64_t newest = until.value_or(times.back()), seen = forecast_protocol_of(model).seen;
  const std::int64_t end = std::upper_bound(times.begin(), times.end(), newest) - times.begin();
  if (end < seen) {
    throw BadData(fmt::format(
        "{}: the model sees {} frames before it forecasts, {:g} hours apart; up to {} there {} {}", file.name(), seen,
        storm_input_of(model).step_s / 3600, fields::format_time(newest), end == 1 ? "is" : "are", end));
  }
  forget_after(times[end - 1], tracks);
  return storm_sequence(file, std::move(tracks), storm_input_of(model), storm_options_of(model).sigma_km,
                        std::max<std::int64_t>(end - seen - 1, 0), end);
}

}  // namespace

StormForecast forecast_storms(const graph::Model& model, const ExecutorMaker& make, const ClimateFile& file,
                              std::vector<fields::Track> tracks, const StormForecastOptions& options) {
  const InputSpec& spec = storm_input_of(model);
  const TrackProtocol protocol = track_protocol_of(model);
  const ForecastProtocol frames = forecast_protocol_of(model);
  const WindowShape shape{.seen = frames.seen,
                          .forecast = options.horizon > 0 ? options.horizon : frames.forecast,
                          .advected = takes_advected(model),
                          .extrapolation = {}};
  const StormSequence sequence = newest_sequence(model, file, std::move(tracks), options.until);
  Forecaster forecaster(model, make, sequence.like.height, sequence.like.width);
  const Window window = storm_window(sequence, std::ssize(sequence.times) - shape.seen, shape);
  const Tensor maps = forecast_window(forecaster, window, shape);

  StormForecast forecast;
  forecast.time = sequence.times.back();
  forecast.known = std::any_of(sequence.times.end() - shape.seen, sequence.times.end(),
                               [&](std::int64_t time) { return !storms_on_map(sequence, time).empty(); });
  fields::TrackLinker linker(protocol.link_options(), sequence.tracks, sequence.times);
  const std::int64_t area = sequence.like.height * sequence.like.width;
  for (std::int64_t lead = 0; lead < shape.forecast; ++lead) {
    const std::int64_t time = forecast.time + (lead + 1) * static_cast<std::int64_t>(spec.step_s);
    fields::Field density = fields::density_map({}, time, sequence.like);
    const auto map = maps.data<float>().subspan(lead * area, area);
    std::copy(map.begin(), map.end(), density.values.begin());
    auto& peaks = forecast.peaks.emplace_back();
    if (forecast.known) peaks = fields::find_peaks(density, {protocol.threshold(lead), protocol.separation_km});
    linker.add(time, peaks);
    forecast.densities.push_back(std::move(density));
  }
  forecast.tracks = linker.tracks();
  return forecast;
}

}  // namespace longtake::tasks
