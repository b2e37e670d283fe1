// Where storms will be, from fields up to now and the tracks of the storms so far: what a model is measured on
// (storm_evaluation.h), without the truth, and with tracks that go on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fields/density.h"
#include "fields/tracks.h"
#include "tasks/climate_file.h"
#include "tasks/forecast.h"

namespace longtake::tasks {

struct StormForecast {
  std::int64_t time = 0;  // of the newest frame that was seen
  // Was a storm on the map in a frame that was seen? Where there was none, there are no peaks and tracks either: models
  // learn how storms go on, not how they begin.
  bool known = false;
  std::vector<fields::Field> densities;          // by lead, at their times
  std::vector<std::vector<fields::Peak>> peaks;  // of each
  // Of the leads alone; the score of a point is its density. One that goes on with a known storm has its id, the others
  // are numbered.
  std::vector<fields::Track> tracks;
};

struct StormForecastOptions {
  std::optional<std::int64_t> until;  // the newest time that may be seen; none: all
  std::int64_t horizon = 0;           // frames; 0: the model's protocol
};

// The forecast after the newest frames of a file that was opened with the model's spec. Of the tracks nothing counts
// that is later than the newest frame. Throws InvalidArgument for a model that does not forecast storms or cannot take
// the grid, and BadData where there are fewer frames than it sees.
StormForecast forecast_storms(const graph::Model& model, const ExecutorMaker& make, const ClimateFile& file,
                              std::vector<fields::Track> tracks, const StormForecastOptions& options = {});

}  // namespace longtake::tasks
