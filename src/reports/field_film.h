// A forecast as a film: what was seen, what came, and what was forecast, side by side, a frame per time step.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reports/field_picture.h"

namespace longtake::reports {

struct NamedFields {
  std::string name;  // "forecast", "persistence"
  std::vector<fields::Field> fields;
};

struct ForecastFilm {
  std::vector<fields::Field> seen;  // at least one, the last at the time of the forecast
  // What came: one field per lead time, or none where it is not known yet.
  std::vector<fields::Field> truth;
  std::vector<NamedFields> forecasts;  // of one length, the lead times
};

// Gives a picture for each field that was seen, and then one for each lead time, of which each says how long after the
// last field seen it is, by the times of the first forecast. Panels are "seen", "truth" where there is one, and each
// forecast. All pictures are of one size, as media::VideoWriter wants them. Throws InvalidArgument as draw_fields(),
// and where lengths differ.
void draw_film(const ForecastFilm& film, const FieldScale& scale, const FieldPictureOptions& options,
               const std::function<void(const Tensor& picture)>& frame);

}  // namespace longtake::reports
