#include "cli/stream_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/cli.h"
#include "cli/frame_output.h"
#include "cli/nowcast_output.h"
#include "cli/stop_at_signal.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "longtake/prepare.h"

namespace longtake::cli {

namespace {

class FrameFeed {
 public:
  FrameFeed(const OpenedForecaster& opened, const FrameStreamOptions& options)
      : options_(options),
        spec_(tasks::forecast_input_of(*opened.model)),
        kinds_(parse_kinds(options.write.empty() ? "npy" : options.write, frame_kinds())),
        forecaster_(*opened.forecasters, *opened.model,
                    options.horizon > 0 ? options.horizon : tasks::forecast_protocol_of(*opened.model).forecast) {
    if (spec_.measures_flow()) {
      throw ConfigError(
          fmt::format("{}: forecasts flow that is measured between pictures, which stream does not take", opened.path));
    }
    if (!options.output.empty()) real_files().create_directories(options.output);
    if (options.load_state.empty()) return;
    const State state = State::load(options.load_state);
    in_state([&] { forecaster_.load(state); });
  }

  VideoOptions video() const {
    VideoOptions video = video_options(spec_);
    video.bad_frames = options_.video.bad_frames;
    video.open_timeout_s = options_.video.open_timeout_s;
    video.read_timeout_s = options_.video.read_timeout_s;
    video.stop = options_.video.stop;
    return video;
  }

  bool enough() const { return interrupted() || (options_.most_frames > 0 && frames_ >= options_.most_frames); }

  void push(const Frame& frame, const FrameMoment& live) {
    Tensor seen(DType::kFloat32, prepared_shape(spec_, frame.image.shape()));
    prepare_frame(frame.image, spec_, {}, seen.data<float>());
    if (frames_++ == 0) {
      in_state([&] { forecaster_.see(seen); });
    } else {
      forecaster_.see(seen);
    }
    if (!forecaster_.ready()) return;
    const tasks::FrameForecast forecast = forecaster_.forecast();
    FrameMoment moment = live;
    moment.source = options_.source;
    moment.frame = frame.index;
    moment.time_s = frame.time_s;
    put(frame_forecast_line(forecast, moment, spec_, files_of(forecast, frame.index)));
    ++forecasts_;
  }

  // The source was lost: what was seen is about another moment.
  void reset() { forecaster_.reset(); }

  void finish(const DecodeStats& decode, const std::optional<reports::LiveCounters>& live) const {
    if (!options_.save_state.empty()) {
      forecaster_.save().save(options_.save_state);
      tell(fmt::format("state after {} frames in {}", frames_, options_.save_state));
    }
    if (frames_ == 0) throw BadData(fmt::format("{}: {}", options_.source, nothing_reason(decode)));
    // The stream that takes up the state gives the forecasts.
    if (forecasts_ == 0 && options_.save_state.empty()) {
      throw BadData(fmt::format("{}: gave {} frames, but the model sees {} before it forecasts", options_.source,
                                frames_, forecaster_.needed()));
    }
    put(frame_end_line(options_.source, frames_, forecasts_, decode, live));
  }

 private:
  template <class Use>
  void in_state(const Use& use) const {
    try {
      use();
    } catch (const InvalidArgument& error) {
      if (options_.load_state.empty()) throw;
      throw BadData(fmt::format("{}: it does not fit the model: {}", options_.load_state, error.what()));
    }
  }

  std::vector<std::string> files_of(const tasks::FrameForecast& forecast, std::int64_t frame) const {
    std::vector<std::string> files;
    if (options_.output.empty()) return files;
    const std::string base = (std::filesystem::path(options_.output) / fmt::format("{:06}", frame)).string();
    if (std::find(kinds_.begin(), kinds_.end(), "npy") != kinds_.end()) {
      const Tensor& made = forecast.forecast;
      files.push_back(base + ".forecast.npy");
      write_forecast_array(files.back(), 1, made.size(0), {made.size(1), made.size(2), made.size(3)},
                           [&](const TakeForecast& take) { take(&made); });
    }
    const auto pictures = write_frame_pictures(forecast, fmt::format("frame {}", frame), base, kinds_, spec_);
    files.insert(files.end(), pictures.begin(), pictures.end());
    return files;
  }

  const FrameStreamOptions& options_;
  const InputSpec& spec_;
  std::vector<std::string> kinds_;
  tasks::FrameForecaster forecaster_;
  std::int64_t frames_ = 0, forecasts_ = 0;
};

int code_of(const FrameStreamOptions& options, const DecodeStats& decode) {
  if (!decode.partial && decode.bad_frames == 0) return kDone;
  tell(fmt::format("warning: {}: {}", options.source, partial_reason(decode)));
  return kPartial;
}

reports::LiveCounters counters_of(const media::LiveStats& stats) {
  return {stats.dropped, std::max<std::int64_t>(0, stats.connections - 1)};
}

int follow_frames(const FrameStreamOptions& options, FrameFeed& feed) {
  VideoReader reader = VideoReader::open(options.source, feed.video());
  Frame frame;
  while (!feed.enough() && read_unless_stopped(reader, frame, options.video.stop)) feed.push(frame, {});
  feed.finish(reader.stats(), std::nullopt);
  return code_of(options, reader.stats());
}

int follow_live_frames(const FrameStreamOptions& options, FrameFeed& feed) {
  const auto log = terminal_log(false);
  media::LiveOptions live;
  live.policy = options.policy;
  live.reconnect = options.reconnect;
  live.log = log.get();
  const auto reader = media::LiveReader::open(options.source, feed.video(), live);
  const std::stop_callback stop_reader(options.video.stop, [&] { reader->stop(); });
  media::LiveFrame frame;
  std::int64_t connection = 0;
  while (!feed.enough() && reader->read(frame)) {
    if (frame.connection != connection) feed.reset();
    connection = frame.connection;
    feed.push(frame.frame, {.age_s = frame.age_s, .live = counters_of(reader->stats())});
  }
  reader->stop();
  feed.finish(reader->stats().decode, counters_of(reader->stats()));
  return options.reconnect ? kDone : code_of(options, reader->stats().decode);
}

}  // namespace

int stream_frames(const OpenedForecaster& opened, const FrameStreamOptions& options) {
  if (std::filesystem::path(options.source).extension() == ".npy") {
    throw ConfigError(fmt::format("{}: stream follows videos; `longtake predict` takes arrays", options.source));
  }
  FrameFeed feed(opened, options);
  return options.live ? follow_live_frames(options, feed) : follow_frames(options, feed);
}

}  // namespace longtake::cli
