// Draws of augment.h.
#include "data/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "longtake/error.h"

namespace longtake {
namespace {

// What a random number is for. The values are part of what a seed means, so new ones go to the end.
enum Draw : std::uint64_t {
  kCropX = 1,
  kCropY,
  kMirror,
  kZoom,
  kSpeed,
  kBrightness,
  kContrast,
  kRotation,
  kFramePhase,
  kStart
};

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t epoch, std::uint64_t item) : seed_(seed), epoch_(epoch), item_(item) {}

  double uniform(Draw draw) const { return Random(seed_, epoch_, item_, draw).uniform(); }
  double around_zero(Draw draw, double range) const {
    return check(range) == 0 ? 0.0 : range * (2 * uniform(draw) - 1);
  }
  double around_one(Draw draw, double ratio) const {
    return check(ratio) == 0 ? 1.0 : std::exp((2 * uniform(draw) - 1) * std::log1p(ratio));
  }

 private:
  static double check(double range) {
    if (range >= 0 && std::isfinite(range)) return range;
    throw InvalidArgument(fmt::format("a range of {} in the augmentation; 0 or more is wanted", range));
  }

  std::uint64_t seed_;
  std::uint64_t epoch_;
  std::uint64_t item_;
};

}  // namespace

ClipAugmentation augment_clip(const AugmentationOptions& options, std::uint64_t seed, std::uint64_t epoch,
                              std::uint64_t item) {
  const Draws draws(seed, epoch, item);
  ClipAugmentation clip;
  if (options.crop) {
    // 1 - u lies in (0, 1], which FrameTransform cuts into equal intervals.
    clip.frame.crop_x = 1 - draws.uniform(kCropX);
    clip.frame.crop_y = 1 - draws.uniform(kCropY);
  }
  clip.frame.mirror = options.mirror && draws.uniform(kMirror) < 0.5;
  clip.frame.zoom = draws.around_one(kZoom, options.zoom);
  clip.frame.rotation_degrees = draws.around_zero(kRotation, options.rotation_degrees);
  clip.frame.brightness = draws.around_zero(kBrightness, options.brightness);
  clip.frame.contrast = draws.around_one(kContrast, options.contrast);
  clip.speed = draws.around_one(kSpeed, options.speed);
  if (options.frame_phase) clip.frame_phase = draws.uniform(kFramePhase);
  clip.start = draws.uniform(kStart);
  return clip;
}

std::vector<std::int64_t> clip_frame_indices(const ClipAugmentation& augmentation, std::int64_t frames,
                                             std::int64_t clip_frames) {
  if (frames < 1) throw InvalidArgument("a clip without frames cannot be cut");
  if (!(augmentation.speed > 0)) throw InvalidArgument(fmt::format("a clip's speed of {}", augmentation.speed));
  const std::int64_t whole = std::max<std::int64_t>(1, std::llround(static_cast<double>(frames) / augmentation.speed));
  const std::int64_t length = clip_frames > 0 ? std::min(whole, clip_frames) : whole;
  const std::int64_t starts = whole - length + 1;
  const std::int64_t start =
      std::min(starts - 1, static_cast<std::int64_t>(augmentation.start * static_cast<double>(starts)));
  const double step = static_cast<double>(frames) / static_cast<double>(whole);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(length));
  for (std::int64_t k = 0; k < length; ++k) {
    const double position = (static_cast<double>(start + k) + augmentation.frame_phase) * step;
    indices[static_cast<std::size_t>(k)] = std::min(frames - 1, static_cast<std::int64_t>(position));
  }
  return indices;
}

}  // namespace longtake
