// A NetCDF file of climate fields, frame by frame, as the input spec of a model that follows storms wants them:
// variables by their names, on a grid of longitudes and latitudes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "fields/field.h"
#include "longtake/input_spec.h"

namespace longtake::tasks {

// The channel of an input spec that is no variable of a file but the density of the storms' tracks.
inline constexpr const char* kDensityVariable = "density";

class ClimateFile {
 public:
  // `grid_variable` is the one whose grid and times count where the spec names no variable at all. Throws
  // InvalidArgument that lists the variables where one is not there, and for a unit that does not convert; BadData for
  // variables that differ in times or size, a grid that is not of longitudes and latitudes, and times that do not
  // follow each other at the spec's step (0 takes any); IoError.
  ClimateFile(const Files::Path& path, const InputSpec& spec, const std::string& grid_variable);

  const std::string& name() const { return name_; }
  // Seconds since 1970, a frame each.
  const std::vector<std::int64_t>& times() const { return times_; }
  // Seconds from frame to frame; 0 for a single one.
  std::int64_t step_s() const { return step_s_; }
  // A field of its grid; the values are those of the first frame.
  const fields::Field& like() const { return like_; }
  // A channel of a frame, in the unit of its channel (the file's where that has none). Throws InvalidArgument for the
  // channel of density.
  fields::Field read(std::size_t channel, std::size_t frame) const;

 private:
  void check_times(double step_s);

  std::string name_;
  std::vector<std::unique_ptr<fields::FieldSeries>> series_;  // a channel each, null for density
  std::vector<std::int64_t> times_;
  std::int64_t step_s_ = 0;
  fields::Field like_;
};

// Where a place lies on a grid of longitudes and latitudes, in rows and columns with their fractions; nothing where it
// is off the map, which ends half a cell beyond the outermost centres.
struct GridPlace {
  double row = 0, column = 0;
};
std::optional<GridPlace> place_on(const fields::Field& like, const GeoPoint& place);

}  // namespace longtake::tasks
