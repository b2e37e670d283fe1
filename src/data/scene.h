// What generated scenes are drawn from: textured sprites over a moving textured background, on a picture that is a
// torus. Private to data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "longtake/tensor.h"

namespace longtake {

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

// Lengths are in widths of the picture.
class SceneBackground {
 public:
  explicit SceneBackground(Random& random);
  Colour at(double x, double y, std::int64_t frame) const;

 private:
  NoiseTile coarse_;
  NoiseTile fine_;
  Colour base_;
  Colour coarse_tint_;
  Colour fine_tint_;
  double x_, y_;            // where it starts
  double x_step_, y_step_;  // how it moves per frame
};

// Where a sprite is at one frame. Lengths are in widths of the picture.
struct SpritePose {
  double x = 0;      // of its centre, in [0, 1)
  double y = 0;      // downwards
  double angle = 0;  // radians, clockwise on the screen, in [0, 2 pi)
  double size = 0;   // in [0, 1), from the smallest radius to the largest
};

// Anywhere, turned and sized anyhow.
SpritePose draw_pose(Random& random);

// `start` moved by `amount` steps, back into its ranges: the picture is a torus, a turn ends where it began, and beyond
// the largest size comes the smallest.
SpritePose moved(const SpritePose& start, const SpritePose& step, double amount);

// A rounded shape, one half bright and the other dark, so that its angle can be seen.
class SceneSprite {
 public:
  explicit SceneSprite(Random& random);

  // Where it is in one frame of `pixels` x `pixels`, made ready to be drawn.
  class View {
   public:
    // `smallest` and `largest` are the radii that pose.size goes through.
    View(const SceneSprite& sprite, const SpritePose& pose, double smallest, double largest, std::int64_t pixels);
    // Puts the sprite over the colour of the place (x, y).
    void blend(double x, double y, Colour& colour) const;

   private:
    const SceneSprite& sprite_;
    SpritePose pose_;
    double radius_;
    double pixels_;  // per radius
    double reach_;   // in radii; beyond it there is background only
    double cosine_, sine_;
  };

 private:
  double outline(double angle) const;
  Colour at(double x, double y, double pixels) const;

  NoiseTile texture_;
  Colour front_;
  Colour back_;
  double bulge2_, bulge3_;  // how far the outline is from a circle
  double turn2_, turn3_;
};

// Draws background and sprites, the later over the earlier, into `image`, uint8 [size, size, 3] RGB.
void draw_scene(const SceneBackground& background, std::span<const SceneSprite::View> sprites, std::int64_t frame,
                Tensor& image);

}  // namespace longtake
