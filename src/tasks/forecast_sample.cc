#include "tasks/forecast_sample.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace longtake::tasks {

namespace {

// Where cells lie, as far as a window knows: their spacing.
fields::Field blank(const InputSpec& spec, std::int64_t height, std::int64_t width) {
  fields::Field field = fields::empty_field(height, width, "a window");
  field.unit = measured_unit(spec).name;
  field.quantity = field.unit == "mm/h" ? "rain_rate" : "intensity";
  if (spec.spacing >= 100) {  // metres, not degrees
    field.grid.kind = fields::GridKind::kProjected;
    field.grid.absolute = false;
    for (std::int64_t x = 0; x < width; ++x) field.grid.x.push_back((static_cast<double>(x) + 0.5) * spec.spacing);
    for (std::int64_t y = 0; y < height; ++y) field.grid.y.push_back(-(static_cast<double>(y) + 0.5) * spec.spacing);
  }
  return field;
}

// The first channel of frame `index` of a tensor [frames, channels, height, width].
fields::Field field_of(const Tensor& frames, std::int64_t index, const std::uint8_t* valid, const InputSpec& spec,
                       std::int64_t step) {
  fields::Field field = blank(spec, frames.size(2), frames.size(3));
  field.time = static_cast<std::int64_t>(static_cast<double>(step) * (spec.has_fields() ? spec.step_s : 1));
  const MeasuredUnit unit = measured_unit(spec);
  const float* numbers = frames.data<float>().data() + index * frames.size(1) * frames.size(2) * frames.size(3);
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (valid == nullptr || valid[i] != 0) fields::set_cell(field, i, unit.of(0, numbers[i]));
  }
  return field;
}

double amount_of(const Window& window) {
  const auto values = window.targets.data<float>();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

ForecastSample sample_of(Forecaster& forecaster, const Window& window, const WindowShape& shape) {
  const InputSpec& spec = forecaster.spec();
  const Tensor forecast = forecast_window(forecaster, window, shape);
  const std::int64_t area = window.targets.size(2) * window.targets.size(3);
  const auto valid = [&](std::int64_t frame) {
    return window.valid.count() == 0 ? nullptr : window.valid.data<std::uint8_t>().data() + frame * area;
  };
  ForecastSample sample{.id = window.id};
  for (std::int64_t i = 0; i < shape.seen; ++i) {
    sample.seen.push_back(field_of(window.targets, i, valid(i), spec, i));
  }
  for (std::int64_t lead = 0; lead < shape.forecast; ++lead) {
    const std::int64_t at = shape.seen + lead;
    sample.truth.push_back(field_of(window.targets, at, valid(at), spec, at));
    sample.forecast.push_back(field_of(forecast, lead, valid(shape.seen - 1), spec, at));
    if (window.advected.count() > 0) {
      sample.extrapolation.push_back(field_of(window.advected, lead, valid(shape.seen - 1), spec, at));
    }
  }
  return sample;
}

std::vector<ForecastSample> choose_samples(ForecasterSet& forecasters, const graph::Model& model, WindowSource& windows,
                                           const WindowShape& shape, std::size_t count, std::int64_t most_read) {
  const std::int64_t looked = std::min(windows.size(), most_read);
  std::vector<std::pair<double, std::int64_t>> by_amount;
  for (std::int64_t i = 0; i < looked; ++i) {
    const std::int64_t index = i * windows.size() / looked;
    by_amount.emplace_back(-amount_of(windows.read(index, nullptr)), index);
  }
  std::sort(by_amount.begin(), by_amount.end());
  std::vector<ForecastSample> samples;
  for (std::size_t i = 0; i < std::min(count, by_amount.size()); ++i) {
    const Window whole = windows.read(by_amount[i].second, nullptr);
    const auto [rows, columns] = fitting_size(model, whole.frames.size(2), whole.frames.size(3));
    samples.push_back(sample_of(forecasters.of_size(rows, columns), crop_middle(whole, rows, columns), shape));
  }
  return samples;
}

}  // namespace longtake::tasks
