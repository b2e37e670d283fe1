// One clip of the generated set of motions (motions.h): what is on show, where it is at each frame, and its pixels.
//
// No single frame tells the motion. The picture is a torus, position, angle and size of the sprite start evenly spread,
// and every motion carries that even spread into itself; so at each frame all of them are spread alike in all classes.
// Private to data.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"
#include "data/scene.h"
#include "longtake/tensor.h"

namespace longtake {

enum class Motion : std::uint8_t { kLeft, kRight, kUp, kDown, kClockwise, kCounterClockwise, kApproach, kRecede };

inline constexpr std::array<Motion, 8> kMotions{Motion::kLeft,     Motion::kRight,     Motion::kUp,
                                                Motion::kDown,     Motion::kClockwise, Motion::kCounterClockwise,
                                                Motion::kApproach, Motion::kRecede};

// "left", "right", "up", "down", "clockwise", "counter_clockwise", "approach", "recede".
const char* name_of(Motion motion);

// Widths of the picture, for SpritePose::size from 0 to 1.
inline constexpr double kSmallestRadius = 8.0 / 64;
inline constexpr double kLargestRadius = 18.0 / 64;

class MotionScene {
 public:
  // Everything is drawn from `random`, in a fixed order that is the same for all motions.
  MotionScene(Motion motion, Random random);

  SpritePose pose(std::int64_t frame) const;

  // Draws a frame into `image`, uint8 [size, size, 3] RGB.
  void render(std::int64_t frame, Tensor& image) const;

 private:
  SceneBackground background_;
  SceneSprite sprite_;
  SpritePose start_;
  SpritePose step_;
};

}  // namespace longtake
