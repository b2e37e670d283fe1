#include "tasks/nowcast.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fields/regrid.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// More of them would be a feed whose times have no order.
constexpr std::size_t kMostPhases = 12;

ClockOptions clock_options(const InputSpec& spec, std::int64_t usual_distance_s, std::optional<std::int64_t> first) {
  ClockOptions options{.step_s = static_cast<std::int64_t>(spec.step_s), .first = first};
  options.usual_distance_s = usual_distance_s;
  options.tolerance_s = std::min<std::int64_t>(options.tolerance_s, (options.step_s - 1) / 2);
  return options;
}

constexpr const char* kPhases = "nowcast/phases";  // how many, and the time of the newest field
std::string phase_prefix(std::size_t phase) { return fmt::format("nowcast/{}/", phase); }

std::span<const std::int64_t> numbers_of(const State& state, const std::string& name, std::int64_t count) {
  if (!state.contains(name))
    throw InvalidArgument(fmt::format("this is not the state of a nowcast: it has no {}", name));
  const Tensor& tensor = state.at(name);
  if (tensor.dtype() != DType::kInt64 || tensor.shape() != Shape{1, count}) {
    throw InvalidArgument(
        fmt::format("the state's {} is {}, not {} whole numbers", name, to_string(tensor.shape()), count));
  }
  return tensor.data<std::int64_t>();
}

}  // namespace

Nowcaster::Nowcaster(ForecasterSet& forecasters, const graph::Model& model, const FieldSource& source,
                     const NowcastOptions& options)
    : forecasters_(forecasters),
      model_(model),
      spec_(forecast_input_of(model)),
      prepare_(spec_, source),
      options_(options),
      needed_(forecast_protocol_of(model).seen),
      finish_(forecast_finish_of(model)),
      extrapolator_(extrapolation_of(model)) {
  if (spec_.fields.size() != 1) {
    throw InvalidArgument(fmt::format("model '{}' takes {} fields at a time; a feed of one is followed", model.name,
                                      spec_.fields.size()));
  }
  if (options.horizon < 1) throw InvalidArgument("a forecast has at least one frame");
}

void Nowcaster::open(const fields::Field& prepared) {
  const auto [rows, columns] = fitting_size(model_, prepared.height, prepared.width);
  if (forecaster_ == nullptr) {
    forecaster_ = &forecasters_.of_size(rows, columns);
    phases_.push_back(new_phase(options_.first));
  }
  const Shape& frame = forecaster_->frame_shape();
  if (frame[1] != rows || frame[2] != columns) {
    throw InvalidArgument(fmt::format("the state is of a feed of {} x {} cells, but this field has {} x {}", frame[1],
                                      frame[2], rows, columns));
  }
  top_ = (prepared.height - rows) / 2;
  left_ = (prepared.width - columns) / 2;
  like_ = fields::crop(prepared, top_, left_, rows, columns);
}

Nowcaster::Phase Nowcaster::new_phase(std::optional<std::int64_t> first) const {
  return {FieldClock(clock_options(spec_, options_.usual_distance_s, first), extrapolation_of(model_)),
          forecaster_->initial_state(1)};
}

bool Nowcaster::is_step(std::int64_t time) const {
  return std::any_of(phases_.begin(), phases_.end(), [&](const Phase& phase) { return phase.clock.is_step(time); });
}

// After a break phases begin again at the same field; the first of those with the same steps stays.
void Nowcaster::drop_doubles() {
  std::vector<Phase> kept;
  kept.swap(phases_);
  for (Phase& phase : kept) {
    const auto next = phase.clock.next_step();
    if (!next || !is_step(*next)) phases_.push_back(std::move(phase));
  }
}

FieldFrame Nowcaster::frame_of(const fields::Field& field) {
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
  return frame;
}

std::vector<Nowcast> Nowcaster::push(const fields::Field& field) {
  if (!field.time) throw InvalidArgument("a field of a feed needs a time");
  if (first_) fields::check_same_size(*first_, field);
  const FieldFrame frame = frame_of(field);
  if (!has_measurement(frame)) return {};
  const std::int64_t time = *field.time;
  for (Phase& phase : phases_) phase.settled = phase.clock.push(time, frame);
  newest_ = time;
  if (options_.every_field) {
    drop_doubles();
    if (!is_step(time) && phases_.size() < kMostPhases) {
      phases_.push_back(new_phase(time));
      phases_.back().settled = phases_.back().clock.push(time, frame);
    }
  }
  // Of a field that is at a step of some phase, only that one's nowcast is told.
  const bool at_step = options_.every_field && is_step(time);
  std::vector<Nowcast> out;
  for (Phase& phase : phases_) {
    const bool told = !at_step || phase.clock.is_step(time);
    for (const ClockFrame& step : phase.settled) {
      see(phase, step);
      if (phase.seen >= needed_ && !step.missing && told) out.push_back(forecast(phase, step.time));
    }
    phase.settled.clear();
  }
  return out;
}

void Nowcaster::see(Phase& phase, const ClockFrame& step) {
  if (step.anew) {
    phase.state = forecaster_->initial_state(1);
    phase.seen = phase.missing = 0;
    phase.recent.clear();
  }
  const std::int64_t area = like_.height * like_.width;
  Tensor frames(DType::kFloat32, {1, 1, spec_.channels(), like_.height, like_.width});
  const auto to = frames.data<float>();
  std::copy_n(step.frame.values.data<float>().begin(), area, to.begin());
  if (spec_.validity) std::copy_n(step.frame.valid.data<std::uint8_t>().begin(), area, to.begin() + area);
  forecaster_->see(frames, phase.state);
  ++phase.seen;
  phase.missing += step.missing ? 1 : 0;
  if (static_cast<std::int64_t>(phase.recent.size()) == needed_) phase.recent.erase(phase.recent.begin());
  phase.recent.push_back(step);
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

Nowcast Nowcaster::forecast(const Phase& phase, std::int64_t time) {
  const std::int64_t area = like_.height * like_.width;
  Nowcast nowcast{.time = time, .seen = phase.seen, .missing = phase.missing};
  const auto count = static_cast<std::int64_t>(phase.recent.size());
  Tensor frames(DType::kFloat32, {count, 1, like_.height, like_.width});
  Tensor valid(DType::kUint8, {count, like_.height, like_.width});
  for (std::int64_t i = 0; i < count; ++i) {
    const FieldFrame& frame = phase.recent[i].frame;
    std::copy_n(frame.values.data<float>().begin(), area, frames.data<float>().begin() + i * area);
    std::copy_n(frame.valid.data<std::uint8_t>().begin(), area, valid.data<std::uint8_t>().begin() + i * area);
    nowcast.recent.push_back(
        measured(frame.values.data<float>().data(), frame.valid.data<std::uint8_t>().data(), phase.recent[i].time));
  }
  const Tensor moved = extrapolator_.extrapolate(frames, valid, options_.horizon);
  Tensor made = forecaster_->forecast(phase.state, options_.horizon, &moved)
                    .reshaped({options_.horizon, 1, like_.height, like_.width});
  finish_forecast(finish_, made, moved, phase.recent.back().frame.values.reshaped({1, like_.height, like_.width}),
                  phase.recent.back().frame.valid);
  const auto step_s = static_cast<std::int64_t>(spec_.step_s);
  // Of what no radar sees nothing is said.
  const std::uint8_t* covered = phase.recent.back().frame.valid.data<std::uint8_t>().data();
  for (std::int64_t lead = 0; lead < options_.horizon; ++lead) {
    const std::int64_t at = time + (lead + 1) * step_s;
    nowcast.forecast.push_back(measured(made.data<float>().data() + lead * area, covered, at));
    const float* values = moved.data<float>().data() + lead * 2 * area;
    std::vector<std::uint8_t> within(static_cast<std::size_t>(area));
    for (std::int64_t i = 0; i < area; ++i) within[i] = values[area + i] > 0;
    nowcast.extrapolation.push_back(measured(values, within.data(), at));
  }
  return nowcast;
}

std::int64_t Nowcaster::state_bytes() const { return save().bytes_per_stream(); }

State Nowcaster::save() const {
  State saved(1);
  saved.set(kPhases,
            Tensor::from<std::int64_t>({1, 2}, {static_cast<std::int64_t>(phases_.size()), newest_.value_or(0)}));
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const Phase& phase = phases_[i];
    const std::string prefix = phase_prefix(i);
    phase.clock.save(prefix + "clock/", saved);
    Forecaster::save_state(phase.state, prefix + "model/", saved);
    saved.set(prefix + "counts", Tensor::from<std::int64_t>({1, 3}, {phase.seen, phase.missing,
                                                                     static_cast<std::int64_t>(phase.recent.size())}));
    for (std::size_t r = 0; r < phase.recent.size(); ++r) {
      const ClockFrame& recent = phase.recent[r];
      const std::string name = fmt::format("{}recent/{}/", prefix, r);
      saved.set(name + "time", Tensor::from<std::int64_t>({1, 2}, {recent.time, recent.missing ? 1 : 0}));
      save_frame(recent.frame, name, saved);
    }
  }
  return saved;
}

Nowcaster::Phase Nowcaster::load_phase(const State& saved, const std::string& prefix) const {
  const Shape& frame = forecaster_->frame_shape();
  Phase phase = new_phase(std::nullopt);
  phase.clock.load(prefix + "clock/", saved, frame[1], frame[2]);
  phase.state = forecaster_->load_state(saved, prefix + "model/");
  const auto counts = numbers_of(saved, prefix + "counts", 3);
  if (counts[2] < 0 || counts[2] > needed_) {
    throw InvalidArgument(fmt::format("the state has {} frames where the model sees {}", counts[2], needed_));
  }
  phase.seen = counts[0];
  phase.missing = counts[1];
  for (std::int64_t r = 0; r < counts[2]; ++r) {
    const std::string name = fmt::format("{}recent/{}/", prefix, r);
    const auto time = numbers_of(saved, name + "time", 2);
    phase.recent.push_back(
        {.time = time[0], .frame = load_frame(name, saved, frame[1], frame[2]), .missing = time[1] != 0});
  }
  return phase;
}

void Nowcaster::load(const State& state) {
  if (first_) throw InvalidArgument("a state is loaded before the first field, not after it");
  const auto known = numbers_of(state, kPhases, 2);
  if (known[0] == 0) return;  // of a feed that had no field
  if (known[0] < 0 || known[0] > static_cast<std::int64_t>(kMostPhases)) {
    throw InvalidArgument(fmt::format("the state has {} phases", known[0]));
  }
  // The size of the feed is that of its newest frame.
  const Tensor& newest = state.at(phase_prefix(0) + "clock/last/valid");
  if (newest.shape().size() != 3) {
    throw InvalidArgument(fmt::format("the state's newest frame is {}", to_string(newest.shape())));
  }
  forecaster_ = &forecasters_.of_size(newest.size(1), newest.size(2));
  std::vector<Phase> phases;
  for (std::int64_t i = 0; i < known[0]; ++i) {
    phases.push_back(load_phase(state, phase_prefix(static_cast<std::size_t>(i))));
  }
  phases_ = std::move(phases);
  newest_ = known[1];
}

}  // namespace longtake::tasks
