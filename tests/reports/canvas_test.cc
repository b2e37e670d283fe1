#include "reports/canvas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <numeric>
#include <string>

namespace longtake::reports {
namespace {

constexpr Colour kBlack{0, 0, 0}, kWhite{255, 255, 255};

// The covered area in pixels of what was drawn white on black.
double area(const Canvas& canvas) {
  const auto pixels = canvas.image().data<std::uint8_t>();
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) / (3 * 255);
}

double area(const Mask& mask) { return std::accumulate(mask.cover.begin(), mask.cover.end(), 0.0) / 255; }

TEST(Canvas, ShapesCoverTheirArea) {
  Canvas rectangle(20, 20, kBlack);
  rectangle.rectangle(2, 3, 7.5, 5, kWhite);
  EXPECT_NEAR(area(rectangle), 11, 0.1);
  Canvas disc(40, 40, kBlack);
  disc.disc({20, 20}, 12, kWhite);
  EXPECT_NEAR(area(disc), std::numbers::pi * 144, 3);
  // A line of length 20 and thickness 4 and its two round ends.
  const std::vector<std::vector<Position>> lines = {{{10, 10}, {30, 10}}};
  EXPECT_NEAR(area(stroke_mask(lines, 4)), 80 + std::numbers::pi * 4, 1);
}

TEST(Canvas, CrossingLinesDoNotShowTheirCrossing) {
  const std::vector<std::vector<Position>> cross = {{{5, 15}, {25, 15}}, {{15, 5}, {15, 25}}};
  Canvas canvas(30, 30, kBlack);
  canvas.paint(stroke_mask(cross, 4), kWhite, 0.5);
  const auto pixels = canvas.image().data<std::uint8_t>();
  EXPECT_EQ(*std::max_element(pixels.begin(), pixels.end()), 128);
}

TEST(Canvas, OpacityMixesTheColours) {
  Canvas canvas(2, 1, {100, 0, 200});
  canvas.rectangle(0, 0, 1, 1, {200, 100, 0}, 0.5);
  const auto pixels = canvas.image().data<std::uint8_t>();
  EXPECT_NEAR(pixels[0], 150, 1);
  EXPECT_NEAR(pixels[1], 50, 1);
  EXPECT_NEAR(pixels[2], 100, 1);
  EXPECT_EQ(pixels[3], 100);
}

TEST(Canvas, WhatLiesOutsideIsCutOff) {
  Canvas canvas(10, 10, kBlack);
  canvas.rectangle(-100, -100, 100, -1, kWhite);
  canvas.disc({-50, 5}, 20, kWhite);
  canvas.text(Font(20, 3), {-300, -300}, "outside", kWhite);
  canvas.text(Font(20, 3), {300, 300}, "outside", kWhite);
  canvas.copy_columns(Canvas(10, 10, kWhite), 20, 30, 0);
  EXPECT_EQ(area(canvas), 0);
  canvas.rectangle(-100, -100, 100, 100, kWhite);
  EXPECT_EQ(area(canvas), 100);
}

TEST(Canvas, APictureIsEnlargedPixelByPixel) {
  Canvas canvas(6, 4, kWhite);
  canvas.picture(Tensor::from<std::uint8_t>({1, 2, 3}, {1, 2, 3, 4, 5, 6}), 2, 1, 1);
  const auto pixels = canvas.image().data<std::uint8_t>();
  const auto red = [&](int x, int y) { return pixels[(y * 6 + x) * 3]; };
  EXPECT_EQ(red(0, 1), 255);
  for (const int y : {1, 2}) {
    EXPECT_EQ(red(1, y), 1);
    EXPECT_EQ(red(2, y), 1);
    EXPECT_EQ(red(3, y), 4);
    EXPECT_EQ(red(4, y), 4);
    EXPECT_EQ(red(5, y), 255);
  }
  EXPECT_EQ(red(1, 3), 255);
}

TEST(Font, EveryCharacterIsDifferentInk) {
  const Font font(24, 3);
  std::vector<Tensor> seen;
  for (char c = ' '; c <= '~'; ++c) {
    Canvas canvas(60, 60, kBlack);
    canvas.text(font, {10, 40}, std::string(1, c), kWhite);
    EXPECT_EQ(area(canvas) > 0, c != ' ') << c;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), canvas.image()), 0) << c;
    seen.push_back(canvas.image());
  }
}

TEST(Font, ACharacterItDoesNotHaveIsOneBox) {
  const Font font(12, 2);
  EXPECT_EQ(font.width("é"), font.width("日"));
  EXPECT_GT(font.width("é"), 0);
  EXPECT_EQ(font.width("\xff"), font.width("é"));
}

TEST(Font, TextThatDoesNotFitEndsInDots) {
  const Font font(10, 1.5);
  Canvas canvas(400, 40, kBlack);
  const std::string text = "a label that is too long";
  EXPECT_DOUBLE_EQ(canvas.text(font, {10, 20}, text, kWhite), 10 + font.width(text));
  const double end = canvas.text(font, {10, 20}, text, kWhite, 90);
  EXPECT_LE(end, 100);
  EXPECT_GT(end, 10 + font.width("..."));
}

}  // namespace
}  // namespace longtake::reports
