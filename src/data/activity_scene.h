// One video of the generated dense set (activities.h): who does what when, and its pixels. Private to data.
//
// Two or three sprites rest and act in turn. A sprite makes one motion, or two of different kinds whose times overlap,
// or one of four ordered pairs, in which a motion goes over into its opposite without a rest. An ordered pair is a
// class of its own for as long as both its motions last: while the second goes on only what came before tells it from
// the plain motion, and while the first goes on only what comes after. Position, angle and size are spread alike at
// every frame as in motion_scene.h, so that no single frame tells anything.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/intervals.h"
#include "data/motion_scene.h"

namespace longtake {

struct OrderedPair {
  Motion first;
  Motion second;
  const char* name;
};

inline constexpr std::array<OrderedPair, 4> kOrderedPairs{{
    {Motion::kLeft, Motion::kRight, "left_then_right"},
    {Motion::kRight, Motion::kLeft, "right_then_left"},
    {Motion::kApproach, Motion::kRecede, "approach_then_recede"},
    {Motion::kRecede, Motion::kApproach, "recede_then_approach"},
}};

// A class that goes on in the frames [begin, end): from the picture of frame `begin` to that of frame `end` it shows.
struct FrameSpan {
  std::int64_t label = 0;  // a motion, or behind those an ordered pair
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

class ActivityScene {
 public:
  // Everything is drawn from `random`.
  ActivityScene(std::int64_t frames, double fps, Random random);

  std::size_t sprites() const { return actors_.size(); }
  SpritePose pose(std::size_t sprite, std::int64_t frame) const { return actors_.at(sprite).poses.at(frame); }
  const std::vector<FrameSpan>& spans(std::size_t sprite) const { return actors_.at(sprite).spans; }

  // What any of the sprites does, in seconds from the first frame's time; intervals of one class that overlap or touch
  // are one.
  std::vector<Interval> intervals() const;

  // Draws a frame into `image`, uint8 [size, size, 3] RGB.
  void render(std::int64_t frame, Tensor& image) const;

 private:
  struct Actor {
    SceneSprite sprite;
    std::vector<FrameSpan> spans;
    std::vector<SpritePose> poses;  // of each frame
  };

  double fps_;
  SceneBackground background_;
  std::vector<Actor> actors_;
};

}  // namespace longtake
