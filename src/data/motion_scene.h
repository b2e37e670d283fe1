// One clip of the generated set of motions (motions.h): what is on show, where it is at each frame, and its pixels.
//
// No single frame tells the motion. The picture is a torus, position, angle and size of the sprite start evenly spread,
// and every motion carries that even spread into itself; so at each frame all of them are spread alike in all classes.
// Private to data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "longtake/tensor.h"

namespace longtake {

enum class Motion : std::uint8_t { kLeft, kRight, kUp, kDown, kClockwise, kCounterClockwise, kApproach, kRecede };

inline constexpr std::array<Motion, 8> kMotions{Motion::kLeft,     Motion::kRight,     Motion::kUp,
                                                Motion::kDown,     Motion::kClockwise, Motion::kCounterClockwise,
                                                Motion::kApproach, Motion::kRecede};

// "left", "right", "up", "down", "clockwise", "counter_clockwise", "approach", "recede".
const char* name_of(Motion motion);

using Colour = std::array<double, 3>;  // red, green, blue in 0..255

// Random values on a lattice, smoothly interpolated, that repeat with period 1 in both directions.
class NoiseTile {
 public:
  NoiseTile(std::size_t cells, Random& random);
  // In [-1, 1].
  double at(double u, double v) const;

 private:
  std::size_t cells_;
  std::vector<double> values_;
};

// Where the sprite is at one frame. Lengths are in widths of the picture.
struct SpritePose {
  double x = 0;      // of its centre, in [0, 1)
  double y = 0;      // downwards
  double angle = 0;  // radians, clockwise on the screen, in [0, 2 pi)
  double size = 0;   // in [0, 1): the radius is kSmallestRadius * (kLargestRadius / kSmallestRadius) ^ size
};

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
  struct Background {
    NoiseTile coarse;
    NoiseTile fine;
    Colour base;
    Colour coarse_tint;
    Colour fine_tint;
    double x, y;            // where it starts
    double x_step, y_step;  // how it moves per frame
    explicit Background(Random& random);
    Colour at(double x, double y, std::int64_t frame) const;
  };
  // A rounded shape, one half bright and the other dark, so that its angle can be seen.
  struct Sprite {
    NoiseTile texture;
    Colour front;
    Colour back;
    double bulge2, bulge3;  // how far the outline is from a circle
    double turn2, turn3;
    explicit Sprite(Random& random);
    double outline(double angle) const;
    Colour at(double x, double y, double pixels) const;
  };

  Background background_;
  Sprite sprite_;
  SpritePose start_;
  SpritePose step_;
};

}  // namespace longtake
