// Colours for the values of fields.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fields/field.h"
#include "reports/canvas.h"

namespace longtake::reports {

// What is missing is of this grey, which no scale has.
inline constexpr Colour kMissingColour{178, 178, 178};

// The darker, the more (of either sign), so that the order is seen without colours too.
struct FieldScale {
  std::string unit;               // of the values; fields in another unit are converted
  bool stepped = true;            // a colour from each value to the next; otherwise they go over into each other
  std::vector<double> values;     // rising
  std::vector<Colour> colours;    // one per value
  Colour nothing{252, 252, 252};  // below the first value; a scale that is not stepped has none

  Colour colour(double value) const;
};

// Rain in mm/h, in steps from 0.1 to 100.
FieldScale rain_scale();
// Reflectivity in dBZ, in steps of 5 from 5 to 60.
FieldScale reflectivity_scale();
// From dark blue at -limit over nearly white at 0 to dark red at `limit`, for what has a sign. Throws InvalidArgument
// for a limit that is not above 0.
FieldScale diverging_scale(double limit, std::string unit);
// From nearly white at `low` over yellow and red to nearly black at `high`. Throws InvalidArgument unless low < high.
FieldScale continuous_scale(double low, double high, std::string unit);

// The scale that suits fields of one quantity: that of rain for what is a rate of rain, that of reflectivity for dBZ, 0
// to 1 for the density of storms, a diverging one for winds and other values on both sides of 0, and for all else a
// continuous one over the values there are, pressures in hPa. Throws InvalidArgument for no fields.
FieldScale scale_for(std::span<const fields::Field> fields);

}  // namespace longtake::reports
