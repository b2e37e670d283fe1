#include "reports/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>

#include "longtake/error.h"
#include "media/clips.h"
#include "reports/overlay_painter.h"

namespace longtake::reports {
namespace {

using media::numbered_picture;

tasks::VideoResult result_of(int frames, double step_s) {
  tasks::VideoResult result;
  result.source = "clip.mp4";
  result.labels = {"left", "größe", "a label that is far too long for the room it has got"};
  for (int i = 0; i < frames; ++i) {
    const float a = i % 7 / 10.0f;
    result.frames.push_back({i, i * step_s, -1, {a, 0.9f - a, 0.1f}, {}});
  }
  return result;
}

// Rows [top, bottom) of a picture.
std::string rows(const Tensor& image, std::int64_t top, std::int64_t bottom) {
  const auto row = static_cast<std::size_t>(image.size(1) * 3);
  return {reinterpret_cast<const char*>(image.raw()) + top * row, (bottom - top) * row};
}

TEST(OverlayPainter, ThePictureIsShownAsItIsAndLargeEnough) {
  const tasks::VideoResult result = result_of(10, 0.1);
  const Tensor picture = numbered_picture(77, 64, 48);
  OverlayPainter painter(result, 64, 48, 480);
  EXPECT_EQ(painter.width(), 512);  // 64 times 8
  EXPECT_GT(painter.height(), 48 * 8 + 60);
  const Tensor& shown = painter.paint(picture, 0.5);
  for (const int y : {0, 100, 383}) {
    for (const int x : {0, 255, 256, 511}) {
      EXPECT_EQ(std::memcmp(shown.raw() + (y * 512 + x) * 3, picture.raw() + (y / 8 * 64 + x / 8) * 3, 3), 0);
    }
  }
}

TEST(OverlayPainter, AnEventIsShownInThePictureWhileItGoesOn) {
  tasks::VideoResult result = result_of(10, 0.1);
  OverlayPainter plain(result, 64, 48, 480);
  tasks::VideoResult with_event = result;
  with_event.events = {{1, 0.3, 0.5, 0.9f}};
  OverlayPainter painter(with_event, 64, 48, 480);
  const Tensor picture = numbered_picture(77, 64, 48);
  for (const double time_s : {0.0, 0.2, 0.6, 0.9}) {
    EXPECT_EQ(rows(painter.paint(picture, time_s), 0, 384), rows(plain.paint(picture, time_s), 0, 384)) << time_s;
  }
  for (const double time_s : {0.3, 0.4, 0.5}) {
    EXPECT_NE(rows(painter.paint(picture, time_s), 0, 384), rows(plain.paint(picture, time_s), 0, 384)) << time_s;
  }
}

TEST(OverlayPainter, AFrameLeavesNoTraceInTheNext) {
  tasks::VideoResult result = result_of(10, 0.1);
  result.events = {{0, 0.2, 0.4, 0.9f}, {1, 0.3, 0.4, 0.9f}};
  for (const auto& [width, height] : {std::pair(64, 48), std::pair(9, 301), std::pair(1, 1), std::pair(641, 33)}) {
    const Tensor picture = numbered_picture(170, width, height);
    OverlayPainter painter(result, width, height, 480);
    EXPECT_EQ(painter.width() % 2 + painter.height() % 2, 0);
    const Tensor before = painter.paint(picture, 0.1);
    const Tensor during = painter.paint(picture, 0.3);
    EXPECT_FALSE(before == during);
    EXPECT_TRUE(painter.paint(picture, 0.1) == before);
  }
}

TEST(OverlayPainter, OddResultsAreDrawn) {
  tasks::VideoResult single = result_of(1, 0.1);
  single.labels = {"only"};
  single.frames[0].scores = {1.0f};
  single.events = {{0, -5.0, 1e6, 1.0f}};
  OverlayPainter(single, 64, 48, 480).paint(numbered_picture(1), -3.0);
  tasks::VideoResult broken = result_of(5, 0.1);
  broken.frames[2].scores = {std::numeric_limits<float>::quiet_NaN(), 7.0f, -std::numeric_limits<float>::infinity()};
  OverlayPainter painter(broken, 64, 48, 480);
  for (const double time_s : {-1.0, 0.2, 100.0}) painter.paint(numbered_picture(1), time_s);
}

TEST(OverlayPainter, RefusesResultsWithoutScoresPerFrame) {
  EXPECT_THROW(OverlayPainter(result_of(0, 0.1), 64, 48, 480), InvalidArgument);
  tasks::VideoResult result = result_of(2, 0.1);
  result.frames[1].scores.pop_back();
  EXPECT_THROW(OverlayPainter(result, 64, 48, 480), InvalidArgument);
  result.frames[1].scores.clear();
  EXPECT_THROW(OverlayPainter(result, 64, 48, 480), InvalidArgument);
  result = result_of(2, 0.1);
  result.events = {{3, 0, 1, 1}};
  EXPECT_THROW(OverlayPainter(result, 64, 48, 480), InvalidArgument);
}

TEST(Overlay, HasTheFramesOfTheVideoAtTheirTimes) {
  TemporaryDirectory directory;
  const std::vector<double> times = {0, 0.04, 0.2, 0.24, 0.5};
  const std::string source = directory / "clip.mp4";
  media::write_numbered_clip(source, times);
  std::int64_t written = 0;
  const DecodeStats stats = write_overlay(source, result_of(6, 0.1), directory / "overlay.mp4",
                                          {.written = [&](std::int64_t frames) { written = frames; }});
  EXPECT_EQ(stats.frames_out, 5);
  EXPECT_EQ(written, 5);
  VideoReader reader = VideoReader::open(directory / "overlay.mp4");
  EXPECT_EQ(reader.width(), 512);
  Frame frame;
  for (std::size_t i = 0; i < times.size(); ++i) {
    ASSERT_TRUE(reader.read(frame));
    EXPECT_NEAR(frame.time_s, times[i], 1e-4);
    const Tensor top = Tensor::from<std::uint8_t>({384, 512, 3}, frame.image.data<std::uint8_t>().first(384 * 512 * 3));
    EXPECT_EQ(media::number_in(top), static_cast<int>(i));
  }
  EXPECT_FALSE(reader.read(frame));
}

TEST(Overlay, RefusesWhatCannotBeReadTwiceAndLeavesNothingBehind) {
  TemporaryDirectory directory;
  const std::string path = directory / "overlay.mp4";
  EXPECT_THROW(write_overlay("-", result_of(2, 0.1), path), InvalidArgument);
  EXPECT_THROW(write_overlay("/dev/video0", result_of(2, 0.1), path), InvalidArgument);
  EXPECT_THROW(write_overlay(directory / "missing.mp4", result_of(2, 0.1), path), IoError);
  media::write_numbered_clip(directory / "clip.mp4", 3, 25);
  EXPECT_THROW(write_overlay(directory / "clip.mp4", result_of(0, 0.1), path), InvalidArgument);
  EXPECT_THROW(write_overlay(directory / "clip.mp4", result_of(2, 0.1), directory / "missing/overlay.mp4"), IoError);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace longtake::reports
