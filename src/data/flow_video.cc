#include "data/flow_video.h"

#include <fmt/format.h>

#include <optional>

#include "data/flow_input.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/video_writer.h"

namespace longtake {

namespace {

// How many frames a second an input has: of a video that is read frame by frame those of the video.
double rate_of(const InputSpec& spec, const MediaInfo& info) {
  constexpr double kUnknown = 25;
  return spec.fps > 0 ? spec.fps : info.fps > 0 ? info.fps : kUnknown;
}

}  // namespace

FlowVideo write_flow_video(const std::string& source, const InputSpec& spec, const std::string& path, int crf,
                           const std::function<bool()>& go_on) {
  FlowInput input(spec);
  VideoReader reader = VideoReader::open(source, video_options(spec));
  const media::VideoWriterOptions options{
      .fps = rate_of(spec, reader.info()), .crf = crf, .variable_rate = true, .full_colour = true};
  std::optional<media::VideoWriter> writer;
  FlowVideo result;
  Frame picture, flow;
  while (reader.read(picture)) {
    if (!go_on()) return result;
    if (!input.push(picture, flow)) continue;
    if (!writer) writer.emplace(path, reader.width(), reader.height(), options);
    writer->write(flow.image, flow.time_s);
    ++result.frames;
  }
  result.stats = reader.stats();
  if (!writer) throw BadData(fmt::format("{}: {}", source, nothing_reason(result.stats)));
  writer->finish();
  return result;
}

}  // namespace longtake
