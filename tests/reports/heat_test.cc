// Colours over pictures, against numbers worked out by hand.
#include "reports/heat.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "longtake/error.h"

namespace longtake::reports {
namespace {

Colour at(const Canvas& canvas, int x, int y) {
  const std::uint8_t* pixel = canvas.image().data<std::uint8_t>().data() + (y * canvas.width() + x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

// A pixel of colour `under` half covered by `over`: 128 of 255.
Colour half(Colour under, Colour over) {
  const auto mix = [](int a, int b) { return static_cast<std::uint8_t>((a * 127 + b * 128 + 127) / 255); };
  return {mix(under.red, over.red), mix(under.green, over.green), mix(under.blue, over.blue)};
}

TEST(SeenRegion, IsTheCentreCropOfTheResizedPicture) {
  EXPECT_EQ(seen_region({}, 320, 240), Region());
  EXPECT_EQ(seen_region({.crop_width = 320, .crop_height = 240}, 320, 240), Region());
  // LRCN: 227 of 320 x 240; (320 - 227) / 2 = 46 and (240 - 227) / 2 = 6, rounded down.
  const Region region = seen_region({.width = 320, .height = 240, .crop_width = 227, .crop_height = 227}, 320, 240);
  EXPECT_DOUBLE_EQ(region.left, 46.0 / 320);
  EXPECT_DOUBLE_EQ(region.right, 273.0 / 320);
  EXPECT_DOUBLE_EQ(region.top, 6.0 / 240);
  EXPECT_DOUBLE_EQ(region.bottom, 233.0 / 240);
}

TEST(HeatColour, GoesFromDarkToLight) {
  EXPECT_EQ(heat_colour(0), (Colour{0, 0, 4}));
  EXPECT_EQ(heat_colour(0.5), (Colour{188, 55, 84}));
  EXPECT_EQ(heat_colour(0.625), (Colour{219, 99, 47}));  // half way from (188, 55, 84) to (249, 142, 9)
  EXPECT_EQ(heat_colour(1), (Colour{252, 255, 164}));
  EXPECT_EQ(heat_colour(7), heat_colour(1));
  EXPECT_EQ(heat_colour(-1), heat_colour(0));
  EXPECT_EQ(heat_colour(std::numeric_limits<double>::quiet_NaN()), heat_colour(0));
  double before = -1;
  for (int i = 0; i <= 100; ++i) {
    const Colour colour = heat_colour(i / 100.0);
    const double light = 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue;
    EXPECT_GT(light, before) << i;
    before = light;
  }
}

TEST(HeatScale, IsTheHighestWeightButFarFromAnEvenShare) {
  std::vector<tasks::FrameScores> frames(2);
  EXPECT_EQ(heat_scale(frames), 0);
  frames[0].attention = std::vector<float>(16, 1.0f / 16);
  EXPECT_DOUBLE_EQ(heat_scale(frames), 0.25);
  frames[1].attention = frames[0].attention;
  frames[1].attention[5] = 0.75f;
  EXPECT_DOUBLE_EQ(heat_scale(frames), 0.75);
  frames[0].attention = {0.5f, 0.5f};
  EXPECT_DOUBLE_EQ(heat_scale(frames), 1);
}

// Two places in the columns 2 to 10: their middles are at 4 and 8. The pixels between (middles 4.5 to 7.5) are 1/8,
// 3/8, 5/8 and 7/8 of the way, those beyond the middles have the colour of the place.
TEST(PaintHeat, InterpolatesBetweenTheMiddlesOfThePlaces) {
  const Colour under{100, 150, 200};
  Canvas canvas(12, 6, under);
  const std::vector<float> weights{0, 0.5f};
  paint_heat(canvas, {.height = 1, .width = 2}, weights, 0.5, {2, 1, 10, 5});
  for (int y = 1; y < 5; ++y) {
    for (const int x : {2, 3}) EXPECT_EQ(at(canvas, x, y), half(under, heat_colour(0))) << x;
    for (const int x : {8, 9}) EXPECT_EQ(at(canvas, x, y), half(under, heat_colour(1))) << x;
    for (int i = 0; i < 4; ++i) {
      const double share = std::round(255 * (2 * i + 1) / 8.0) / 255;
      EXPECT_EQ(at(canvas, 4 + i, y), half(under, heat_colour(share))) << i;
    }
  }
  for (int y = 0; y < 6; ++y) {
    for (const int x : {0, 1, 10, 11}) EXPECT_EQ(at(canvas, x, y), under);
  }
  for (int x = 0; x < 12; ++x) {
    for (const int y : {0, 5}) EXPECT_EQ(at(canvas, x, y), under);
  }
}

TEST(PaintHeat, PlacesGoRowByRow) {
  Canvas canvas(60, 40, {});
  std::vector<float> weights(6, 0);
  weights[5] = 1;  // of 2 x 3 places: the lower right
  paint_heat(canvas, {.height = 2, .width = 3}, weights, 1, {0, 0, 60, 40});
  EXPECT_EQ(at(canvas, 55, 35), half({}, heat_colour(1)));
  for (const auto& [x, y] :
       {std::pair(5, 5), std::pair(30, 5), std::pair(55, 5), std::pair(5, 35), std::pair(29, 35)}) {
    EXPECT_EQ(at(canvas, x, y), half({}, heat_colour(0))) << x << " " << y;
  }
}

TEST(PaintHeat, WhatLiesOutsideIsCutOffAndWrongSizesAreRefused) {
  Canvas canvas(8, 8, {});
  const std::vector<float> weights{1, std::numeric_limits<float>::quiet_NaN()};
  paint_heat(canvas, {.height = 2, .width = 1}, weights, 1, {-20, -20, 30, 30});
  paint_heat(canvas, {.height = 2, .width = 1}, weights, 0, {3, 3, 3, 3});
  EXPECT_THROW(paint_heat(canvas, {.height = 2, .width = 2}, weights, 1, {0, 0, 8, 8}), InvalidArgument);
  EXPECT_THROW(paint_heat(canvas, {.window = 2}, weights, 1, {0, 0, 8, 8}), InvalidArgument);
}

}  // namespace
}  // namespace longtake::reports
