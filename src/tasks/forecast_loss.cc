#include "tasks/forecast_loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "fields/coding.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

constexpr double kLastLead = 5;  // the weight of the last lead to that of the first

// A measured value as the model has it.
double as_number(const InputSpec& input, double value) {
  if (!input.has_fields()) return value;
  const FieldChannel& field = input.fields[0];
  const bool rain = fields::FieldCoding(input).rain_unit(0) == "mm/h" && field.unit == "dBZ";
  const double own = rain ? fields::reflectivity(value, {input.z_a, input.z_b}, field.low) : value;
  return (own - field.low) / (field.high - field.low);
}

bool measures_rain(const InputSpec& input) {
  return input.has_fields() && input.fields[0].low < input.fields[0].high &&
         fields::FieldCoding(input).rain_unit(0) == "mm/h";
}

void read_balance(const Options& loss, const InputSpec& input, ForecastLossOptions& out) {
  const bool rain = measures_rain(input);
  const auto thresholds = loss.get("thresholds", rain ? std::vector<double>{2, 5, 10, 30} : std::vector<double>{});
  out.weights = loss.get("weights", rain ? std::vector<double>{1, 2, 5, 10, 30} : std::vector<double>{1});
  if (out.weights.size() != thresholds.size() + 1) {
    throw loss.error("weights", "needs one number more than there are thresholds");
  }
  for (const double weight : out.weights) {
    if (!(weight >= 0 && std::isfinite(weight))) throw loss.error("weights", "must not be negative");
  }
  for (const double threshold : thresholds) {
    if (rain && !(threshold > 0)) throw loss.error("thresholds", "must be above 0 mm/h");
    out.thresholds.push_back(as_number(input, threshold));
  }
  for (std::size_t i = 1; i < thresholds.size(); ++i) {
    if (!(out.thresholds[i] > out.thresholds[i - 1])) throw loss.error("thresholds", "must rise");
  }
}

void read_fractions(const Options& loss, const InputSpec& input, ForecastLossOptions& out) {
  const bool rain = measures_rain(input);
  const auto thresholds =
      loss.get("fraction_thresholds", rain ? std::vector<double>{0.5, 2} : std::vector<double>{0.5});
  out.fraction_windows = loss.get("fraction_windows", out.fraction_windows);
  out.fraction_softness = loss.get("fraction_softness", out.fraction_softness);
  if (thresholds.empty()) throw loss.error("fraction_thresholds", "needs at least one");
  for (const double threshold : thresholds) {
    if (rain && !(threshold > 0)) throw loss.error("fraction_thresholds", "must be above 0 mm/h");
    out.fraction_thresholds.push_back(as_number(input, threshold));
  }
  if (out.fraction_windows.empty()) throw loss.error("fraction_windows", "needs at least one");
  for (const std::int64_t window : out.fraction_windows) {
    if (window < 1 || window > 255 || window % 2 == 0) {
      throw loss.error("fraction_windows", "must be odd numbers of cells from 1 to 255");
    }
  }
  if (!(out.fraction_softness >= 1e-4 && out.fraction_softness <= 10)) {
    throw loss.error("fraction_softness", "must be from 0.0001 to 10");
  }
}

}  // namespace

bool ForecastLossOptions::any() const {
  return cross_entropy + fractions + squared + absolute + balanced_squared + balanced_absolute + pairwise + gradient >
         0;
}

ForecastLossOptions read_forecast_loss(const Options& loss, const InputSpec& input) {
  static const std::array<std::string, 3> leads{"same", "linear", "exponential"};
  ForecastLossOptions out;
  for (auto& [key, factor] :
       {std::pair{"cross_entropy", &out.cross_entropy}, std::pair{"squared", &out.squared},
        std::pair{"absolute", &out.absolute}, std::pair{"balanced_squared", &out.balanced_squared},
        std::pair{"balanced_absolute", &out.balanced_absolute}, std::pair{"pairwise", &out.pairwise},
        std::pair{"gradient", &out.gradient}, std::pair{"fractions", &out.fractions}}) {
    *factor = loss.get(key, 0.0);
    if (!(*factor >= 0 && std::isfinite(*factor))) throw loss.error(key, "is a factor and must not be negative");
  }
  const std::string by_lead = loss.get_choice("lead_weights", "same", leads);
  out.leads = by_lead == "linear"        ? LeadWeights::kLinear
              : by_lead == "exponential" ? LeadWeights::kExponential
                                         : LeadWeights::kSame;
  read_balance(loss, input, out);
  read_fractions(loss, input, out);
  return out;
}

std::vector<double> lead_weights(LeadWeights weights, std::int64_t leads) {
  if (leads < 1) throw InvalidArgument("a forecast has at least one lead");
  std::vector<double> out(static_cast<std::size_t>(leads), 1);
  double sum = 0;
  for (std::int64_t lead = 0; lead < leads; ++lead) {
    const double share = leads > 1 ? static_cast<double>(lead) / static_cast<double>(leads - 1) : 1;
    if (weights == LeadWeights::kLinear) out[lead] = 1 + (kLastLead - 1) * share;
    if (weights == LeadWeights::kExponential) out[lead] = std::pow(kLastLead, share);
    sum += out[lead];
  }
  for (double& weight : out) weight *= static_cast<double>(leads) / sum;
  return out;
}

}  // namespace longtake::tasks
