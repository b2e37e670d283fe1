#include "tasks/probability_matching.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "longtake/error.h"

namespace longtake::tasks {

void match_probabilities(std::span<float> forecast, std::span<const float> measured,
                         std::span<const std::uint8_t> counts) {
  if (forecast.size() != measured.size() || (!counts.empty() && counts.size() != forecast.size())) {
    throw InvalidArgument(
        fmt::format("a forecast of {} cells cannot get the distribution of {}", forecast.size(), measured.size()));
  }
  std::vector<std::uint32_t> cells;
  std::vector<float> values;
  for (std::size_t i = 0; i < forecast.size(); ++i) {
    if (!counts.empty() && counts[i] == 0) continue;
    cells.push_back(static_cast<std::uint32_t>(i));
    values.push_back(measured[i]);
  }
  std::stable_sort(cells.begin(), cells.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return forecast[a] < forecast[b]; });
  std::sort(values.begin(), values.end());
  for (std::size_t rank = 0; rank < cells.size(); ++rank) forecast[cells[rank]] = values[rank];
}

}  // namespace longtake::tasks
