// Drawing of scene.h.
#include "data/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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

}  // namespace

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

SceneBackground::SceneBackground(Random& random) : coarse_(5, random), fine_(10, random) {
  constexpr double kContrast = 25;
  base_ = draw_colour(random, 70, 180);
  coarse_tint_ = draw_colour(random, -kContrast, kContrast);
  fine_tint_ = draw_colour(random, -kContrast, kContrast);
  const double speed = random.uniform(0.2, 0.7) / 64;
  const double direction = random.uniform(0, kTurn);
  x_ = random.uniform();
  y_ = random.uniform();
  x_step_ = speed * std::cos(direction);
  y_step_ = speed * std::sin(direction);
}

Colour SceneBackground::at(double x, double y, std::int64_t frame) const {
  const auto time = static_cast<double>(frame);
  const double u = x - x_ - x_step_ * time;
  const double v = y - y_ - y_step_ * time;
  return plus(plus(base_, coarse_.at(u, v), coarse_tint_), fine_.at(u, v), fine_tint_);
}

SpritePose draw_pose(Random& random) {
  SpritePose pose;
  pose.x = random.uniform();
  pose.y = random.uniform();
  pose.angle = random.uniform(0, kTurn);
  pose.size = random.uniform();
  return pose;
}

SpritePose moved(const SpritePose& start, const SpritePose& step, double amount) {
  SpritePose pose;
  pose.x = wrap(start.x + step.x * amount);
  pose.y = wrap(start.y + step.y * amount);
  pose.angle = wrap((start.angle + step.angle * amount) / kTurn) * kTurn;
  pose.size = wrap(start.size + step.size * amount);
  return pose;
}

SceneSprite::SceneSprite(Random& random) : texture_(6, random) {
  const double contrast = random.uniform(60, 100) * (random.uniform() < 0.5 ? 1 : -1);
  const double middle = random.uniform(105, 150);
  front_ = plus({middle + contrast, middle + contrast, middle + contrast}, 1, draw_colour(random, -40, 40));
  back_ = plus({middle - contrast, middle - contrast, middle - contrast}, 1, draw_colour(random, -40, 40));
  bulge2_ = random.uniform(0, kLargestBulge);
  bulge3_ = random.uniform(0, kLargestBulge);
  turn2_ = random.uniform(0, kTurn);
  turn3_ = random.uniform(0, kTurn);
}

double SceneSprite::outline(double angle) const {
  return 1 + bulge2_ * std::cos(2 * angle + turn2_) + bulge3_ * std::cos(3 * angle + turn3_);
}

// `x` and `y` are in radii of the sprite, turned with it; a radius has `pixels` pixels.
Colour SceneSprite::at(double x, double y, double pixels) const {
  constexpr double kTextureContrast = 25;
  const double grain = kTextureContrast * texture_.at(x / 3 + 0.5, y / 3 + 0.5);
  return plus(mix(back_, front_, coverage(x * pixels)), grain, {1, 1, 1});
}

SceneSprite::View::View(const SceneSprite& sprite, const SpritePose& pose, double smallest, double largest,
                        std::int64_t pixels)
    : sprite_(sprite),
      pose_(pose),
      radius_(smallest * std::pow(largest / smallest, pose.size)),
      pixels_(radius_ * static_cast<double>(pixels)),
      reach_(kLargestOutline + 1 / pixels_),
      cosine_(std::cos(pose.angle)),
      sine_(std::sin(pose.angle)) {}

void SceneSprite::View::blend(double x, double y, Colour& colour) const {
  const double from_x = shortest(x - pose_.x) / radius_;
  const double from_y = shortest(y - pose_.y) / radius_;
  if (from_x * from_x + from_y * from_y >= reach_ * reach_) return;
  // With y downwards, a growing angle turns the sprite clockwise.
  const double own_x = cosine_ * from_x + sine_ * from_y;
  const double own_y = cosine_ * from_y - sine_ * from_x;
  const double edge = sprite_.outline(std::atan2(own_y, own_x)) - std::hypot(own_x, own_y);
  colour = mix(colour, sprite_.at(own_x, own_y, pixels_), coverage(edge * pixels_));
}

void draw_scene(const SceneBackground& background, std::span<const SceneSprite::View> sprites, std::int64_t frame,
                Tensor& image) {
  const std::int64_t size = image.size(0);
  std::uint8_t* out = image.data<std::uint8_t>().data();
  for (std::int64_t row = 0; row < size; ++row) {
    const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(size);
    for (std::int64_t column = 0; column < size; ++column) {
      const double x = (static_cast<double>(column) + 0.5) / static_cast<double>(size);
      Colour colour = background.at(x, y, frame);
      for (const SceneSprite::View& sprite : sprites) sprite.blend(x, y, colour);
      for (const double channel : colour) {
        *out++ = static_cast<std::uint8_t>(std::clamp(std::rint(channel), 0.0, 255.0));
      }
    }
  }
}

}  // namespace longtake
