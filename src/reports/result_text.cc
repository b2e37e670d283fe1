#include "reports/result_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "longtake/error.h"

namespace longtake::reports {

std::string number_text(float value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }
std::string number_text(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::int64_t> leader_of(std::span<const float> scores) {
  std::optional<std::int64_t> best;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return std::nullopt;
    if (!best || scores[i] > scores[*best]) best = static_cast<std::int64_t>(i);
  }
  return best;
}

const std::string& label_at(const std::vector<std::string>& labels, std::int64_t label) {
  if (label < 0 || label >= static_cast<std::int64_t>(labels.size())) {
    throw InvalidArgument(fmt::format("there is no label {}; the model has {}", label, labels.size()));
  }
  return labels[label];
}

void check_scores(const std::vector<std::string>& labels, std::span<const float> scores, std::string_view source) {
  if (scores.empty() || scores.size() == labels.size()) return;
  throw InvalidArgument(fmt::format("{}: {} scores for {} labels", source, scores.size(), labels.size()));
}

}  // namespace longtake::reports
