#include "tasks/forecast_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fields/coding.h"
#include "longtake/error.h"
#include "tasks/forecast_finish.h"

namespace longtake::tasks {

namespace {

// Wavelengths, in cells, below which a forecast that smooths loses first.
constexpr double kShortWaves = 8;
constexpr double kShortestWave = 2;
// Of the larger of the windows of SSIM: smaller frames have no such qualities.
constexpr std::int64_t kSimilaritySide = 11;

Shape map_shape(const Shape& shape) { return {shape[shape.size() - 2], shape[shape.size() - 1]}; }

// One map of a tensor [..., height, width].
std::span<const float> map_of(const Tensor& tensor, std::int64_t index) {
  const Shape map = map_shape(tensor.shape());
  const std::int64_t area = map[0] * map[1];
  return tensor.data<float>().subspan(index * area, area);
}

std::vector<float> measured_map(const MeasuredUnit& unit, std::int64_t channel, std::span<const float> map) {
  std::vector<float> out(map.size());
  for (std::size_t i = 0; i < map.size(); ++i) out[i] = unit.of(channel, map[i]);
  return out;
}

// The middle of a map.
template <class T>
std::vector<T> middle_of(std::span<const T> map, std::int64_t height, std::int64_t width, std::int64_t rows,
                         std::int64_t columns) {
  const std::int64_t top = (height - rows) / 2, left = (width - columns) / 2;
  std::vector<T> out;
  out.reserve(static_cast<std::size_t>(rows * columns));
  for (std::int64_t y = top; y < top + rows; ++y) {
    const auto row = map.subspan(y * width + left, columns);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace

MeasureOptions MeasureOptions::usual(const InputSpec& spec) {
  MeasureOptions options;
  options.fss_windows = {1, 5, 11, 21};
  if (spec.has_fields() && fields::FieldCoding(spec).rain_unit(0) == "mm/h") {
    options.thresholds = {0.5F, 2, 5, 10, 30};
  } else if (spec.has_fields()) {
    options.thresholds = {static_cast<float>((spec.fields[0].low + spec.fields[0].high) / 2)};
  } else {
    options.thresholds = {0.5F};
  }
  return options;
}

MeasuredUnit measured_unit(const InputSpec& spec) {
  if (!spec.has_fields()) return {"", [](std::int64_t, float value) { return value; }};
  const auto coding = std::make_shared<fields::FieldCoding>(spec);
  return {coding->rain_unit(0),
          [coding](std::int64_t channel, float value) { return coding->decode_rain(channel, value); }};
}

MethodScores::MethodScores(std::string method, std::int64_t leads, const MeasureOptions& options, const InputSpec& spec,
                           std::int64_t height, std::int64_t width)
    : name(std::move(method)),
      errors(leads, measured_unit(spec).name == "mm/h" ? rain_rate_weights() : BalancedWeights{}),
      events(leads, options.thresholds),
      fractions(leads, options.thresholds, options.fss_windows),
      quality(leads, 1, options.similarity),
      cross_entropy(leads),
      spectra(leads, height, width, spec.has_fields() ? Taper::kHann : Taper::kNone) {}

void MethodScores::add(std::int64_t lead, const FieldPair& numbers, const FieldPair& measured, const InputSpec& spec) {
  errors.add(lead, measured);
  events.add(lead, measured);
  fractions.add(lead, measured);
  if (std::min(numbers.height, numbers.width) >= kSimilaritySide) quality.add(lead, numbers);
  if (!spec.has_fields()) {
    cross_entropy.add(lead, longtake::cross_entropy(numbers));
  }
}

const MethodScores& ForecastEvaluation::method(const std::string& name) const {
  for (const MethodScores& scores : methods) {
    if (scores.name == name) return scores;
  }
  throw InvalidArgument(fmt::format("the evaluation has no method '{}'", name));
}

std::pair<std::int64_t, std::int64_t> fitting_size(const graph::Model& model, std::int64_t height, std::int64_t width) {
  const graph::Graph& encode = model.graph("encode");
  const graph::Plan plan = graph::make_plan(model, encode);
  const Shape& own = plan.shapes[encode.input("frame")];
  const auto takes = [&](std::int64_t rows, std::int64_t columns) {
    try {
      const ForecastSizes sizes = forecast_sizes(model, rows, columns);
      const graph::Plan forecast = graph::make_plan(model, model.graph("forecast"), sizes.forecast);
      const Shape& frame = forecast.shapes[forecast.graph->output("frame").value];
      return frame[1] == rows && frame[2] == columns;
    } catch (const InvalidArgument&) {
      return false;
    }
  };
  // One side after the other, down to the model's own size at the latest: what does not fit is less than a patch or a
  // stride.
  std::int64_t rows = height, columns = width;
  while (rows > 0 && !takes(rows, own[2])) --rows;
  while (rows > 0 && columns > 0 && !takes(rows, columns)) --columns;
  if (rows > 0 && columns > 0) return {rows, columns};
  throw BadData(
      fmt::format("frames of {} x {} are too small for model '{}', which was made for {} x {} and takes none so small",
                  height, width, model.name, own[1], own[2]));
}

Forecaster& ForecasterSet::of_size(std::int64_t height, std::int64_t width) {
  std::unique_ptr<Forecaster>& made = made_[{height, width}];
  if (made == nullptr) made = std::make_unique<Forecaster>(model_, make_, height, width);
  return *made;
}

Tensor forecast_window(Forecaster& forecaster, const Window& window, const WindowShape& shape) {
  State state = forecaster.initial_state(1);
  const Shape& frame = forecaster.frame_shape();
  const std::int64_t count = shape.seen * element_count(frame);
  forecaster.see(
      Tensor::from<float>({shape.seen, 1, frame[0], frame[1], frame[2]}, window.frames.data<float>().first(count)),
      state);
  const Tensor* advected = window.advected.count() > 0 ? &window.advected : nullptr;
  const Shape& forecast = forecaster.forecast_shape();
  Tensor out = forecaster.forecast(state, shape.forecast, advected)
                   .reshaped({shape.forecast, forecast[0], forecast[1], forecast[2]});
  const ForecastFinish finish = forecast_finish_of(forecaster.model());
  if (!finish.any()) return out;
  const std::int64_t newest = shape.seen - 1, area = forecast[1] * forecast[2];
  Tensor valid(DType::kUint8, {0});
  if (window.valid.count() > 0) {
    valid = Tensor::from<std::uint8_t>({forecast[1], forecast[2]},
                                       window.valid.data<std::uint8_t>().subspan(newest * area, area));
  }
  const Tensor frame_seen = Tensor::from<float>(
      forecast, window.targets.data<float>().subspan(newest * forecast[0] * area, forecast[0] * area));
  finish_forecast(finish, out, window.advected, frame_seen, valid);
  return out;
}

namespace {

// What the methods say of a window: [forecast, channels, height, width] each.
struct Forecasts {
  std::vector<std::pair<std::string, Tensor>> methods;
};

Tensor persistence_of(const Window& window, const WindowShape& shape) {
  Shape out_shape = window.targets.shape();
  out_shape[0] = shape.forecast;
  Tensor out(DType::kFloat32, out_shape);
  const std::int64_t frame = out.count() / shape.forecast;
  for (std::int64_t lead = 0; lead < shape.forecast; ++lead) {
    std::copy_n(window.targets.data<float>().data() + (shape.seen - 1) * frame, frame,
                out.data<float>().data() + lead * frame);
  }
  return out;
}

Tensor extrapolation_of(const Window& window) {
  const Tensor& moved = window.advected;
  const std::int64_t leads = moved.size(0), channels = moved.size(1) - 1, area = moved.size(2) * moved.size(3);
  Tensor out(DType::kFloat32, {leads, channels, moved.size(2), moved.size(3)});
  for (std::int64_t lead = 0; lead < leads; ++lead) {
    std::copy_n(moved.data<float>().data() + lead * (channels + 1) * area, channels * area,
                out.data<float>().data() + lead * channels * area);
  }
  return out;
}

// Where a lead counts. Of pictures everywhere; of fields where the truth is there, the newest frame was, and the
// extrapolation comes from within the grid: what comes in from outside nobody can know.
std::vector<std::uint8_t> counted_mask(const Window& window, const WindowShape& shape, const InputSpec& spec,
                                       std::int64_t lead) {
  const std::int64_t area = window.targets.size(2) * window.targets.size(3);
  if (!spec.has_fields()) return std::vector<std::uint8_t>(static_cast<std::size_t>(area), 1);
  const std::int64_t channels = window.advected.size(1) - 1;
  const float* within = window.advected.data<float>().data() + (lead * (channels + 1) + channels) * area;
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(area), 1);
  for (std::int64_t i = 0; i < area; ++i) {
    mask[i] = within[i] > 0;
    if (window.valid.count() == 0) continue;
    const auto valid = window.valid.data<std::uint8_t>();
    mask[i] &= valid[(shape.seen - 1) * area + i] & valid[(shape.seen + lead) * area + i];
  }
  return mask;
}

void measure_window(const Window& window, const WindowShape& shape, const Forecasts& forecasts, const InputSpec& spec,
                    const MeasuredUnit& unit, std::int64_t rows, std::int64_t columns, ForecastEvaluation& evaluation) {
  const std::int64_t height = window.targets.size(2), width = window.targets.size(3), channels = window.targets.size(1);
  for (std::int64_t lead = 0; lead < shape.forecast; ++lead) {
    const std::vector<std::uint8_t> mask = counted_mask(window, shape, spec, lead);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const auto truth = map_of(window.targets, (shape.seen + lead) * channels + channel);
      const std::vector<float> truth_measured = measured_map(unit, channel, truth);
      for (std::size_t m = 0; m < forecasts.methods.size(); ++m) {
        const auto forecast = map_of(forecasts.methods[m].second, lead * channels + channel);
        const std::vector<float> measured = measured_map(unit, channel, forecast);
        std::vector<float> clipped(forecast.begin(), forecast.end());
        for (float& value : clipped) value = std::clamp(value, 0.0F, 1.0F);
        MethodScores& scores = evaluation.methods[m];
        scores.add(lead, {clipped, truth, height, width, mask}, {measured, truth_measured, height, width, mask}, spec);
        if (rows > height || columns > width) continue;
        const auto cut = [&](std::span<const float> map) { return middle_of(map, height, width, rows, columns); };
        const std::vector<float> a = cut(clipped), b = cut(truth);
        const auto cut_mask = middle_of(std::span<const std::uint8_t>(mask), height, width, rows, columns);
        scores.spectra.add(lead, {a, b, rows, columns, cut_mask});
      }
    }
  }
}

// The model's own frames, or the first window where that is smaller.
std::pair<std::int64_t, std::int64_t> spectrum_size(const graph::Model& model, std::int64_t rows,
                                                    std::int64_t columns) {
  const graph::Plan plan = graph::make_plan(model, model.graph("encode"));
  const Shape& own = plan.shapes[plan.graph->input("frame")];
  return {std::min(own[1], rows), std::min(own[2], columns)};
}

}  // namespace

ForecastEvaluation evaluate_forecasts(ForecasterSet& forecasters, const graph::Model& model, WindowSource& windows,
                                      const WindowShape& shape, const MeasureOptions& options,
                                      const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  if (!shape.advected || shape.forecast < 1) throw InvalidArgument("windows without an extrapolation are not measured");
  const InputSpec& spec = forecast_input_of(model);
  ForecastEvaluation evaluation{.protocol = ForecastProtocol{shape.seen, shape.forecast}.describe(),
                                .unit = measured_unit(spec).name,
                                .step_s = spec.has_fields() ? spec.step_s
                                          : spec.fps > 0    ? 1 / spec.fps
                                                            : 0,
                                .spacing = spec.spacing,
                                .leads = shape.forecast,
                                .options = options};
  std::pair<std::int64_t, std::int64_t> middle;  // of which spectra are taken: one size for all windows
  const MeasuredUnit unit = measured_unit(spec);
  const std::int64_t all = windows.size();
  const std::int64_t total = options.most_windows > 0 ? std::min(all, options.most_windows) : all;
  for (std::int64_t i = 0; i < total; ++i) {
    const Window whole = windows.read(i * all / total, nullptr);
    const auto [rows, columns] = fitting_size(model, whole.frames.size(2), whole.frames.size(3));
    const Window window = crop_middle(whole, rows, columns);
    if (evaluation.methods.empty()) {
      middle = spectrum_size(model, rows, columns);
      for (const char* method : {"model", "persistence", "extrapolation"}) {
        evaluation.methods.emplace_back(method, shape.forecast, options, spec, middle.first, middle.second);
      }
    }
    const Forecasts forecasts{{{"model", forecast_window(forecasters.of_size(rows, columns), window, shape)},
                               {"persistence", persistence_of(window, shape)},
                               {"extrapolation", extrapolation_of(window)}}};
    measure_window(window, shape, forecasts, spec, unit, middle.first, middle.second, evaluation);
    ++evaluation.windows;
    if (progress && !progress(evaluation.windows, total)) break;
  }
  return evaluation;
}

std::string smoothness_note(const MethodScores& method) {
  const auto share = method.spectra.ratio(method.spectra.leads() - 1, kShortestWave, kShortWaves);
  if (!share || *share >= 0.5) return "";
  return fmt::format(
      "Smooth: the last frames that the {} forecasts have {:.0f} % of the power that truth has at wavelengths below {} "
      "cells. A forecast of the mean of what may come scores well on errors and has no such detail.",
      method.name, 100 * *share, kShortWaves);
}

}  // namespace longtake::tasks
