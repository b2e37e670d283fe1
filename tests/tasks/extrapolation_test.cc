// What is there goes on moving as it did.
#include "tasks/extrapolation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake::tasks {
namespace {

constexpr std::int64_t kSide = 64;

// Three blobs whose middles have moved by (`dy`, `dx`).
void add_blobs(std::span<float> map, double dy, double dx) {
  const double places[3][2] = {{20, 18}, {34, 30}, {26, 42}};
  for (std::int64_t i = 0; i < kSide * kSide; ++i) {
    const auto y = static_cast<double>(i / kSide), x = static_cast<double>(i % kSide);
    double value = 0;
    for (const auto& place : places) {
      const double r = std::hypot(y - place[0] - dy, x - place[1] - dx);
      value = std::max(value, 0.8 * std::exp(-r * r / 30));
    }
    map[i] = static_cast<float>(value);
  }
}

// Frames of the blobs, which move by (dy, dx) from one to the next.
Tensor moving_blobs(std::int64_t frames, double dy, double dx) {
  Tensor out(DType::kFloat32, {frames, 1, kSide, kSide});
  for (std::int64_t i = 0; i < frames; ++i) {
    add_blobs(out.data<float>().subspan(i * kSide * kSide, kSide * kSide), static_cast<double>(i) * dy,
              static_cast<double>(i) * dx);
  }
  return out;
}

double mean_difference(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

const Tensor kAll(DType::kUint8, {0});

TEST(Extrapolation, CarriesOnWhatMoves) {
  Extrapolator extrapolator;
  const Tensor next = extrapolator.extrapolate(moving_blobs(3, 0.5, 2), kAll, 4);
  ASSERT_EQ(next.shape(), (Shape{4, 2, kSide, kSide}));
  const Tensor truth = moving_blobs(7, 0.5, 2);
  const std::size_t area = kSide * kSide;
  for (std::size_t lead = 0; lead < 4; ++lead) {
    const auto forecast = next.data<float>().subspan(lead * 2 * area, area);
    const auto came = truth.data<float>().subspan((3 + lead) * area, area);
    const auto newest = truth.data<float>().subspan(2 * area, area);
    EXPECT_LT(mean_difference(forecast, came), 0.25 * mean_difference(newest, came)) << "lead " << lead;
  }
}

TEST(Extrapolation, SaysNothingOfWhatComesFromOutside) {
  Extrapolator extrapolator({.smoothing = 1000});
  const Tensor next = extrapolator.extrapolate(moving_blobs(3, 0, 2), kAll, 5);
  const std::size_t area = kSide * kSide;
  const auto within = next.data<float>().subspan((4 * 2 + 1) * area, area);
  // After five steps of two cells to the right, some ten columns at the left come from beyond the edge.
  EXPECT_EQ(within[32 * kSide + 2], 0);
  EXPECT_EQ(within[32 * kSide + 40], 1);
  const auto values = next.data<float>().subspan(4 * 2 * area, area);
  EXPECT_EQ(values[32 * kSide + 2], 0);
}

TEST(Extrapolation, WhatIsMissingStaysMissingAndIsNoRain) {
  const Tensor frames = moving_blobs(2, 0, 0);
  Tensor valid(DType::kUint8, {2, kSide, kSide});
  for (std::int64_t i = 0; i < valid.count(); ++i) valid.data<std::uint8_t>()[i] = i % kSide < 32;
  Extrapolator extrapolator;
  const Tensor next = extrapolator.extrapolate(frames, valid, 1);
  const std::size_t area = kSide * kSide;
  for (std::size_t i = 0; i < area; ++i) {
    const bool there = i % kSide < 32;
    ASSERT_EQ(next.data<float>()[area + i], there ? 1 : 0) << i;
    ASSERT_EQ(next.data<float>()[i] == 0 || there, true) << i;
  }
}

TEST(Extrapolation, OfOneFrameOrATinyGridNothingMoves) {
  Extrapolator extrapolator;
  const Tensor one = moving_blobs(1, 0, 0);
  const Tensor next = extrapolator.extrapolate(one, kAll, 2);
  EXPECT_LT(mean_difference(next.data<float>().first(kSide * kSide), one.data<float>()), 1e-9);
  Tensor tiny(DType::kFloat32, {3, 2, 5, 7});
  EXPECT_EQ(extrapolator.extrapolate(tiny, kAll, 1).shape(), (Shape{1, 3, 5, 7}));
}

TEST(Extrapolation, HalfwayBetweenTwoFramesABlobIsHalfwayAndWhole) {
  const Tensor both = moving_blobs(2, 0, 4);
  const std::size_t area = kSide * kSide;
  const Shape frame{1, kSide, kSide};
  const Tensor first = Tensor::from<float>(frame, both.data<float>().first(area));
  const Tensor second = Tensor::from<float>(frame, both.data<float>().last(area));
  Extrapolator extrapolator;
  const Tensor between = frame_between(extrapolator, first, kAll, second, kAll, 0.5);
  std::vector<float> truth(area), doubled(area);
  add_blobs(truth, 0, 2);
  for (std::size_t i = 0; i < area; ++i) doubled[i] = (first.data<float>()[i] + second.data<float>()[i]) / 2;
  EXPECT_LT(mean_difference(between.data<float>().first(area), truth), 0.3 * mean_difference(doubled, truth));
}

TEST(Extrapolation, RefusesWhatMakesNoSense) {
  EXPECT_THROW(Extrapolator({.pairs = 0}), InvalidArgument);
  EXPECT_THROW(Extrapolator({.smoothing = -1}), InvalidArgument);
  Extrapolator extrapolator;
  EXPECT_THROW(extrapolator.extrapolate(Tensor(DType::kFloat32, {3, 4, 4}), kAll, 1), InvalidArgument);
  EXPECT_THROW(extrapolator.extrapolate(moving_blobs(2, 0, 0), Tensor(DType::kUint8, {2, 3, 3}), 1), InvalidArgument);
  EXPECT_THROW(extrapolator.extrapolate(moving_blobs(2, 0, 0), kAll, 0), InvalidArgument);
}

}  // namespace
}  // namespace longtake::tasks
