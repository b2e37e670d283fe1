// How well storms are found or forecast: detected and missed ones, errors of their centres, and errors of the maps
// (specs 6.4, 13.6). A storm counts at a time when its centre is on the map, however near to the edge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "metrics/track_scores.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/storm_data.h"
#include "tasks/track.h"

namespace longtake::tasks {

// What a model, and where storms are forecast the baseline, say of one time.
struct StormCase {
  std::int64_t lead = 0;                // 0 for a model that follows storms
  std::vector<StormCentre> truth;       // on the map
  std::vector<fields::Peak> peaks;      // of the model's map, those of a low threshold and above
  std::optional<double> density_error;  // mean squared error of the map
  // The storms of the past moved on at the speed of the last two positions, in degrees; one that was seen once stays.
  // Those that leave the map are left out.
  std::vector<StormCentre> extrapolated;
};

struct StormMethod {
  std::string name;  // "model", "extrapolation of tracks"
  StormScores scores;
  LeadMeans common_km;  // errors of the storms that every method has found, so that they may be compared
};

struct StormEvaluation {
  std::string protocol;
  bool forecast = false;           // the leads are steps ahead; else there is one lead, the frame itself
  double step_s = 0;               // from lead to lead
  std::int64_t cases = 0;          // frames that were followed, or windows that were forecast
  std::vector<double> thresholds;  // by lead
  std::vector<StormMethod> methods;
  LeadMeans density_error;  // of the model's maps
};

// Called after every sequence; false ends the work.
using StormProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

// What the model says about the sequences, `most` of which are taken, spread evenly (0 takes all). Models that follow
// storms see whole sequences from a state of nothing; those that forecast, every window of their protocol. Throws
// InvalidArgument for a model without storms.
std::vector<StormCase> collect_storms(const graph::Model& model, const ExecutorMaker& make, StormSet& set,
                                      std::int64_t most = 0, const StormProgress& progress = {});

// For each lead the threshold of the greatest CSI, the lowest among equals; a lead without storms has the default.
std::vector<double> choose_thresholds(const std::vector<StormCase>& cases, const TrackProtocol& protocol);

// Scores by the protocol, with its thresholds. Throws InvalidArgument for no cases.
StormEvaluation evaluate_storms(const std::vector<StormCase>& cases, const graph::Model& model);

}  // namespace longtake::tasks
