// Motions of motion_scene.h.
#include "data/motion_scene.h"

#include <numbers>

#include "longtake/error.h"

namespace longtake {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

// What the motion changes per frame. All three speeds are drawn, so that every motion draws alike.
SpritePose step_of(Motion motion, Random& random) {
  const double shift = random.uniform(2.0, 4.0) / 64;
  const double turn = random.uniform(8.0, 15.0) / 360 * kTurn;
  const double growth = 1 / random.uniform(15.0, 22.0);
  switch (motion) {
    case Motion::kLeft:
      return {-shift, 0, 0, 0};
    case Motion::kRight:
      return {shift, 0, 0, 0};
    case Motion::kUp:
      return {0, -shift, 0, 0};
    case Motion::kDown:
      return {0, shift, 0, 0};
    case Motion::kClockwise:
      return {0, 0, turn, 0};
    case Motion::kCounterClockwise:
      return {0, 0, -turn, 0};
    case Motion::kApproach:
      return {0, 0, 0, growth};
    case Motion::kRecede:
      return {0, 0, 0, -growth};
  }
  throw InvalidArgument("there is no such motion");
}

}  // namespace

const char* name_of(Motion motion) {
  static constexpr std::array<const char*, kMotions.size()> kNames{
      "left", "right", "up", "down", "clockwise", "counter_clockwise", "approach", "recede"};
  return kNames.at(static_cast<std::size_t>(motion));
}

MotionScene::MotionScene(Motion motion, Random random)
    : background_(random), sprite_(random), start_(draw_pose(random)), step_(step_of(motion, random)) {}

SpritePose MotionScene::pose(std::int64_t frame) const { return moved(start_, step_, static_cast<double>(frame)); }

void MotionScene::render(std::int64_t frame, Tensor& image) const {
  const SceneSprite::View sprite(sprite_, pose(frame), kSmallestRadius, kLargestRadius, image.size(0));
  draw_scene(background_, std::span(&sprite, 1), frame, image);
}

}  // namespace longtake
