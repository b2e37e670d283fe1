// Where forecasts of video go: a line of JSON each, and files to see and to compute with.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "longtake/input_spec.h"
#include "reports/result_writer.h"
#include "tasks/frame_forecast.h"

namespace longtake::cli {

// What a forecast is about.
struct FrameMoment {
  std::string source;
  std::optional<std::int64_t> sequence;  // of an array
  std::int64_t frame = 0;                // the newest that was seen, counted from 0
  std::optional<double> time_s;          // of it, where the source has times
  // Live sources: seconds from the frame's arrival, and what was lost so far.
  std::optional<double> age_s;
  std::optional<reports::LiveCounters> live;
};

// "npy", "png", "mp4".
const std::vector<std::string>& frame_kinds();

// Writes `base`.forecast.png and .forecast.mp4, those of them that `kinds` has, and returns their paths. Throws
// IoError.
std::vector<std::string> write_frame_pictures(const tasks::FrameForecast& forecast, const std::string& title,
                                              const std::string& base, const std::vector<std::string>& kinds,
                                              const InputSpec& spec);

// Writes an array of forecasts, float32 [sequences, horizon, height, width], with channels last where there are more
// than one. `fill` gives the forecasts, each [horizon, channels, height, width] or none, which becomes NaN, to what it
// is given; it must give as many as there are sequences.
using TakeForecast = std::function<void(const Tensor* forecast)>;
void write_forecast_array(const std::string& path, std::int64_t sequences, std::int64_t horizon, const Shape& frame,
                          const std::function<void(const TakeForecast&)>& fill);

// The last line of a stream of forecasts: how many frames were followed, forecasts given, and how the video was read.
std::string frame_end_line(const std::string& source, std::int64_t frames, std::int64_t forecasts,
                           const DecodeStats& decode, const std::optional<reports::LiveCounters>& live);

// The forecast as a line: of which moment, and of each frame the mean, the maximum and the share of pixels that reach
// 0.5, in the model's numbers.
std::string frame_forecast_line(const tasks::FrameForecast& forecast, const FrameMoment& moment, const InputSpec& spec,
                                const std::vector<std::string>& files);

}  // namespace longtake::cli
