// Fields on other grids: cut out, made coarser, brought to a spacing, turned around the globe. What is missing stays
// missing, and does not count in a mean.
#pragma once

#include "fields/field.h"

namespace longtake::fields {

// `height` x `width` cells from (`top`, `left`) on. Throws InvalidArgument where that leaves the field.
Field crop(const Field& field, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width);

// The means of the valid cells of blocks of `rows` x `columns`; a block is valid where at least `valid_share` of its
// cells are, and at least one. Rows and columns that fill no block are left out at the south and the east. Throws
// InvalidArgument for a block larger than the field, or a share outside [0, 1]. Means of reflectivity are of dBZ:
// convert to a rain rate before, where rain is what counts.
Field coarsen(const Field& field, std::int64_t rows, std::int64_t columns, double valid_share = 0.5);

enum class Interpolation : std::uint8_t {
  kNearest,   // missing where the nearest cell is
  kBilinear,  // missing where one of the four cells around is missing that has weight
};

// The field on a regular grid of `spacing` (in the grid's own units: metres, or degrees) that covers the same extent
// from its north-west corner on, so that radars come to one spacing; cells of the new grid lie wholly within the old
// one's extent. It takes the values at the new centres: coarsen() first where the new cells are much larger. Throws
// InvalidArgument unless the grid has regular axes and holds at least one new cell.
Field resample(const Field& field, double spacing, Interpolation interpolation = Interpolation::kBilinear);

// Rolls the columns of a geographic field so that its longitudes run from `west` on, [west, west + 360): 0 to 360
// becomes -180 to 180 and back. Throws InvalidArgument where the longitudes are not degrees or do not then rise from
// west to east.
Field turn_longitudes(Field field, double west);

}  // namespace longtake::fields
