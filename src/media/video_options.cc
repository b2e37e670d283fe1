// What a model's input spec asks of a video, as the reader's options.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "longtake/error.h"
#include "longtake/video_reader.h"

namespace longtake {
namespace {

int pixels(std::int64_t size, const char* name) {
  if (size < 0 || size > std::numeric_limits<int>::max()) {
    throw InvalidArgument(fmt::format("the input's {} of {} pixels", name, size));
  }
  return static_cast<int>(size);
}

ColourOrder colour_order(const std::string& colour) {
  if (colour == "rgb") return ColourOrder::kRgb;
  if (colour == "bgr") return ColourOrder::kBgr;
  if (colour == "gray") return ColourOrder::kGray;
  throw InvalidArgument(fmt::format("the input's colour \"{}\"; \"rgb\", \"bgr\" or \"gray\" is wanted", colour));
}

}  // namespace

VideoOptions video_options(const InputSpec& spec) {
  if (spec.kind != "video") {
    throw InvalidArgument(fmt::format("an input of kind \"{}\" is not fed from a video", spec.kind));
  }
  VideoOptions options;
  options.fps = spec.fps;
  options.width = pixels(spec.width, "width");
  options.height = pixels(spec.height, "height");
  options.colour = colour_order(spec.colour);
  if (!spec.flow.empty() && spec.channels() != 3) {
    throw InvalidArgument("the input's flow has three channels; its colour can be \"rgb\" or \"bgr\"");
  }
  if (spec.measures_flow()) {
    options.colour = ColourOrder::kGray;
    if (spec.flow_fps > 0) options.fps = spec.flow_fps;
  }
  if (spec.resize == "shorter_side") {
    options.resize = ResizePolicy::kShorterSide;
    // Both sizes given: the spec means the smaller one, VideoOptions would cover the rectangle.
    if (options.width > 0 && options.height > 0)
      options.width = options.height = std::min(options.width, options.height);
  } else if (spec.resize != "stretch") {
    throw InvalidArgument(
        fmt::format("the input's resize \"{}\"; \"stretch\" or \"shorter_side\" is wanted", spec.resize));
  }
  return options;
}

}  // namespace longtake
