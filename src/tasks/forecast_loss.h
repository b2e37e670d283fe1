// What forecasts are trained on, as plain numbers: [train.loss] of a recipe.
#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "longtake/input_spec.h"

namespace longtake::tasks {

// How much each lead weighs (Shi 2017, HKO-7).
enum class LeadWeights {
  kSame,
  kLinear,       // from 1 at the first to 5 at the last
  kExponential,  // the same, by equal factors
};

// The loss is the sum of these terms, each times its factor; a term with factor 0 is left out. Cross-entropy is summed
// over the pixels and frames of a sequence and averaged over sequences, as 1506.04214 has it; all others are means over
// the cells that count.
struct ForecastLossOptions {
  double cross_entropy = 0;     // -y log p - (1 - y) log(1 - p); needs a model with output = "sigmoid"
  double squared = 0;           // (p - y)^2
  double absolute = 0;          // |p - y|
  double balanced_squared = 0;  // both times the weight of the true value: B-MSE and B-MAE
  double balanced_absolute = 0;
  // The mean squared error of differences between cells (WACV 2019; specs 6.2).
  double pairwise = 0;
  // 1 - FSS, averaged over thresholds, windows and leads, the event being a sigmoid of how far a value is above its
  // threshold (Roberts and Lean 2008 as a loss; Ebert-Uphoff 2021, 2106.09757). With a window of one cell it is what
  // CSI wants, with larger ones it forgives what is near.
  double fractions = 0;
  std::vector<double> fraction_thresholds;  // by the true value as the model has it
  std::vector<std::int64_t> fraction_windows{1, 5};
  double fraction_softness = 0.03;  // of the sigmoid, in the model's numbers
  double gradient = 0;              // GDL: | |dp| - |dy| | between neighbours (Mathieu 2016, alpha 1)
  LeadWeights leads = LeadWeights::kSame;
  // Of balanced terms, by the true value as the model has it: weights[0] below thresholds[0], weights[k] from
  // thresholds[k - 1] on.
  std::vector<double> thresholds;
  std::vector<double> weights{1};

  bool any() const;
};

// Reads the table: a factor a term, lead_weights = "same", "linear" or "exponential", and thresholds (in mm/h where the
// input is rain, else in the channel's unit, or in [0, 1]) with weights, whose defaults for rain are HKO-7's: 1 below 2
// mm/h, then 2, 5 from 5, 10 from 10 and 30 from 30; fraction_thresholds (0.5 and 2 mm/h), fraction_windows and
// fraction_softness. Throws ConfigError.
ForecastLossOptions read_forecast_loss(const Options& loss, const InputSpec& input);

// The weight of each lead, with a mean of 1.
std::vector<double> lead_weights(LeadWeights weights, std::int64_t leads);

}  // namespace longtake::tasks
