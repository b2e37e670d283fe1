#include "tasks/storm_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// Thresholds that may be chosen, in hundredths. The peaks of cases are those of the lowest.
constexpr int kLowestPercent = 6, kHighestPercent = 96, kPercentStep = 2;
constexpr double kLowest = kLowestPercent / 100.0;

std::vector<StormCentre> centres_of(const std::vector<fields::Peak>& peaks, double threshold) {
  std::vector<StormCentre> centres;
  for (const fields::Peak& peak : peaks) {
    if (peak.score >= threshold) centres.push_back({peak.latitude, peak.longitude, peak.row, peak.column});
  }
  return centres;
}

std::vector<StormCentre> centres_of(const std::vector<StormOnMap>& storms) {
  std::vector<StormCentre> centres;
  for (const StormOnMap& storm : storms) centres.push_back(storm.centre);
  return centres;
}

// The case of a map [height, width] that is about a frame of the sequence.
StormCase case_of(const StormSequence& sequence, std::int64_t frame, std::span<const float> map,
                  const TrackProtocol& protocol) {
  const std::int64_t height = sequence.like.height, width = sequence.like.width, area = height * width;
  fields::Field density = fields::missing_field(sequence.like, sequence.times[frame]);
  density.values.assign(map.begin(), map.end());
  density.valid.assign(map.size(), 1);
  const auto truth = sequence.density.data<float>().subspan(frame * area, area);
  return {.truth = centres_of(storms_on_map(sequence, sequence.times[frame])),
          .peaks = fields::find_peaks(density, {kLowest, protocol.separation_km}),
          .density_error = mean_squared_error({map, truth, height, width}),
          .extrapolated = {}};
}

void follow(Tracker& tracker, const StormSequence& sequence, const TrackProtocol& protocol,
            std::vector<StormCase>& cases) {
  tracker.reset();
  const std::int64_t frames = std::ssize(sequence.times), row = sequence.frames.count() / frames;
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    const auto answer = tracker.push(sequence.times[frame], sequence.frames.data<float>().subspan(frame * row, row));
    cases.push_back(case_of(sequence, frame, answer.density.values, protocol));
  }
}

void forecast_all(Forecaster& forecaster, const StormSequence& sequence, const TrackProtocol& protocol,
                  const WindowShape& shape, std::vector<StormCase>& cases) {
  const std::int64_t area = sequence.like.height * sequence.like.width;
  for (std::int64_t start = 0; start + shape.frames() <= std::ssize(sequence.times); ++start) {
    const Tensor maps = forecast_window(forecaster, storm_window(sequence, start, shape), shape);
    const std::int64_t last = start + shape.seen - 1;
    for (std::int64_t lead = 0; lead < shape.forecast; ++lead) {
      StormCase one = case_of(sequence, last + 1 + lead, maps.data<float>().subspan(lead * area, area), protocol);
      one.lead = lead;
      one.extrapolated = centres_of(extrapolated_storms(sequence, last, lead + 1));
      cases.push_back(std::move(one));
    }
  }
}

std::int64_t leads_of(const std::vector<StormCase>& cases) {
  std::int64_t leads = 1;
  for (const StormCase& one : cases) leads = std::max(leads, one.lead + 1);
  return leads;
}

// The error of each true storm that is matched, by its index.
std::map<std::int64_t, double> errors_of(const std::vector<StormCentre>& found, const StormCase& one, double radius) {
  std::map<std::int64_t, double> errors;
  for (const StormMatch& match : match_storms(found, one.truth, radius)) errors[match.truth] = match.distance;
  return errors;
}

}  // namespace

std::vector<StormCase> collect_storms(const graph::Model& model, const ExecutorMaker& make, StormSet& set,
                                      std::int64_t most, const StormProgress& progress) {
  storm_input_of(model);
  const TrackProtocol protocol = track_protocol_of(model);
  const std::int64_t all = set.size(), total = most > 0 ? std::min(most, all) : all;
  std::unique_ptr<Forecaster> forecaster;  // for maps of the one size that a set has
  WindowShape shape;
  if (model.task == kForecastTask) {
    const ForecastProtocol frames = forecast_protocol_of(model);
    shape = {frames.seen, frames.forecast, takes_advected(model), {}};
  }
  std::vector<StormCase> cases;
  for (std::int64_t i = 0; i < total; ++i) {
    const auto sequence = set.read(i * all / total);
    if (model.task == kForecastTask) {
      if (forecaster == nullptr) {
        forecaster = std::make_unique<Forecaster>(model, make, sequence->like.height, sequence->like.width);
      }
      forecast_all(*forecaster, *sequence, protocol, shape, cases);
    } else {
      Tracker tracker(model, make, sequence->like);
      follow(tracker, *sequence, protocol, cases);
    }
    if (progress && !progress(i + 1, total)) break;
  }
  return cases;
}

std::vector<double> choose_thresholds(const std::vector<StormCase>& cases, const TrackProtocol& protocol) {
  const std::int64_t leads = leads_of(cases);
  std::vector<double> chosen;
  std::vector<std::optional<double>> best(static_cast<std::size_t>(leads));
  for (std::int64_t lead = 0; lead < leads; ++lead) chosen.push_back(protocol.threshold(lead));
  for (int percent = kLowestPercent; percent <= kHighestPercent; percent += kPercentStep) {
    const double threshold = percent / 100.0;
    StormScores scores(leads, protocol.match_km);
    for (const StormCase& one : cases) scores.add(one.lead, centres_of(one.peaks, threshold), one.truth);
    for (std::int64_t lead = 0; lead < leads; ++lead) {
      const auto value = scores.critical_success_index(lead);
      if (!value || *value <= best[lead].value_or(0)) continue;
      best[lead] = value;
      chosen[lead] = threshold;
    }
  }
  return chosen;
}

StormEvaluation evaluate_storms(const std::vector<StormCase>& cases, const graph::Model& model) {
  if (cases.empty()) throw InvalidArgument("there is no frame to measure");
  const TrackProtocol protocol = track_protocol_of(model);
  const std::int64_t leads = leads_of(cases);
  const bool forecast = model.task == kForecastTask;
  const auto method = [&](const char* name) {
    return StormMethod{name, StormScores(leads, protocol.match_km), LeadMeans(leads)};
  };
  StormEvaluation evaluation{.protocol = protocol.describe(),
                             .forecast = forecast,
                             .step_s = storm_input_of(model).step_s,
                             .cases = std::ssize(cases) / leads,
                             .thresholds = {},
                             .methods = {method("model")},
                             .density_error = LeadMeans(leads)};
  if (forecast) {
    evaluation.protocol = forecast_protocol_of(model).describe() + "; " + evaluation.protocol;
    evaluation.methods.push_back(method("extrapolation of tracks"));
  }
  for (std::int64_t lead = 0; lead < leads; ++lead) evaluation.thresholds.push_back(protocol.threshold(lead));
  for (const StormCase& one : cases) {
    evaluation.density_error.add(one.lead, one.density_error);
    const std::vector<StormCentre> found[] = {centres_of(one.peaks, protocol.threshold(one.lead)), one.extrapolated};
    for (std::size_t m = 0; m < evaluation.methods.size(); ++m) {
      evaluation.methods[m].scores.add(one.lead, found[m], one.truth);
    }
    if (!forecast) continue;
    const auto model_errors = errors_of(found[0], one, protocol.match_km);
    for (const auto& [storm, error] : errors_of(found[1], one, protocol.match_km)) {
      const auto other = model_errors.find(storm);
      if (other == model_errors.end()) continue;
      evaluation.methods[0].common_km.add(one.lead, other->second);
      evaluation.methods[1].common_km.add(one.lead, error);
    }
  }
  return evaluation;
}

}  // namespace longtake::tasks
