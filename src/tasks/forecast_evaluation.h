// How good forecasts are, beside those of the baselines that need no model: persistence (the newest frame stays) and
// extrapolation (it moves on). All methods are measured in one run, on the same windows and the same cells: those whose
// truth was measured and that every method has a forecast for.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/forecast_errors.h"
#include "metrics/forecast_scores.h"
#include "metrics/image_quality.h"
#include "metrics/power_spectrum.h"
#include "tasks/forecast.h"
#include "tasks/windows.h"

namespace longtake::tasks {

struct MeasureOptions {
  std::vector<float> thresholds;          // of events, in the unit of the measured values
  std::vector<std::int64_t> fss_windows;  // sides of neighbourhoods, in cells
  // As image_quality.h; SSIM and PSNR are of the model's numbers, whose range is 1.
  SimilarityOptions similarity;
  std::int64_t most_windows = 0;  // spread evenly over all; 0 takes all

  // 0.5, 2, 5, 10 and 30 mm/h for rain (Shi 2017), the middle of the range for what is not; neighbourhoods of 1, 5, 11
  // and 21 cells.
  static MeasureOptions usual(const InputSpec& spec);
};

// How values are measured: rain in mm/h, other fields in their channel's unit, pictures as numbers from 0 to 1.
struct MeasuredUnit {
  std::string name;  // "mm/h"; empty for pictures
  std::function<float(std::int64_t channel, float value)> of;
};
MeasuredUnit measured_unit(const InputSpec& spec);

// The scores of one method.
struct MethodScores {
  MethodScores(std::string method, std::int64_t leads, const MeasureOptions& options, const InputSpec& spec,
               std::int64_t height, std::int64_t width);

  std::string name;
  ForecastErrors errors;
  ContingencyScores events;
  FractionsSkillScore fractions;
  ImageQuality quality;
  LeadMeans cross_entropy;  // of the model's numbers, where all are in [0, 1]
  // Of the middle of each window, as large as the model's own frames, or as the first window where that is smaller;
  // windows that are smaller still are left out.
  PowerSpectra spectra;

  // All measures of a frame of one channel: numbers of the model, and the same measured.
  void add(std::int64_t lead, const FieldPair& numbers, const FieldPair& measured, const InputSpec& spec);
};

struct ForecastEvaluation {
  std::string protocol;
  std::string unit;
  double step_s = 0;
  double spacing = 0;  // of cells; 0 where it is not known
  std::int64_t leads = 0;
  std::int64_t windows = 0;
  MeasureOptions options;
  std::vector<MethodScores> methods;  // "model", "persistence", "extrapolation"

  // Throws InvalidArgument where there is none.
  const MethodScores& method(const std::string& name) const;
};

// The largest frames, at most `height` x `width`, that the model takes, smaller than those it was trained on or larger.
// Throws BadData where it takes none: a model that is not convolutional takes its own size alone.
std::pair<std::int64_t, std::int64_t> fitting_size(const graph::Model& model, std::int64_t height, std::int64_t width);

// Forecasters of a model by the size of the frames, made when they are asked for.
class ForecasterSet {
 public:
  ForecasterSet(const graph::Model& model, ExecutorMaker make) : model_(model), make_(std::move(make)) {}
  Forecaster& of_size(std::int64_t height, std::int64_t width);

 private:
  const graph::Model& model_;
  ExecutorMaker make_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Forecaster>> made_;
};

// The forecast of a window by the model: float32 [forecast, channels, height, width].
Tensor forecast_window(Forecaster& forecaster, const Window& window, const WindowShape& shape);

// `windows` must have extrapolations (WindowShape::advected). `progress`, called after every window, may end the
// evaluation by returning false.
ForecastEvaluation evaluate_forecasts(ForecasterSet& forecasters, const graph::Model& model, WindowSource& windows,
                                      const WindowShape& shape, const MeasureOptions& options,
                                      const std::function<bool(std::int64_t done, std::int64_t total)>& progress = {});

// How much smoother a method's forecasts are than truth, in words: "its last frames have 12 % of the power that truth
// has at wavelengths below 8 cells". Empty where they have at least half of it.
std::string smoothness_note(const MethodScores& method);

}  // namespace longtake::tasks
