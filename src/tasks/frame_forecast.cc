#include "tasks/frame_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

constexpr const char* kFrameCount = "frames/count";
constexpr const char* kNewestFrames = "frames/newest";
constexpr const char* kFrameModelPrefix = "model/";

}  // namespace

FrameForecaster::FrameForecaster(ForecasterSet& forecasters, const graph::Model& model, std::int64_t horizon)
    : forecasters_(forecasters),
      model_(model),
      horizon_(horizon),
      needed_(forecast_protocol_of(model).seen),
      finish_(forecast_finish_of(model)) {
  const InputSpec& spec = forecast_input_of(model);
  if (spec.has_fields()) throw InvalidArgument(fmt::format("model '{}' forecasts fields, no pictures", model.name));
  if (horizon < 1) throw InvalidArgument(fmt::format("{} frames cannot be forecast; at least 1", horizon));
  if (finish_.needs_extrapolation() || takes_advected(model)) extrapolator_.emplace(extrapolation_of(model));
}

void FrameForecaster::reset() {
  given_.clear();
  recent_.clear();
  loaded_.reset();
  seen_ = 0;
}

void FrameForecaster::open(std::int64_t height, std::int64_t width) {
  if (forecaster_ != nullptr && opened_ == std::pair(height, width)) return;
  std::tie(height_, width_) = fitting_size(model_, height, width);
  opened_ = {height, width};
  forecaster_ = &forecasters_.of_size(height_, width_);
}

Shape FrameForecaster::forecast_shape(std::int64_t height, std::int64_t width) {
  const auto [rows, columns] = fitting_size(model_, height, width);
  return forecasters_.of_size(rows, columns).forecast_shape();
}

void FrameForecaster::see(const Tensor& frame) {
  if (frame.dtype() != DType::kFloat32 || frame.shape().size() != 3) {
    throw InvalidArgument(
        fmt::format("a frame {} is given; [channels, height, width] is wanted", to_string(frame.shape())));
  }
  if (given_.empty()) {
    open(frame.size(1), frame.size(2));
    state_ = forecaster_->initial_state(1);
    if (loaded_) restore();
    given_ = frame.shape();
  }
  if (frame.shape() != given_) {
    throw InvalidArgument(fmt::format("a frame {} follows frames {}", to_string(frame.shape()), to_string(given_)));
  }
  Tensor seen = crop_middle(frame, height_, width_);
  const Shape& shape = seen.shape();
  forecaster_->see(seen.reshaped({1, 1, shape[0], shape[1], shape[2]}), state_);
  ++seen_;
  if (static_cast<std::int64_t>(recent_.size()) == needed_) recent_.erase(recent_.begin());
  recent_.push_back(std::move(seen));
}

Tensor FrameForecaster::newest_frames() const {
  const Shape& frame = recent_.back().shape();
  const std::int64_t size = element_count(frame);
  Tensor out(DType::kFloat32, {static_cast<std::int64_t>(recent_.size()), frame[0], frame[1], frame[2]});
  for (std::size_t i = 0; i < recent_.size(); ++i) {
    std::copy_n(recent_[i].data<float>().data(), size, out.data<float>().data() + static_cast<std::int64_t>(i) * size);
  }
  return out;
}

FrameForecast FrameForecaster::forecast() {
  if (!ready()) {
    throw InvalidArgument(fmt::format("{} frames were seen, but the model sees {} before a forecast", seen_, needed_));
  }
  FrameForecast out{.seen = seen_, .recent = newest_frames()};
  Tensor moved;
  if (extrapolator_) moved = extrapolator_->extrapolate(out.recent, Tensor(DType::kUint8, {0}), horizon_);
  const Shape& shape = forecaster_->forecast_shape();
  out.forecast = forecaster_->forecast(state_, horizon_, extrapolator_ ? &moved : nullptr)
                     .reshaped({horizon_, shape[0], shape[1], shape[2]});
  if (finish_.any()) finish_forecast(finish_, out.forecast, moved, recent_.back(), Tensor(DType::kUint8, {0}));
  return out;
}

State FrameForecaster::save() const {
  if (loaded_) return *loaded_;
  State saved(1);
  saved.set(kFrameCount, Tensor::from<std::int64_t>({1, 1}, {seen_}));
  if (seen_ == 0) return saved;
  const Tensor newest = newest_frames();
  Shape shape = newest.shape();
  shape.insert(shape.begin(), 1);
  saved.set(kNewestFrames, newest.reshaped(shape));
  Forecaster::save_state(state_, kFrameModelPrefix, saved);
  return saved;
}

void FrameForecaster::load(State state) {
  if (seen_ > 0) throw InvalidArgument("a state is loaded before the first frame, not after it");
  if (!state.contains(kFrameCount) || state.at(kFrameCount).dtype() != DType::kInt64 ||
      state.at(kFrameCount).shape() != Shape{1, 1}) {
    throw InvalidArgument(fmt::format("this is not the state of a forecast of video: it has no {}", kFrameCount));
  }
  loaded_ = std::move(state);
}

void FrameForecaster::restore() {
  const State saved = std::move(*loaded_);
  loaded_.reset();
  const std::int64_t seen = saved.at(kFrameCount).data<std::int64_t>()[0];
  if (seen == 0) return;
  State state = forecaster_->load_state(saved, kFrameModelPrefix);
  const Tensor& newest = saved.at(kNewestFrames);
  const Shape &shape = newest.shape(), &frame = forecaster_->frame_shape();
  if (newest.dtype() != DType::kFloat32 || shape.size() != 5 || shape[1] != std::min(seen, needed_) ||
      !std::equal(frame.begin(), frame.end(), shape.begin() + 2)) {
    throw InvalidArgument(
        fmt::format("the state's newest frames are {}, but the model's frames {}", to_string(shape), to_string(frame)));
  }
  const std::int64_t size = element_count(frame);
  for (std::int64_t i = 0; i < shape[1]; ++i) {
    recent_.push_back(Tensor::from<float>(frame, newest.data<float>().subspan(i * size, size)));
  }
  state_ = std::move(state);
  seen_ = seen;
}

}  // namespace longtake::tasks
