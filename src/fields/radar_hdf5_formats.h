// The two formats behind read_radar_hdf5(). Private to fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fields/field.h"
#include "fields/hdf5_file.h"

namespace longtake::fields {

// "GEO=0.01*PV+0.0"
struct Calibration {
  double scale = 1;
  double offset = 0;
};
// Throws BadData that starts with `where` for a formula of another form.
Calibration parse_calibration(std::string_view formula, const std::string& where);

std::optional<std::int64_t> time_of_knmi(const Hdf5File& file);
Field read_knmi(const Hdf5File& file);
std::optional<std::int64_t> time_of_odim(const Hdf5File& file);
Field read_odim(const Hdf5File& file, const std::string& quantity);

}  // namespace longtake::fields
