// Drawing of motion_scene.h.
#include "data/motion_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "longtake/error.h"

namespace longtake {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

// How far each of the two waves on a sprite's outline may go, in radii.
constexpr double kLargestBulge = 0.12;
constexpr double kLargestOutline = 1 + 2 * kLargestBulge;

// The part of `value` above its floor, in [0, 1).
double wrap(double value) {
  const double part = value - std::floor(value);
  return part < 1 ? part : 0.0;  // rounding may give 1 just below a whole number
}

// The shortest way from 0 to `value` on a circle of length 1, in [-0.5, 0.5).
double shortest(double value) { return wrap(value + 0.5) - 0.5; }

double smooth(double part) { return part * part * (3 - 2 * part); }

Colour draw_colour(Random& random, double low, double high) {
  Colour colour{};
  for (double& channel : colour) channel = random.uniform(low, high);
  return colour;
}

Colour plus(const Colour& a, double factor, const Colour& b) {
  Colour sum{};
  for (std::size_t i = 0; i < 3; ++i) sum[i] = a[i] + factor * b[i];
  return sum;
}

Colour mix(const Colour& a, const Colour& b, double share_of_b) {
  Colour mixed{};
  for (std::size_t i = 0; i < 3; ++i) mixed[i] = a[i] * (1 - share_of_b) + b[i] * share_of_b;
  return mixed;
}

// How much of a pixel lies inside an edge that is `distance` pixels away, inside being positive.
double coverage(double distance) { return std::clamp(distance + 0.5, 0.0, 1.0); }

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

SpritePose draw_pose(Random& random) {
  SpritePose pose;
  pose.x = random.uniform();
  pose.y = random.uniform();
  pose.angle = random.uniform(0, kTurn);
  pose.size = random.uniform();
  return pose;
}

}  // namespace

const char* name_of(Motion motion) {
  static constexpr std::array<const char*, kMotions.size()> kNames{
      "left", "right", "up", "down", "clockwise", "counter_clockwise", "approach", "recede"};
  return kNames.at(static_cast<std::size_t>(motion));
}

NoiseTile::NoiseTile(std::size_t cells, Random& random) : cells_(cells), values_(cells * cells) {
  for (double& value : values_) value = random.uniform(-1, 1);
}

double NoiseTile::at(double u, double v) const {
  const double x = wrap(u) * static_cast<double>(cells_);
  const double y = wrap(v) * static_cast<double>(cells_);
  const std::size_t left = static_cast<std::size_t>(x) % cells_;
  const std::size_t top = static_cast<std::size_t>(y) % cells_;
  const std::size_t right = (left + 1) % cells_;
  const std::size_t bottom = (top + 1) % cells_;
  const auto value = [this](std::size_t row, std::size_t column) { return values_[row * cells_ + column]; };
  const double along = smooth(x - std::floor(x));
  const double down = smooth(y - std::floor(y));
  const double upper = value(top, left) * (1 - along) + value(top, right) * along;
  const double lower = value(bottom, left) * (1 - along) + value(bottom, right) * along;
  return upper * (1 - down) + lower * down;
}

MotionScene::Background::Background(Random& random) : coarse(5, random), fine(10, random) {
  constexpr double kContrast = 25;
  base = draw_colour(random, 70, 180);
  coarse_tint = draw_colour(random, -kContrast, kContrast);
  fine_tint = draw_colour(random, -kContrast, kContrast);
  const double speed = random.uniform(0.2, 0.7) / 64;
  const double direction = random.uniform(0, kTurn);
  x = random.uniform();
  y = random.uniform();
  x_step = speed * std::cos(direction);
  y_step = speed * std::sin(direction);
}

Colour MotionScene::Background::at(double at_x, double at_y, std::int64_t frame) const {
  const auto time = static_cast<double>(frame);
  const double u = at_x - x - x_step * time;
  const double v = at_y - y - y_step * time;
  return plus(plus(base, coarse.at(u, v), coarse_tint), fine.at(u, v), fine_tint);
}

MotionScene::Sprite::Sprite(Random& random) : texture(6, random) {
  const double contrast = random.uniform(60, 100) * (random.uniform() < 0.5 ? 1 : -1);
  const double middle = random.uniform(105, 150);
  front = plus({middle + contrast, middle + contrast, middle + contrast}, 1, draw_colour(random, -40, 40));
  back = plus({middle - contrast, middle - contrast, middle - contrast}, 1, draw_colour(random, -40, 40));
  bulge2 = random.uniform(0, kLargestBulge);
  bulge3 = random.uniform(0, kLargestBulge);
  turn2 = random.uniform(0, kTurn);
  turn3 = random.uniform(0, kTurn);
}

double MotionScene::Sprite::outline(double angle) const {
  return 1 + bulge2 * std::cos(2 * angle + turn2) + bulge3 * std::cos(3 * angle + turn3);
}

// `x` and `y` are in radii of the sprite, turned with it; a radius has `pixels` pixels.
Colour MotionScene::Sprite::at(double x, double y, double pixels) const {
  constexpr double kTextureContrast = 25;
  const double grain = kTextureContrast * texture.at(x / 3 + 0.5, y / 3 + 0.5);
  return plus(mix(back, front, coverage(x * pixels)), grain, {1, 1, 1});
}

MotionScene::MotionScene(Motion motion, Random random)
    : background_(random), sprite_(random), start_(draw_pose(random)), step_(step_of(motion, random)) {}

SpritePose MotionScene::pose(std::int64_t frame) const {
  const auto time = static_cast<double>(frame);
  SpritePose pose;
  pose.x = wrap(start_.x + step_.x * time);
  pose.y = wrap(start_.y + step_.y * time);
  pose.angle = wrap((start_.angle + step_.angle * time) / kTurn) * kTurn;
  pose.size = wrap(start_.size + step_.size * time);
  return pose;
}

void MotionScene::render(std::int64_t frame, Tensor& image) const {
  const std::int64_t size = image.size(0);
  const SpritePose where = pose(frame);
  const double radius = kSmallestRadius * std::pow(kLargestRadius / kSmallestRadius, where.size);
  const double pixels = radius * static_cast<double>(size);
  const double reach = kLargestOutline + 1 / pixels;  // in radii; beyond it there is background only
  const double cosine = std::cos(where.angle);
  const double sine = std::sin(where.angle);
  std::uint8_t* out = image.data<std::uint8_t>().data();
  for (std::int64_t row = 0; row < size; ++row) {
    const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(size);
    const double from_y = shortest(y - where.y) / radius;
    for (std::int64_t column = 0; column < size; ++column) {
      const double x = (static_cast<double>(column) + 0.5) / static_cast<double>(size);
      const double from_x = shortest(x - where.x) / radius;
      Colour colour = background_.at(x, y, frame);
      if (from_x * from_x + from_y * from_y < reach * reach) {
        // With y downwards, a growing angle turns the sprite clockwise.
        const double own_x = cosine * from_x + sine * from_y;
        const double own_y = cosine * from_y - sine * from_x;
        const double edge = sprite_.outline(std::atan2(own_y, own_x)) - std::hypot(own_x, own_y);
        colour = mix(colour, sprite_.at(own_x, own_y, pixels), coverage(edge * pixels));
      }
      for (const double channel : colour)
        *out++ = static_cast<std::uint8_t>(std::clamp(std::rint(channel), 0.0, 255.0));
    }
  }
}

}  // namespace longtake
