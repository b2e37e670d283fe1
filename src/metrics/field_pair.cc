// Checks of field_pair.h.
#include "metrics/field_pair.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "longtake/error.h"

namespace longtake {
namespace {

void check_sizes(const FieldPair& pair) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (pair.height < 1 || pair.width < 1 || pair.height > kMost / pair.width) {
    throw InvalidArgument(
        fmt::format("a grid of {} x {} cells; 1 to {} cells are wanted", pair.height, pair.width, kMost));
  }
  const auto cells = static_cast<std::size_t>(pair.height * pair.width);
  if (pair.forecast.size() != cells || pair.truth.size() != cells) {
    throw InvalidArgument(fmt::format("a forecast of {} and a truth of {} values on a grid of {} x {} cells",
                                      pair.forecast.size(), pair.truth.size(), pair.height, pair.width));
  }
  if (!pair.valid.empty() && pair.valid.size() != cells) {
    throw InvalidArgument(
        fmt::format("a mask of {} values on a grid of {} x {} cells", pair.valid.size(), pair.height, pair.width));
  }
}

}  // namespace

void check_pair(const FieldPair& pair) {
  check_sizes(pair);
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) {
    if (!pair.counts(cell) || (std::isfinite(pair.forecast[cell]) && std::isfinite(pair.truth[cell]))) continue;
    const auto place = static_cast<std::int64_t>(cell);
    throw InvalidArgument(fmt::format(
        "row {}, column {}: the forecast is {} and the truth {}, which are not numbers to compare; where one is "
        "missing, the mask must be 0",
        place / pair.width, place % pair.width, pair.forecast[cell], pair.truth[cell]));
  }
}

std::int64_t counted_cells(const FieldPair& pair) {
  std::int64_t count = 0;
  for (std::size_t cell = 0; cell < pair.cells(); ++cell) count += pair.counts(cell) ? 1 : 0;
  return count;
}

std::vector<std::uint8_t> valid_cells(const FieldPair& pair) {
  check_sizes(pair);
  std::vector<std::uint8_t> valid(pair.cells());
  for (std::size_t cell = 0; cell < valid.size(); ++cell) {
    valid[cell] = pair.counts(cell) && !std::isnan(pair.forecast[cell]) && !std::isnan(pair.truth[cell]) ? 1 : 0;
  }
  return valid;
}

}  // namespace longtake
