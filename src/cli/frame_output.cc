#include "cli/frame_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/files.h"
#include "data/npy.h"
#include "longtake/error.h"
#include "media/image.h"
#include "media/video_writer.h"
#include "reports/frame_film.h"
#include "reports/json_lines.h"

namespace longtake::cli {

namespace {

using FrameJson = nlohmann::ordered_json;

constexpr double kPreviewFps = 5;

double preview_fps(const InputSpec& spec) { return spec.fps > 0 ? std::min(spec.fps, 30.0) : kPreviewFps; }

FrameJson json_of_frame(std::span<const float> values, std::int64_t lead, std::int64_t newest, const InputSpec& spec) {
  double sum = 0, most = -std::numeric_limits<double>::infinity();
  std::vector<float> thresholds = tasks::MeasureOptions::usual(spec).thresholds;
  std::vector<std::int64_t> reached(thresholds.size(), 0);
  for (const float value : values) {
    sum += value;
    most = std::max<double>(most, value);
    for (std::size_t t = 0; t < thresholds.size(); ++t) reached[t] += value >= thresholds[t] ? 1 : 0;
  }
  const auto count = static_cast<double>(values.size());
  FrameJson json{{"frame", newest + lead + 1}};
  if (spec.fps > 0) json["seconds"] = static_cast<double>(lead + 1) / spec.fps;
  json["mean"] = sum / count;
  json["most"] = most;
  json["share_at_least"] = FrameJson::object();
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    json["share_at_least"][fmt::format("{:g}", thresholds[t])] = static_cast<double>(reached[t]) / count;
  }
  return json;
}

void add_live(const std::optional<reports::LiveCounters>& live, FrameJson& json) {
  if (!live) return;
  json["dropped"] = live->dropped;
  json["reconnects"] = live->reconnects;
}

// [horizon, channels, height, width] with the channels last.
Tensor channels_last(const Tensor& frames) {
  const std::int64_t channels = frames.size(1), area = frames.size(2) * frames.size(3);
  if (channels == 1) return frames;
  Tensor out(DType::kFloat32, {frames.size(0), frames.size(2), frames.size(3), channels});
  const auto from = frames.data<float>();
  const auto to = out.data<float>();
  for (std::int64_t i = 0; i < frames.count(); ++i) {
    const std::int64_t frame = i / (channels * area), channel = i / area % channels, pixel = i % area;
    to[(frame * area + pixel) * channels + channel] = from[i];
  }
  return out;
}

}  // namespace

const std::vector<std::string>& frame_kinds() {
  static const std::vector<std::string> kinds{"npy", "png", "mp4"};
  return kinds;
}

std::vector<std::string> write_frame_pictures(const tasks::FrameForecast& forecast, const std::string& title,
                                              const std::string& base, const std::vector<std::string>& kinds,
                                              const InputSpec& spec) {
  std::vector<std::string> written;
  const auto wanted = [&](const char* kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); };
  if (!wanted("png") && !wanted("mp4")) return written;
  const reports::FrameFilm film{.title = title,
                                .seen = reports::pictures_of(forecast.recent, spec),
                                .forecast = reports::pictures_of(forecast.forecast, spec),
                                .step_s = spec.fps > 0 ? 1 / spec.fps : 0};
  if (wanted("png")) {
    written.push_back(base + ".forecast.png");
    media::write_png(written.back(), reports::draw_frame_strip(film));
  }
  if (wanted("mp4")) {
    written.push_back(base + ".forecast.mp4");
    std::optional<media::VideoWriter> writer;
    reports::draw_frame_film(film, [&](const Tensor& picture) {
      if (!writer) {
        writer.emplace(written.back(), static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)),
                       media::VideoWriterOptions{.fps = preview_fps(spec)});
      }
      writer->write(picture);
    });
    writer->finish();
  }
  return written;
}

void write_forecast_array(const std::string& path, std::int64_t sequences, std::int64_t horizon, const Shape& frame,
                          const std::function<void(const TakeForecast&)>& fill) {
  Shape shape{sequences, horizon, frame[1], frame[2]};
  if (frame[0] > 1) shape.push_back(frame[0]);
  const std::int64_t count = horizon * element_count(frame);
  real_files().write_atomic(path, [&](OutputFile& out) {
    out.write(npy_header(DType::kFloat32, shape));
    std::int64_t written = 0;
    fill([&](const Tensor* forecast) {
      Tensor row(DType::kFloat32, {count});
      if (forecast != nullptr) {
        row = channels_last(*forecast);
      } else {
        std::ranges::fill(row.data<float>(), std::numeric_limits<float>::quiet_NaN());
      }
      if (row.count() != count) {
        throw InvalidArgument(fmt::format("a forecast {} does not fit {}", to_string(row.shape()), to_string(shape)));
      }
      out.write(std::span<const std::byte>(row.raw(), row.bytes()));
      ++written;
    });
    if (written != sequences) throw InvalidArgument(fmt::format("{} forecasts, not {}", written, sequences));
  });
}

std::string frame_end_line(const std::string& source, std::int64_t frames, std::int64_t forecasts,
                           const DecodeStats& decode, const std::optional<reports::LiveCounters>& live) {
  FrameJson json{{"type", "end"}, {"source", source}, {"frames", frames}, {"forecasts", forecasts}};
  add_live(live, json);
  json["decode"] = FrameJson::parse(reports::decode_json(decode));
  return json.dump(-1, ' ', false, FrameJson::error_handler_t::replace) + "\n";
}

std::string frame_forecast_line(const tasks::FrameForecast& forecast, const FrameMoment& moment, const InputSpec& spec,
                                const std::vector<std::string>& files) {
  FrameJson json{{"type", "forecast"}, {"source", moment.source}};
  if (moment.sequence) json["sequence"] = *moment.sequence;
  json["frame"] = moment.frame;
  if (moment.time_s) json["time"] = *moment.time_s;
  json["seen"] = forecast.seen;
  const std::int64_t leads = forecast.forecast.size(0), size = forecast.forecast.count() / leads;
  json["leads"] = FrameJson::array();
  for (std::int64_t lead = 0; lead < leads; ++lead) {
    json["leads"].push_back(
        json_of_frame(forecast.forecast.data<float>().subspan(lead * size, size), lead, moment.frame, spec));
  }
  if (moment.age_s) json["age"] = *moment.age_s;
  add_live(moment.live, json);
  if (!files.empty()) json["files"] = files;
  return json.dump(-1, ' ', false, FrameJson::error_handler_t::replace) + "\n";
}

}  // namespace longtake::cli
