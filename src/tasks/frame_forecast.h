// Forecasts of videos as they come in, frame by frame.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "longtake/state.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/forecast_finish.h"

namespace longtake::tasks {

// In the model's numbers.
struct FrameForecast {
  std::int64_t seen = 0;  // frames since the video began
  // The newest of them, oldest first; at most as many as the model's protocol sees: [frames, channels, height, width].
  Tensor recent;
  Tensor forecast;  // the frames that come: [horizon, channels, height, width]
};

class FrameForecaster {
 public:
  // The forecasters and the model must outlive it. Throws InvalidArgument for a model that does not forecast pictures.
  FrameForecaster(ForecasterSet& forecasters, const graph::Model& model, std::int64_t horizon);

  std::int64_t horizon() const { return horizon_; }
  std::int64_t needed() const { return needed_; }  // frames that are seen before a forecast

  // The next frame, as the model sees it: float32 [channels, height, width]. Of frames whose sides the model does not
  // take, the middle is seen. Throws BadData for frames smaller than the model's own, InvalidArgument for a frame of
  // another size than those before it.
  void see(const Tensor& frame);
  // Were enough frames seen?
  bool ready() const { return seen_ >= needed_; }
  // What comes after them, finished as the model file says (forecast_finish.h). Throws InvalidArgument before that.
  FrameForecast forecast();
  // Another video begins, whose frames may be of another size.
  void reset();

  // [channels, height, width] of a forecast for frames `height` x `width`. Throws BadData as see().
  Shape forecast_shape(std::int64_t height, std::int64_t width);

  // All that it remembers; load() goes on as the one that saved it would. Throws InvalidArgument where the state is not
  // of such a model, or frames were seen before it.
  State save() const;
  void load(State state);

 private:
  void open(std::int64_t height, std::int64_t width);
  void restore();
  Tensor newest_frames() const;

  ForecasterSet& forecasters_;
  const graph::Model& model_;
  std::int64_t horizon_, needed_;
  ForecastFinish finish_;
  std::optional<Extrapolator> extrapolator_;  // of a model that takes an extrapolation, or puts it in
  Shape given_;  // [channels, height, width] of frames as they come; empty before the first
  std::pair<std::int64_t, std::int64_t> opened_{0, 0};  // the size of frames that height_ x width_ are the middle of
  std::int64_t height_ = 0, width_ = 0;
  Forecaster* forecaster_ = nullptr;  // of frames height_ x width_
  State state_;
  std::int64_t seen_ = 0;
  std::vector<Tensor> recent_;   // oldest first, [channels, height, width]
  std::optional<State> loaded_;  // what the first frame goes on from
};

}  // namespace longtake::tasks
