// Fields as pictures that can be printed: maps in colours with a legend, their times, and degrees or a bar of
// kilometres.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fields/field.h"
#include "longtake/tensor.h"
#include "reports/field_scale.h"

namespace longtake::reports {

// One map of a picture.
struct FieldPanel {
  std::string title;
  const fields::Field* field = nullptr;  // null leaves the map empty
  std::string note;                      // at the right of the title, such as "+30 min"
  std::vector<GeoPoint> marks;           // ringed, such as the centres of storms; for grids with longitude and latitude
};

struct FieldPictureOptions {
  std::string title;  // of the whole picture
  // The longer side of a map in pixels, at most. Small fields are enlarged by a whole factor, in larger ones a pixel is
  // the mean of the valid cells that it covers, and missing where most of them are.
  int map_pixels = 480;
  std::size_t columns = 4;  // panels side by side; more go below
};

// The panels with one legend, uint8 [height, width, 3] RGB. Missing cells are kMissingColour. Throws InvalidArgument
// for no panels, none of which has a field, fields of different sizes, a unit that does not convert to the scale's, and
// a map of fewer than 16 pixels.
Tensor draw_fields(std::span<const FieldPanel> panels, const FieldScale& scale,
                   const FieldPictureOptions& options = {});

// The same for one field.
Tensor draw_field(const fields::Field& field, const FieldScale& scale, const FieldPictureOptions& options = {});

}  // namespace longtake::reports
