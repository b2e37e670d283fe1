// A gridded field: one quantity at one time over a grid, with a mask of what was measured. Radars, satellites and
// climate models all become this, so that everything after the readers sees one type.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/great_circle.h"
#include "fields/z_relation.h"

namespace longtake::fields {

enum class GridKind : std::uint8_t {
  kUnknown,      // the file does not say where its cells lie; the axes are empty
  kProjected,    // the axes are metres in `projection`
  kGeographic,   // the axes are degrees of longitude and latitude
  kCurvilinear,  // every cell has its own longitude and latitude; the axes are empty
};

// Where the cells of a field lie. Readers put the north in row 0 and the west in column 0 wherever the file says which
// is which, so y falls and x grows.
struct Grid {
  GridKind kind = GridKind::kUnknown;
  std::string projection;  // a PROJ string; empty where it is not known
  std::vector<double> x;   // [width] centres of the columns
  std::vector<double> y;   // [height] centres of the rows
  // Whether x and y count from the projection's origin; otherwise from the west and the north edge.
  bool absolute = true;
  std::vector<float> longitude;  // [height, width], kCurvilinear only
  std::vector<float> latitude;   // [height, width], kCurvilinear only
  // The outer corners north-west, north-east, south-east, south-west, where the file states them.
  std::optional<std::array<GeoPoint, 4>> corners;

  friend bool operator==(const Grid&, const Grid&) = default;
};

// The step of a regular axis, negative where it falls; nothing for fewer than two points or steps that differ by more
// than a thousandth.
std::optional<double> regular_step(std::span<const double> axis);

struct Field {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<float> values;  // [height, width]; NaN where not valid, so that what is missing never passes for rain
  std::vector<std::uint8_t> valid;    // [height, width]; 1 where there is a value, 0 where it is missing
  std::string quantity;               // "reflectivity", "rain_rate" or the variable's name in its file
  std::string unit;                   // as in units.h; empty where it is not known
  std::optional<std::int64_t> time;   // seconds since 1970-01-01 00:00:00 UTC
  std::optional<double> interval_s;   // of what accumulates: the seconds up to `time` that it fell in
  std::optional<ZRelation> relation;  // between reflectivity and rain, where the format has its own
  Grid grid;

  std::size_t count() const { return values.size(); }
  // Equal in everything, values compared only where they are valid.
  friend bool operator==(const Field& a, const Field& b);
};

// A side is at most this long, and a field has at most this many cells: 67 million is 8192 x 8192, and more in a file's
// header is a mistake or an attack.
inline constexpr std::int64_t kLongestSide = 100000;
inline constexpr std::int64_t kMostCells = std::int64_t{1} << 26;

// Throws BadData that starts with `where` for sizes below 1 or beyond these limits.
void check_size(std::int64_t height, std::int64_t width, std::string_view where);

// A field of that size in which nothing is valid. Throws BadData as check_size().
Field empty_field(std::int64_t height, std::int64_t width, std::string_view where);

// The same grid, quantity and unit as `like`, with nothing valid: a frame that never came.
Field missing_field(const Field& like, std::int64_t time);

// Sets one cell; a value that is not finite makes it missing.
void set_cell(Field& field, std::size_t index, double value);

// How many cells are valid.
std::int64_t valid_count(const Field& field);

// The values with `replacement` in the place of what is missing.
std::vector<float> filled_values(const Field& field, float replacement);

// Throws InvalidArgument, naming both, unless the two have the same height and width.
void check_same_size(const Field& a, const Field& b);

// Fields in the order of time that a file or a list of files holds. Reading changes nothing, so one series may serve
// several threads.
class FieldSeries {
 public:
  virtual ~FieldSeries() = default;
  // Of each field, in the order of the files: find_gaps() says where they do not follow each other.
  virtual const std::vector<std::int64_t>& times() const = 0;
  // The i-th field. Throws InvalidArgument beyond the end, BadData or IoError for what cannot be read.
  virtual Field read(std::size_t i) const = 0;
  // The file of the i-th field, for messages. Throws InvalidArgument beyond the end.
  virtual std::string file(std::size_t i) const = 0;

  std::size_t size() const { return times().size(); }
};

// Throws InvalidArgument unless i < size.
void check_index(std::size_t i, std::size_t size);

}  // namespace longtake::fields
