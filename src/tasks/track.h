// Models that follow storms (task "track"): frames of climate fields become maps of how near a storm is, the maps'
// peaks centres, and centres linked over time tracks (Deep-Hurricane-Tracker, WACV 2019). Frame by frame, with a state
// that does not grow with time, so that a live source is followed as a file is.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "fields/density.h"
#include "fields/track_linker.h"
#include "tasks/forecast.h"

namespace longtake::tasks {

inline constexpr const char* kTrackTask = "track";

// How maps of density become storms, and storms are compared with true ones: [track] of a recipe, which travels in the
// model's protocol.
struct TrackProtocol {
  // The least density of a centre, a number for each lead of a forecast, the last of which goes for those that follow;
  // chosen on the validation split when training is over.
  std::vector<double> thresholds{0.5};
  double separation_km = 300;     // two centres are at least so far apart
  double link_km = 500;           // a storm moves no further in a step
  std::int64_t link_missing = 1;  // frames in a row that a storm may not be seen and still go on
  std::int64_t least_points = 2;  // shorter tracks are left out
  double match_km = 300;          // a storm found no further from a true one is taken for it

  double threshold(std::int64_t lead) const;
  fields::LinkOptions link_options() const;
  // "centres of at least 0.41, 300 km apart, right within 300 km"
  std::string describe() const;
};

// Does the model answer with densities of storms: by following, or by forecasting them?
bool answers_storms(const graph::Model& model);

// How its frames want to be read. Throws InvalidArgument for a model without storms.
const InputSpec& storm_input_of(const graph::Model& model);

// The model's own protocol. Throws BadData where the model file holds one that makes no sense.
TrackProtocol track_protocol_of(const graph::Model& model);
void set_track_protocol(const TrackProtocol& protocol, graph::Model& model);
// Reads [track] of a recipe into it: threshold, separation_km, link_km, link_missing, least_points, match_km. Throws
// ConfigError.
void read_track_protocol(const Options& track, graph::Model& model);

class Tracker {
 public:
  // For frames of the size of `like`, on whose grid the maps are. The model must outlive it. Throws InvalidArgument for
  // a model of another task, or one that cannot take such frames.
  Tracker(const graph::Model& model, const ExecutorMaker& make, const fields::Field& like);

  struct Answer {
    fields::Field density;  // of the frame, in [-1, 1]
    std::vector<fields::Peak> peaks;
    std::vector<std::size_t> storms;  // whose each peak is, counted from 0
  };
  // The next frame, float32 [channels, height, width]; its time is later than that of the last. Throws InvalidArgument
  // for another size, and BadData where the model answers with what is no number.
  Answer push(std::int64_t time, std::span<const float> frame);

  // All so far, named 1, 2, ...; the score of a point is its density.
  std::vector<fields::Track> tracks() const { return linker_.tracks(); }
  // Forgets frames and storms.
  void reset();

 private:
  std::string name_;
  TrackProtocol protocol_;
  fields::Field like_;
  std::unique_ptr<graph::Executor> executor_;
  State state_;
  fields::TrackLinker linker_;
  graph::Outputs outputs_;  // reused from frame to frame
};

}  // namespace longtake::tasks
