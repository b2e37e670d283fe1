// Sequences of climate fields with the tracks of the storms in them, as models that follow or forecast storms are
// trained and tested on: folders as `longtake data make storms` writes them, or a manifest of one's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "fields/tracks.h"
#include "graph/model.h"
#include "longtake/input_spec.h"
#include "metrics/track_scores.h"
#include "tasks/climate_file.h"
#include "tasks/windows.h"

namespace longtake::tasks {

struct StormSequence {
  std::string name;                 // of its file of fields
  std::vector<std::int64_t> times;  // of the frames
  fields::Field like;               // of its grid
  Tensor frames;                    // float32 [frames, channels, height, width], as the model sees them
  Tensor density;                   // float32 [frames, 1, height, width], of the tracks
  std::vector<fields::Track> tracks;
  double sigma_km = 200;  // of the density
};

// A storm whose centre is on the map.
struct StormOnMap {
  std::size_t track = 0;  // its index
  StormCentre centre;
};
std::vector<StormOnMap> storms_on_map(const StormSequence& sequence, std::int64_t time);

// Where the storms of the frame `last` are `steps` steps later if they go on at the speed of their last two positions,
// in degrees; one that was not on the map before stays. Those that leave the map are left out.
std::vector<StormOnMap> extrapolated_storms(const StormSequence& sequence, std::int64_t last, std::int64_t steps);

struct StormOptions {
  double sigma_km = 200;              // of the density
  std::string grid_variable = "PSL";  // as ClimateFile
  std::int64_t repeats = 1;           // how often an epoch comes by each sequence of training
  double storm_share = 0.7;           // of training windows that are smaller than the map: those cut around a storm
};

// Reads the above of a recipe's [data]. Throws ConfigError.
StormOptions read_storm_options(const Options& data);
// What a model must know to forecast from tracks, sigma_km and grid_variable, travels in its protocol; the rest has its
// defaults. Throws BadData where the model file holds what makes no sense.
void set_storm_options(const StormOptions& options, graph::Model& model);
StormOptions storm_options_of(const graph::Model& model);

// The frames [begin, end) of a file, and densities of the tracks at their times. Throws as ClimateFile::read().
StormSequence storm_sequence(const ClimateFile& file, std::vector<fields::Track> tracks, const InputSpec& spec,
                             double sigma_km, std::int64_t begin, std::int64_t end);

// The sequences of a split. What was read is kept up to two gigabytes. It belongs to one thread.
class StormSet {
 public:
  struct Entry {
    Files::Path fields, tracks;
  };
  // Throws as ClimateFile, and BadData where the grids differ or are smaller than the spec's size.
  StormSet(const Files& files, std::vector<Entry> entries, const InputSpec& spec, const StormOptions& options);

  std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
  // Frames of a sequence.
  std::int64_t frames(std::int64_t index) const { return frames_.at(static_cast<std::size_t>(index)); }
  std::shared_ptr<const StormSequence> read(std::int64_t index);

 private:
  void check_size(const std::string& name, const fields::Field& like);
  std::shared_ptr<StormSequence> load(const Entry& entry) const;

  const Files& files_;
  std::vector<Entry> entries_;
  InputSpec spec_;
  StormOptions options_;
  std::int64_t height_ = 0, width_ = 0;  // of the maps
  std::vector<std::int64_t> frames_;
  std::vector<std::shared_ptr<const StormSequence>> kept_;
  std::size_t kept_bytes_ = 0;
};

// The splits of a recipe's [data]; null where there is none.
struct StormData {
  std::shared_ptr<StormSet> train, validation, test;
  StormOptions options;
  InputSpec input;  // with the units, ranges and step that the training data gave where the recipe did not
  std::vector<std::string> facts;
};
using StormDataOpener = std::function<StormData(const Files& files)>;

// Reads [input] of a model of storms: variables (with "density" the density of the storms' tracks), units (the files'
// where there are none), low and high (a number each, or neither: the least and greatest of the training data, 0 and 1
// for density), height, width (of what a window of training is cut from the map; the maps of `data make storms`) and
// step_hours (the data's). Throws ConfigError.
InputSpec read_storm_input(const Options& input);

// Is this [data] about storms?
bool is_storm_data(const Options& data);

// Reads [data] with format = "storms": path (a folder with manifest.csv, or a manifest: split,fields,tracks, paths
// relative to it, other columns for people), sigma_km, grid_variable, repeats, storm_share. Throws ConfigError; the
// opener BadData and IoError, which name the manifest and its line.
StormDataOpener read_storm_data(const Options& data, const InputSpec& input);

// The window that begins at frame `start`, whole; without the frames to come where the sequence ends before them. Where
// the shape asks for extrapolation it is the density of extrapolated_storms(), with a channel of 1.
Window storm_window(const StormSequence& sequence, std::int64_t start, const WindowShape& shape);

// As windows for training, `repeats` of each sequence, which begin anywhere and are cut to the size of the input; or
// for tests: whole maps, one window after the other, without overlap. Null for no set. Throws BadData where a sequence
// is shorter than a window.
std::unique_ptr<WindowSource> storm_windows(std::shared_ptr<StormSet> set, const StormData& data,
                                            const WindowShape& shape, bool training);

}  // namespace longtake::tasks
