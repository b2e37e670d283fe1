#include "reports/overlay.h"

#include "longtake/error.h"
#include "media/video_writer.h"
#include "reports/overlay_painter.h"

namespace longtake::reports {

namespace {

// The part of the pictures that the model saw; only a map of attention asks for it.
Region seen_of(const std::string& source, const tasks::VideoResult& result, const InputSpec& input) {
  if (result.attention.height == 0) return {};
  const VideoReader resized = VideoReader::open(source, video_options(input));
  return seen_region(input, resized.width(), resized.height());
}

}  // namespace

DecodeStats write_overlay(const std::string& source, const tasks::VideoResult& result, const std::string& path,
                          const OverlayOptions& options) {
  if (is_live(source) || source == "-") {
    throw InvalidArgument(source + ": an overlay needs a video that can be read a second time");
  }
  VideoOptions reading = options.video;
  reading.fps = 0;
  reading.width = reading.height = 0;
  reading.colour = ColourOrder::kRgb;
  VideoReader reader = VideoReader::open(source, reading);
  OverlayPainter painter(result, reader.width(), reader.height(), options.least_width,
                         seen_of(source, result, options.input));

  media::VideoWriterOptions writing;
  writing.crf = options.crf;
  writing.variable_rate = true;
  constexpr double kSlowest = 0.01, kFastest = 1000;  // what a container can claim and a writer take
  if (reader.info().fps >= kSlowest && reader.info().fps <= kFastest) writing.fps = reader.info().fps;
  media::VideoWriter writer(path, painter.width(), painter.height(), writing);

  constexpr double kShortest = 2.0 / 90000;  // frames that follow closer than the writer's clock are left out
  Frame frame;
  std::int64_t frames = 0;
  double start_s = 0, last_s = 0;
  while (reader.read(frame)) {
    if (frames == 0) start_s = frame.time_s;
    if (frames > 0 && frame.time_s < last_s + kShortest) continue;
    last_s = frame.time_s;
    writer.write(painter.paint(frame.image, frame.time_s), frame.time_s - start_s);
    ++frames;
    if (options.written) options.written(frames);
  }
  writer.finish();
  return reader.stats();
}

}  // namespace longtake::reports
