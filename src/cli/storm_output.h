// Where storms that were followed or forecast go: tracks, maps and films.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fields/field.h"
#include "fields/tracks.h"

namespace longtake::cli {

// What was found in a file.
struct StormAnswer {
  std::vector<fields::Field> densities;
  std::vector<std::vector<GeoPoint>> centres;  // of each map
  std::vector<fields::Track> tracks;
  std::optional<std::int64_t> seen;  // where they are forecast: the newest time that was seen
};

// Writes NAME.csv, NAME.geojson and, by their kinds (parse_kinds()), NAME.density.nc, .png and .mp4, and tells their
// paths. `model` is the file that made them. Throws IoError.
void write_storms(const StormAnswer& answer, const std::string& name, const std::string& model,
                  const std::string& folder, const std::vector<std::string>& kinds);

// Throws ConfigError where files of one name would overwrite each other's tracks, or what was known of storms would be
// overwritten: tracks beside a file of fields, or those of the file `tracks` (empty for none).
void check_storm_names(const std::vector<std::string>& files, const std::string& tracks, const std::string& folder);

}  // namespace longtake::cli
