// How far forecasts are from what came, by lead time: the errors of HKO-7 (Shi 2017, its hko_evaluation.py), of the
// ConvLSTM paper (1506.04214) and of video prediction. Values are taken in the unit that they come in; on fields of
// rain rates in mm/h the squared error of a cell is the Rainfall-MSE of 1506.04214.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/field_pair.h"
#include "metrics/lead_means.h"

namespace longtake {

// The mean over the cells of a frame that count; nothing when none does. Throws InvalidArgument as check_pair().
std::optional<double> mean_squared_error(const FieldPair& pair);

// sum FT / (sqrt(sum F^2) sqrt(sum T^2)) over the cells that count, as in HKO-7: the means are not taken away. 0 when
// one of the fields is 0 everywhere, and nothing when both are (the reference has 0 there).
std::optional<double> uncentred_correlation(const FieldPair& pair);

// What the error of a cell weighs by its true value: weights[0] below thresholds[0], weights[k] from thresholds[k - 1]
// on. Thresholds rise strictly and are in the unit of the truth. As it is, everything weighs 1.
struct BalancedWeights {
  std::vector<float> thresholds;
  std::vector<double> weights = {1};

  double of(float truth) const;

  friend bool operator==(const BalancedWeights&, const BalancedWeights&) = default;
};

// The weights of HKO-7's B-MSE and B-MAE by rain rate in mm/h: 1 below 2, 2 from there, 5 from 5, 10 from 10, 30
// from 30.
BalancedWeights rain_rate_weights();
// The same for HKO-7's pixels in [0, 1], on which its published numbers are.
BalancedWeights hko7_pixel_weights();
// The pixel in [0, 1] that stands for a rain rate in mm/h in HKO-7: (dBZ + 10) / 70 with dBZ = 10 log10(58.53 R^1.56).
// Throws InvalidArgument when the rate is not above 0.
double hko7_pixel(double rain_rate);

// One kind of error both ways: published numbers are per frame (HKO-7, OpenSTL: the sum over its cells) or per cell.
struct ErrorMeans {
  explicit ErrorMeans(std::int64_t leads) : per_frame(leads), per_cell(leads) {}

  LeadMeans per_frame;  // the sum over the cells that count, mean over frames
  LeadMeans per_cell;   // the mean over all cells that count of all frames

  friend bool operator==(const ErrorMeans&, const ErrorMeans&) = default;
};

// Errors by lead. A value with merge(), see LeadMeans. A frame of which no cell counts is left out.
class ForecastErrors {
 public:
  // Throws InvalidArgument on less than 1 lead or weights that do not fit their thresholds.
  explicit ForecastErrors(std::int64_t leads, BalancedWeights weights = {});

  // Throws InvalidArgument as check_pair(), and when there is no such lead.
  void add(std::int64_t lead, const FieldPair& pair);
  // Throws InvalidArgument when the leads or weights differ.
  void merge(const ForecastErrors& other);

  std::int64_t leads() const { return correlation_.leads(); }
  const ErrorMeans& squared() const { return squared_; }    // MSE
  const ErrorMeans& absolute() const { return absolute_; }  // MAE
  // B-MSE and B-MAE: every error times the weight of its cell. Divided by frames or cells, never by weights.
  const ErrorMeans& balanced_squared() const { return balanced_squared_; }
  const ErrorMeans& balanced_absolute() const { return balanced_absolute_; }
  // uncentred_correlation() of every frame that has one.
  const LeadMeans& correlation() const { return correlation_; }

  friend bool operator==(const ForecastErrors&, const ForecastErrors&) = default;

 private:
  BalancedWeights weights_;
  ErrorMeans squared_;
  ErrorMeans absolute_;
  ErrorMeans balanced_squared_;
  ErrorMeans balanced_absolute_;
  LeadMeans correlation_;
};

}  // namespace longtake
