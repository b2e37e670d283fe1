#include "cli/predict_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/frame_output.h"
#include "cli/nowcast_output.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "longtake/prepare.h"
#include "tasks/array_videos.h"

namespace longtake::cli {

namespace {

constexpr std::string_view kArrayEnding = ".npy";

// --at in either way.
struct NewestFrame {
  std::optional<std::int64_t> frame;
  std::optional<double> time_s;

  explicit NewestFrame(const std::string& text) {
    if (text.empty()) return;
    try {
      if (text.back() == 's') {
        time_s = parse_double(text.substr(0, text.size() - 1), "--at");
      } else {
        frame = parse_int64(text, "--at");
      }
    } catch (const Error&) {
      throw ConfigError(fmt::format(
          "--at \"{}\" is neither the number of a frame, from 0, nor seconds of a video such as 2.5s", text));
    }
    if (frame && *frame < 0) throw ConfigError(fmt::format("--at {}: frames are counted from 0", *frame));
  }

  // Is this one later?
  bool before(const Frame& other) const {
    return (frame && other.index > *frame) || (time_s && other.time_s > *time_s);
  }
};

bool is_array(const std::string& source) { return std::filesystem::path(source).extension() == kArrayEnding; }

class FramePredictor {
 public:
  FramePredictor(const OpenedForecaster& opened, const FramePredictOptions& options)
      : options_(options),
        spec_(tasks::forecast_input_of(*opened.model)),
        newest_(options.at),
        kinds_(parse_kinds(options.write.empty() ? "npy,png,mp4" : options.write, frame_kinds())),
        forecaster_(*opened.forecasters, *opened.model,
                    options.horizon > 0 ? options.horizon : tasks::forecast_protocol_of(*opened.model).forecast) {
    if (spec_.measures_flow()) {
      throw ConfigError(fmt::format("{}: forecasts flow that is measured between pictures, which predict does not take",
                                    opened.path));
    }
    check_sources();
    if (!options.output.empty()) real_files().create_directories(options.output);
  }

  // Throws where the source has no forecast at all, naming it. False: it has one of a part of it.
  bool predict(const std::string& source) {
    const auto named = [&](const std::string& message) {
      return message.find(source) != std::string::npos ? message : fmt::format("{}: {}", source, message);
    };
    try {
      return is_array(source) ? predict_array(source) : predict_video(source);
    } catch (const InvalidArgument& error) {
      throw BadData(named(error.what()));
    } catch (const BadData& error) {
      throw BadData(named(error.what()));
    }
  }

 private:
  void check_sources() const {
    std::map<std::string, std::string> taken;
    for (const std::string& source : options_.sources) {
      const bool array = is_array(source);
      if (!array && (options_.item || options_.frames_first)) {
        throw ConfigError(fmt::format("--item and --frames-first are for arrays (.npy), not for {}", source));
      }
      if (array && newest_.time_s) {
        throw ConfigError(
            fmt::format("--at {}: frames of an array such as {} have numbers, no times", options_.at, source));
      }
      const auto [other, is_new] = taken.emplace(stem_of(source), source);
      if (is_new || options_.output.empty()) continue;
      throw ConfigError(
          fmt::format("{} and {} would be written to the same files; give them one by one, with a folder each",
                      other->second, source));
    }
  }

  static std::string stem_of(const std::string& source) { return std::filesystem::path(source).stem().string(); }

  std::string base_of(const std::string& name) const {
    return (std::filesystem::path(options_.output) / name).string();
  }

  // Files, line; the array of them is written by whoever has all.
  void tell_forecast(const tasks::FrameForecast& forecast, const FrameMoment& moment, const std::string& name,
                     const std::string& title, const std::string& array) {
    std::vector<std::string> files;
    if (!array.empty()) files.push_back(array);
    if (!options_.output.empty()) {
      const auto pictures = write_frame_pictures(forecast, title, base_of(name), kinds_, spec_);
      files.insert(files.end(), pictures.begin(), pictures.end());
      for (const std::string& file : pictures) tell(file);
    }
    put(frame_forecast_line(forecast, moment, spec_, files));
  }

  // Of the source's array; empty where none is wanted.
  std::string array_path(const std::string& source) const {
    const bool wanted = std::find(kinds_.begin(), kinds_.end(), "npy") != kinds_.end();
    return options_.output.empty() || !wanted ? "" : base_of(stem_of(source)) + ".forecast.npy";
  }

  // Runs `fill`, with an array of what it gives where one is wanted.
  void with_array(const std::string& source, std::int64_t sequences, const Shape& frame,
                  const std::function<void(const TakeForecast&)>& fill) {
    const std::string path = array_path(source);
    if (path.empty()) return fill([](const Tensor*) {});
    write_forecast_array(path, sequences, forecaster_.horizon(), forecaster_.forecast_shape(frame[1], frame[2]), fill);
    tell(path);
  }

  tasks::FrameForecast forecast_of(const Tensor& frames) {
    const Shape frame{frames.size(1), frames.size(2), frames.size(3)};
    const std::int64_t size = element_count(frame);
    forecaster_.reset();
    for (std::int64_t i = 0; i < frames.size(0); ++i) {
      forecaster_.see(Tensor::from<float>(frame, frames.data<float>().subspan(i * size, size)));
    }
    return forecaster_.forecast();
  }

  // The newest frame to be seen of sequences with so many.
  std::int64_t newest_of(const tasks::ArrayVideos& videos) const {
    const std::int64_t seen = forecaster_.needed();
    if (videos.frames() < seen) {
      throw BadData(fmt::format(
          "{}: its sequences have {} frames, but the model sees {} before it forecasts{}", videos.name(),
          videos.frames(), seen,
          !options_.frames_first && videos.shape()[0] >= seen ? "; --frames-first where frames come first" : ""));
    }
    const std::int64_t newest = newest_.frame.value_or(videos.frames() - 1);
    if (newest < seen - 1 || newest >= videos.frames()) {
      throw ConfigError(fmt::format("--at {}: {} has frames 0 to {}, and the model sees {}; from {} on", newest,
                                    videos.name(), videos.frames() - 1, seen, seen - 1));
    }
    return newest;
  }

  bool predict_array(const std::string& source) {
    const tasks::ArrayVideos videos(real_files(), source, spec_, options_.frames_first);
    const std::int64_t newest = newest_of(videos);
    forecaster_.forecast_shape(videos.frame_shape()[1], videos.frame_shape()[2]);  // where it takes them at all
    if (options_.item && *options_.item >= videos.sequences()) {
      throw ConfigError(
          fmt::format("--item {}: {} has sequences 0 to {}", *options_.item, source, videos.sequences() - 1));
    }
    if (videos.sequences() < 1) throw BadData(fmt::format("{}: has no sequence", source));
    if (videos.sequences() >= forecaster_.needed() && videos.frames() > videos.sequences() && !options_.frames_first) {
      tell(fmt::format("note: {} is taken for {} sequences of {} frames; --frames-first where frames come first",
                       source, videos.sequences(), videos.frames()));
    }
    const std::int64_t first = options_.item.value_or(0), count = options_.item ? 1 : videos.sequences();
    std::int64_t failed = 0;
    with_array(source, count, videos.frame_shape(), [&](const TakeForecast& take) {
      for (std::int64_t sequence = first; sequence < first + count; ++sequence) {
        if (interrupted()) {
          take(nullptr);
          continue;
        }
        try {
          const tasks::FrameForecast forecast =
              forecast_of(videos.read(sequence, newest - forecaster_.needed() + 1, forecaster_.needed()));
          take(&forecast.forecast);
          tell_forecast(forecast, {.source = source, .sequence = sequence, .frame = newest},
                        fmt::format("{}.{}", stem_of(source), sequence),
                        fmt::format("{}, sequence {}", stem_of(source), sequence), array_path(source));
        } catch (const BadData& error) {
          if (++failed == count) throw;
          tell(fmt::format("longtake: {}", error.what()));
          take(nullptr);
        }
      }
    });
    if (failed > 0) tell(fmt::format("{}: {} of {} sequences skipped", source, failed, count));
    return failed == 0;
  }

  bool predict_video(const std::string& source) {
    VideoOptions video = video_options(spec_);
    video.bad_frames = parse_bad_frames(options_.bad_frames);
    VideoReader reader = VideoReader::open(source, video);
    const auto needed = static_cast<std::size_t>(forecaster_.needed());
    std::deque<Frame> frames;  // the newest
    Frame frame;
    while (!interrupted() && reader.read(frame) && !newest_.before(frame)) {
      frames.push_back(std::move(frame));
      frame = {};
      if (frames.size() > needed) frames.pop_front();
    }
    if (interrupted()) return true;
    check_enough(source, frames, reader.stats());
    Shape shape = prepared_shape(spec_, frames.back().image.shape());
    const std::int64_t size = element_count(shape);
    shape.insert(shape.begin(), forecaster_.needed());
    Tensor seen(DType::kFloat32, shape);
    for (std::size_t i = 0; i < needed; ++i) {
      prepare_frame(frames[i].image, spec_, {}, seen.data<float>().subspan(static_cast<std::int64_t>(i) * size, size));
    }
    const tasks::FrameForecast forecast = forecast_of(seen);
    with_array(source, 1, {shape[1], shape[2], shape[3]}, [&](const TakeForecast& take) { take(&forecast.forecast); });
    tell_forecast(forecast, {.source = source, .frame = frames.back().index, .time_s = frames.back().time_s},
                  stem_of(source), stem_of(source), array_path(source));
    const bool damaged = reader.stats().partial || reader.stats().bad_frames > 0;
    if (damaged) tell(fmt::format("warning: {}: {}", source, partial_reason(reader.stats())));
    return !damaged;
  }

  void check_enough(const std::string& source, const std::deque<Frame>& frames, const DecodeStats& stats) const {
    if (frames.empty() && stats.frames_out == 0) throw BadData(fmt::format("{}: {}", source, nothing_reason(stats)));
    if (static_cast<std::int64_t>(frames.size()) < forecaster_.needed()) {
      throw BadData(fmt::format("{}: has {} frames{}, but the model sees {} before it forecasts", source, frames.size(),
                                options_.at.empty() ? "" : fmt::format(" up to {}", options_.at),
                                forecaster_.needed()));
    }
    if (newest_.frame && frames.back().index < *newest_.frame) {
      throw BadData(
          fmt::format("{}: its newest frame is {}; there is no {}", source, frames.back().index, *newest_.frame));
    }
  }

  const FramePredictOptions& options_;
  const InputSpec& spec_;
  NewestFrame newest_;
  std::vector<std::string> kinds_;
  tasks::FrameForecaster forecaster_;
};

}  // namespace

int predict_frames(const OpenedForecaster& opened, const FramePredictOptions& options) {
  FramePredictor predictor(opened, options);
  std::int64_t partial = 0;
  for (const std::string& source : options.sources) {
    if (interrupted()) break;
    try {
      partial += predictor.predict(source) ? 0 : 1;
    } catch (const Error& error) {
      if (options.sources.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++partial;
    }
  }
  return partial > 0 || interrupted() ? kPartial : kDone;
}

}  // namespace longtake::cli
