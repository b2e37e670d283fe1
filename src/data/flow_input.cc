#include "data/flow_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "longtake/error.h"

namespace longtake {

std::int64_t pictures_per_frame(const InputSpec& spec) {
  if (spec.flow_fps == 0) return 1;
  const double ratio = spec.fps > 0 ? spec.flow_fps / spec.fps : 0;
  const double whole = std::round(ratio);
  if (whole >= 1 && whole < 1e6 && std::abs(ratio - whole) < 1e-6 * whole) return std::llround(whole);
  throw InvalidArgument(
      fmt::format("the input's flow_fps of {} is no whole multiple of its fps of {}", spec.flow_fps, spec.fps));
}

namespace {

void divide(Tensor& motion, std::int64_t steps) {
  for (float& value : motion.data<float>()) value /= static_cast<float>(steps);
}

void swap_red_and_blue(Tensor& picture) {
  const std::span<std::uint8_t> bytes = picture.data<std::uint8_t>();
  for (std::size_t i = 0; i < bytes.size(); i += 3) std::swap(bytes[i], bytes[i + 2]);
}

// Of frames with "shorter_side" only that side is known, of others those that the spec names.
void check_crop(const InputSpec& spec, const VideoOptions& video) {
  const bool stretched = video.resize == ResizePolicy::kStretch;
  const auto fits = [](std::int64_t crop, std::int64_t side) { return side == 0 || crop <= side; };
  if (stretched ? fits(spec.crop_width, video.width) && fits(spec.crop_height, video.height)
                : fits(std::min(spec.crop_width, spec.crop_height), std::max(video.width, video.height))) {
    return;
  }
  throw InvalidArgument(
      fmt::format("the input's crop of {} x {} pixels does not lie within its width x height, {} x {}", spec.crop_width,
                  spec.crop_height, spec.width, spec.height));
}

}  // namespace

void check_input(const InputSpec& spec) {
  check_crop(spec, video_options(spec));
  if (spec.measures_flow()) FlowInput{spec};
}

FlowInput::FlowInput(const InputSpec& spec)
    : estimator_(spec.flow),
      coding_(parse_flow_coding(spec.flow_coding)),
      bgr_(spec.colour == "bgr"),
      stride_(pictures_per_frame(spec)) {}

bool FlowInput::push(const Frame& picture, Frame& flow) {
  if (picture.index + offset_ <= memory_.position) offset_ = memory_.position + 1 - picture.index;
  const std::int64_t position = picture.index + offset_;
  const bool wanted = memory_.position >= 0 && position % stride_ == 0;
  if (wanted) {
    estimator_.estimate(memory_.picture, picture.image, motion_);
    if (const std::int64_t steps = position - memory_.position; steps > 1) divide(motion_, steps);
    encode_flow(motion_, coding_, flow.image);
    if (bgr_) swap_red_and_blue(flow.image);
    flow.time_s = picture.time_s;
    flow.shown_since_s = picture.shown_since_s;
    flow.index = position / stride_;
    flow.repeated = picture.repeated;
  }
  memory_.picture = picture.image;
  memory_.position = position;
  return wanted;
}

void FlowInput::restore(Memory memory) {
  const bool empty = memory.position < 0;
  const Tensor& picture = memory.picture;
  const bool is_picture = picture.dtype() == DType::kUint8 && picture.shape().size() == 3 && picture.size(2) == 1;
  const bool known = is_picture && picture.count() > 0 && memory.position < std::int64_t{1} << 60;
  if (!empty && !known) throw InvalidArgument("the picture before is malformed");
  memory_ = empty ? Memory() : std::move(memory);
  offset_ = 0;
}

}  // namespace longtake
