#include "tasks/nowcast.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fields/regrid.h"
#include "longtake/error.h"
#include "tasks/forecast_finish.h"

namespace longtake::tasks {

namespace {

ClockOptions clock_options(const InputSpec& spec, std::optional<std::int64_t> first) {
  ClockOptions options{.step_s = static_cast<std::int64_t>(spec.step_s), .first = first};
  options.tolerance_s = std::min<std::int64_t>(options.tolerance_s, (options.step_s - 1) / 2);
  return options;
}

}  // namespace

Nowcaster::Nowcaster(ForecasterSet& forecasters, const graph::Model& model, const FieldSource& source,
                     std::int64_t horizon, std::optional<std::int64_t> first)
    : forecasters_(forecasters),
      model_(model),
      spec_(forecast_input_of(model)),
      prepare_(spec_, source),
      horizon_(horizon),
      needed_(forecast_protocol_of(model).seen),
      clock_(clock_options(spec_, first), extrapolation_of(model)),
      extrapolator_(extrapolation_of(model)) {
  if (spec_.fields.size() != 1) {
    throw InvalidArgument(fmt::format("model '{}' takes {} fields at a time; a feed of one is followed", model.name,
                                      spec_.fields.size()));
  }
  if (horizon < 1) throw InvalidArgument("a forecast has at least one frame");
}

void Nowcaster::open(const fields::Field& prepared) {
  const auto [rows, columns] = fitting_size(model_, prepared.height, prepared.width);
  top_ = (prepared.height - rows) / 2;
  left_ = (prepared.width - columns) / 2;
  like_ = fields::crop(prepared, top_, left_, rows, columns);
  forecaster_ = &forecasters_.of_size(rows, columns);
  state_ = forecaster_->initial_state(1);
}

std::vector<Nowcast> Nowcaster::push(const fields::Field& field) {
  if (!field.time) throw InvalidArgument("a field of a feed needs a time");
  if (first_) fields::check_same_size(*first_, field);
  fields::Field prepared = prepare_(field, 0);
  if (!first_) {
    open(prepared);
    first_ = field;
  }
  prepared = fields::crop(prepared, top_, left_, like_.height, like_.width);
  InputSpec values_only = spec_;
  values_only.validity = false;
  FieldFrame frame{Tensor(DType::kFloat32, {1, like_.height, like_.width}),
                   Tensor::from<std::uint8_t>({like_.height, like_.width}, std::span(prepared.valid))};
  fields::FieldCoding(values_only).encode({&prepared, 1}, frame.values.data<float>());
  std::vector<Nowcast> out;
  for (const ClockFrame& step : clock_.push(*field.time, std::move(frame))) {
    see(step);
    if (seen_ >= needed_ && !step.missing) out.push_back(forecast(step.time));
  }
  return out;
}

void Nowcaster::see(const ClockFrame& step) {
  if (step.anew) {
    state_ = forecaster_->initial_state(1);
    seen_ = missing_ = 0;
    recent_.clear();
  }
  const std::int64_t area = like_.height * like_.width;
  Tensor frames(DType::kFloat32, {1, 1, spec_.channels(), like_.height, like_.width});
  const auto to = frames.data<float>();
  std::copy_n(step.frame.values.data<float>().begin(), area, to.begin());
  if (spec_.validity) std::copy_n(step.frame.valid.data<std::uint8_t>().begin(), area, to.begin() + area);
  forecaster_->see(frames, state_);
  ++seen_;
  missing_ += step.missing ? 1 : 0;
  if (static_cast<std::int64_t>(recent_.size()) == needed_) recent_.erase(recent_.begin());
  recent_.push_back(step);
}

fields::Field Nowcaster::measured(const float* numbers, const std::uint8_t* valid, std::int64_t time) const {
  fields::Field field = fields::missing_field(like_, time);
  const MeasuredUnit unit = measured_unit(spec_);
  field.unit = unit.name;
  field.quantity = unit.name == "mm/h" ? "rain_rate" : spec_.fields[0].variable;
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (valid[i] != 0) fields::set_cell(field, i, unit.of(0, numbers[i]));
  }
  return field;
}

Nowcast Nowcaster::forecast(std::int64_t time) {
  const std::int64_t area = like_.height * like_.width;
  Nowcast nowcast{.time = time, .seen = seen_, .missing = missing_};
  const auto count = static_cast<std::int64_t>(recent_.size());
  Tensor frames(DType::kFloat32, {count, 1, like_.height, like_.width});
  Tensor valid(DType::kUint8, {count, like_.height, like_.width});
  for (std::int64_t i = 0; i < count; ++i) {
    const FieldFrame& frame = recent_[i].frame;
    std::copy_n(frame.values.data<float>().begin(), area, frames.data<float>().begin() + i * area);
    std::copy_n(frame.valid.data<std::uint8_t>().begin(), area, valid.data<std::uint8_t>().begin() + i * area);
    nowcast.recent.push_back(
        measured(frame.values.data<float>().data(), frame.valid.data<std::uint8_t>().data(), recent_[i].time));
  }
  const Tensor moved = extrapolator_.extrapolate(frames, valid, horizon_);
  Tensor made = forecaster_->forecast(state_, horizon_, &moved).reshaped({horizon_, 1, like_.height, like_.width});
  finish_forecast(forecast_finish_of(model_), made, moved,
                  recent_.back().frame.values.reshaped({1, like_.height, like_.width}), recent_.back().frame.valid);
  const auto step_s = static_cast<std::int64_t>(spec_.step_s);
  // Of what no radar sees nothing is said.
  const std::uint8_t* covered = recent_.back().frame.valid.data<std::uint8_t>().data();
  for (std::int64_t lead = 0; lead < horizon_; ++lead) {
    const std::int64_t at = time + (lead + 1) * step_s;
    nowcast.forecast.push_back(measured(made.data<float>().data() + lead * area, covered, at));
    const float* values = moved.data<float>().data() + lead * 2 * area;
    std::vector<std::uint8_t> within(static_cast<std::size_t>(area));
    for (std::int64_t i = 0; i < area; ++i) within[i] = values[area + i] > 0;
    nowcast.extrapolation.push_back(measured(values, within.data(), at));
  }
  return nowcast;
}

std::int64_t Nowcaster::state_bytes() const {
  std::int64_t bytes = state_.streams() > 0 ? state_.bytes_per_stream() : 0;
  for (const ClockFrame& frame : recent_) {
    bytes += static_cast<std::int64_t>(frame.frame.values.bytes() + frame.frame.valid.bytes());
  }
  return bytes;
}

}  // namespace longtake::tasks
