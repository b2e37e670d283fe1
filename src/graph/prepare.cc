// Crop, geometry and normalisation of one frame.
#include "longtake/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "longtake/error.h"

namespace longtake {
namespace {

struct Size {
  std::int64_t channels;
  std::int64_t height;
  std::int64_t width;
};

Size crop_size(const InputSpec& spec, const Shape& frame) {
  if (frame.size() != 3 || frame[2] != spec.channels()) {
    throw InvalidArgument(
        fmt::format("a frame of shape {} does not fit the input: [height, width, {}] is wanted for {}{}",
                    to_string(frame), spec.channels(), spec.colour, spec.flow.empty() ? "" : " of coded flow"));
  }
  const Size crop{spec.channels(), spec.crop_height > 0 ? spec.crop_height : frame[0],
                  spec.crop_width > 0 ? spec.crop_width : frame[1]};
  if (frame[0] < crop.height || frame[1] < crop.width || frame[0] == 0 || frame[1] == 0) {
    throw InvalidArgument(fmt::format("a frame of {} x {} pixels is smaller than the crop of {} x {}", frame[1],
                                      frame[0], crop.width, crop.height));
  }
  return crop;
}

float per_channel(const std::vector<double>& values, std::int64_t channel, std::int64_t channels, double fallback,
                  const char* name) {
  if (values.empty()) return static_cast<float>(fallback);
  if (static_cast<std::int64_t>(values.size()) != channels) {
    throw InvalidArgument(fmt::format("the input's {} has {} numbers; one for each of its {} channels is wanted", name,
                                      values.size(), channels));
  }
  return static_cast<float>(values[static_cast<std::size_t>(channel)]);
}

// Whole pixels left of the crop; see FrameTransform::crop_x.
std::int64_t whole_offset(double position, std::int64_t room) {
  const auto offset = static_cast<std::int64_t>(std::ceil(position * static_cast<double>(room + 1))) - 1;
  return std::clamp<std::int64_t>(offset, 0, room);
}

// (byte value -> what the model sees), for one channel.
struct Values {
  float contrast;
  float brightness;
  float mean;
  float scale;
  float operator()(float value) const { return (contrast * (value - 127.5F) + 127.5F + brightness - mean) * scale; }
};

struct Source {
  const std::uint8_t* pixels;  // of one channel
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
  bool negated = false;  // v stands for 255 - v
  float at(std::int64_t y, std::int64_t x) const {
    const std::uint8_t value = pixels[(y * width + x) * channels];
    return negated ? static_cast<float>(255 - value) : static_cast<float>(value);
  }
};

// In mirrored pictures what moves to the right moves to the left.
bool is_negated(const InputSpec& spec, const FrameTransform& transform, std::int64_t channel) {
  return transform.mirror && !spec.flow.empty() && channel == (spec.colour == "bgr" ? 2 : 0);
}

// Turned or enlarged pictures have other motions, not the same ones at other places.
void check_flow_transform(const FrameTransform& transform) {
  const FrameTransform allowed{.crop_x = transform.crop_x, .crop_y = transform.crop_y, .mirror = transform.mirror};
  if (transform == allowed) return;
  throw InvalidArgument("optical flow can be cropped and mirrored, but not zoomed, rotated, brightened or contrasted");
}

void copy_pixels(const Source& source, const FrameTransform& transform, const Size& crop, const Values& values,
                 float* out) {
  const std::int64_t left = whole_offset(transform.crop_x, source.width - crop.width);
  const std::int64_t top = whole_offset(transform.crop_y, source.height - crop.height);
  for (std::int64_t y = 0; y < crop.height; ++y) {
    for (std::int64_t x = 0; x < crop.width; ++x) {
      const std::int64_t from = transform.mirror ? crop.width - 1 - x : x;
      *out++ = values(source.at(top + y, left + from));
    }
  }
}

float interpolate(const Source& source, double y, double x) {
  y = std::clamp(y, 0.0, static_cast<double>(source.height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(source.width - 1));
  const auto top = static_cast<std::int64_t>(y);
  const auto left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, source.height - 1);
  const std::int64_t right = std::min(left + 1, source.width - 1);
  const auto down = static_cast<float>(y - static_cast<double>(top));
  const auto along = static_cast<float>(x - static_cast<double>(left));
  const float upper = source.at(top, left) * (1 - along) + source.at(top, right) * along;
  const float lower = source.at(bottom, left) * (1 - along) + source.at(bottom, right) * along;
  return upper * (1 - down) + lower * down;
}

void resample_pixels(const Source& source, const FrameTransform& transform, const Size& crop, const Values& values,
                     float* out) {
  const double angle = transform.rotation_degrees * std::numbers::pi / 180.0;
  const double cosine = std::cos(angle) / transform.zoom;
  const double sine = std::sin(angle) / transform.zoom;
  const auto half_width = static_cast<double>(crop.width) / 2;
  const auto half_height = static_cast<double>(crop.height) / 2;
  // The centre of what is seen, in pixels whose centres lie at 0.5, 1.5, ...
  const double centre_x = transform.crop_x * (static_cast<double>(source.width) - 2 * half_width / transform.zoom) +
                          half_width / transform.zoom;
  const double centre_y = transform.crop_y * (static_cast<double>(source.height) - 2 * half_height / transform.zoom) +
                          half_height / transform.zoom;
  for (std::int64_t y = 0; y < crop.height; ++y) {
    const double v = static_cast<double>(y) + 0.5 - half_height;
    for (std::int64_t x = 0; x < crop.width; ++x) {
      const double right = static_cast<double>(x) + 0.5 - half_width;
      const double u = transform.mirror ? -right : right;
      // Turning the picture clockwise is looking from a place turned the other way.
      *out++ =
          values(interpolate(source, centre_y - sine * u + cosine * v - 0.5, centre_x + cosine * u + sine * v - 0.5));
    }
  }
}

void standardise(std::span<float> numbers) {
  const auto count = static_cast<double>(numbers.size());
  double sum = 0;
  for (const float number : numbers) sum += number;
  const double mean = sum / count;
  double squares = 0;
  double largest = 0;
  for (const float number : numbers) {
    squares += (number - mean) * (number - mean);
    largest = std::max(largest, std::abs(static_cast<double>(number)));
  }
  const double deviation = std::sqrt(squares / count);
  // Below this only rounding is left of a frame of a single value.
  const double factor = deviation > 1e-6 * largest ? 1 / deviation : 0;
  for (float& number : numbers) number = static_cast<float>((number - mean) * factor);
}

}  // namespace

Shape prepared_shape(const InputSpec& spec, const Shape& frame) {
  const Size crop = crop_size(spec, frame);
  return {crop.channels, crop.height, crop.width};
}

void prepare_frame(const Tensor& frame, const InputSpec& spec, const FrameTransform& transform, std::span<float> out) {
  const Size crop = crop_size(spec, frame.shape());
  const auto plane = static_cast<std::size_t>(crop.height * crop.width);
  if (out.size() != plane * static_cast<std::size_t>(crop.channels)) {
    throw InvalidArgument(fmt::format("{} numbers for a prepared frame of [{}, {}, {}]", out.size(), crop.channels,
                                      crop.height, crop.width));
  }
  if (!spec.flow.empty()) check_flow_transform(transform);
  if (!(transform.zoom > 0)) throw InvalidArgument(fmt::format("a zoom of {}; above 0 is wanted", transform.zoom));
  const bool whole_pixels = transform.zoom == 1.0 && transform.rotation_degrees == 0.0;
  for (std::int64_t channel = 0; channel < crop.channels; ++channel) {
    const Source source{frame.data<std::uint8_t>().data() + channel, frame.size(0), frame.size(1), crop.channels,
                        is_negated(spec, transform, channel)};
    const Values values{static_cast<float>(transform.contrast), static_cast<float>(transform.brightness),
                        per_channel(spec.mean, channel, crop.channels, 0, "mean"),
                        per_channel(spec.scale, channel, crop.channels, 1, "scale")};
    float* const target = out.data() + static_cast<std::size_t>(channel) * plane;
    if (whole_pixels) {
      copy_pixels(source, transform, crop, values, target);
    } else {
      resample_pixels(source, transform, crop, values, target);
    }
  }
  if (spec.standardise) standardise(out);
}

}  // namespace longtake
