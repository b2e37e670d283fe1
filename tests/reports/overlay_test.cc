#include "reports/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <tuple>

#include "longtake/error.h"
#include "media/clips.h"
#include "reports/overlay_painter.h"
#include "reports/score_panel.h"

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

// Of 512 x 384 pixels the model saw the columns 128 to 384, in two places.
TEST(OverlayPainter, AttentionIsLaidOverWhatTheModelSaw) {
  tasks::VideoResult result = result_of(3, 0.1);
  result.attention = {.height = 1, .width = 2};
  result.frames[1].attention = {0, 1};
  OverlayPainter painter(result, 64, 48, 480, {0.25, 0, 0.75, 1});
  Tensor picture(DType::kUint8, {48, 64, 3});
  for (std::uint8_t& value : picture.data<std::uint8_t>()) value = 100;
  const auto red = [](const Tensor& shown, int x, int y) { return shown.data<std::uint8_t>()[(y * 512 + x) * 3]; };
  for (const double without : {0.0, 0.2}) {
    const Tensor& shown = painter.paint(picture, without);
    for (const int x : {0, 200, 300, 511}) EXPECT_EQ(red(shown, x, 200), 100) << x;
  }
  const Tensor& shown = painter.paint(picture, 0.1);
  for (const int y : {100, 383}) {
    for (const int x : {0, 127, 384, 511}) EXPECT_EQ(red(shown, x, y), 100) << x;
    for (const int x : {128, 191}) EXPECT_NEAR(red(shown, x, y), (100 + heat_colour(0).red) / 2.0, 1) << x;
    for (const int x : {320, 383}) EXPECT_NEAR(red(shown, x, y), (100 + heat_colour(1).red) / 2.0, 1) << x;
    EXPECT_NEAR(red(shown, 256, y), (100 + heat_colour(0.5).red) / 2.0, 2);
  }
  result.frames[1].attention = {1};
  EXPECT_THROW(OverlayPainter(result, 64, 48, 480), InvalidArgument);
}

// At a width of 512 letters and gaps are 512/480 to the power of 0.65 as large; the time line goes from 192 to 12
// before the end, and a weight of 1 is 22 high.
TEST(OverlayPainter, TheWeightsOfAWindowAreBarsAtTheirFrames) {
  tasks::VideoResult result = result_of(11, 0.1);
  result.attention = {.window = 3};
  tasks::VideoResult looking = result;
  looking.frames[6].attention = {0.25f, 0.125f, 0.625f};
  looking.frames[1].attention = {0.0f, 0.5f, 0.5f};
  OverlayPainter plain(result, 64, 48, 480), painter(looking, 64, 48, 480);
  const Tensor picture = numbered_picture(77, 64, 48);
  const double scale = std::pow(512 / 480.0, 0.65);
  const auto height_at = [&](std::size_t frame, std::size_t bar) {
    const double time_s = 0.1 * static_cast<double>(frame);
    const Tensor with = painter.paint(picture, time_s), without = plain.paint(picture, time_s);
    const double x = 192 * scale + static_cast<double>(bar) / 10 * (512 - 204 * scale);
    int differing = 0;
    for (int y = 384; y < painter.height(); ++y) {
      const std::size_t at = (static_cast<std::size_t>(y) * 512 + static_cast<std::size_t>(x) - 2) * 3;
      differing += std::memcmp(with.raw() + at, without.raw() + at, 3) != 0 ? 1 : 0;
    }
    return differing;
  };
  for (const auto& [bar, weight] : {std::pair(4, 0.25), std::pair(5, 0.125), std::pair(6, 0.625)}) {
    EXPECT_NEAR(height_at(6, bar), weight * 22 * scale + 1, 1) << bar;  // with the line below
  }
  for (const int bar : {2, 3, 7}) EXPECT_EQ(height_at(6, bar), 0) << bar;
  EXPECT_NEAR(height_at(1, 0), 0.5 * 22 * scale + 1, 1);
  EXPECT_EQ(height_at(3, 3), 0);
  looking.frames[6].attention.pop_back();
  EXPECT_THROW(OverlayPainter(looking, 64, 48, 480), InvalidArgument);
}

TEST(OverlayPainter, BarsOfALongVideoStandSideBySide) {
  tasks::VideoResult result = result_of(5000, 0.04);
  result.attention = {.window = 15};
  for (tasks::FrameScores& frame : result.frames) frame.attention = std::vector<float>(15, 1.0f / 15);
  OverlayPainter painter(result, 64, 48, 480);
  const Tensor picture = numbered_picture(77, 64, 48);
  for (const double time_s : {0.0, 0.4, 100.0, 199.96}) painter.paint(picture, time_s);
}

tasks::VideoResult labelled(int classes, int probable) {
  tasks::VideoResult result;
  result.multi_label = true;
  for (int c = 0; c < classes; ++c) result.labels.push_back("class " + std::to_string(c));
  for (int i = 0; i < 101; ++i) {
    std::vector<float> scores(classes, 0.25f);
    for (int c = 0; c < probable; ++c) scores[classes - 1 - c] = 0.75f;
    result.frames.push_back({i, 0.1 * i, -1, scores, {}});
  }
  return result;
}

TEST(LanePanel, HasALaneForEveryClassThatIsEverProbable) {
  const PanelType type(1);
  for (const auto& [classes, probable, lanes] :
       {std::tuple(5, 2, 2), std::tuple(5, 0, 3), std::tuple(2, 0, 2), std::tuple(20, 12, 8)}) {
    EXPECT_DOUBLE_EQ(make_score_panel(labelled(classes, probable), type)->height(), 12 + 21 * lanes);
  }
  const tasks::VideoResult result = labelled(5, 2);
  const auto panel = make_lane_panel(result, type);
  EXPECT_EQ(panel->colour_of(0), panel->colour_of(1));  // that of the others
  EXPECT_NE(panel->colour_of(3), panel->colour_of(4));
  EXPECT_NE(panel->colour_of(3), panel->colour_of(0));
}

// A score of 0.75 over 300 pixels covers three quarters of a lane 13 high.
TEST(LanePanel, TheAreaOfALaneIsItsScore) {
  const PanelType type(1);
  const tasks::VideoResult result = labelled(3, 1);
  const auto panel = make_lane_panel(result, type);
  panel->place({.first_s = 0, .last_s = 10, .left = 50, .right = 350}, 10);
  Canvas canvas(400, 80, kBarColour);
  panel->draw_time_line(canvas, 1);
  const double full = panel->colour_of(2).green - kBarColour.green;
  double area = 0;
  for (std::int64_t i = 1; i < canvas.image().count(); i += 3) {
    area += (canvas.image().data<std::uint8_t>()[i] - kBarColour.green) / (0.85 * full);
  }
  EXPECT_NEAR(area, 0.75 * 13 * 300, 0.01 * 13 * 300);
}

TEST(LanePanel, AnEventIsUnderTheLaneOfItsClass) {
  const PanelType type(1);
  tasks::VideoResult result = labelled(4, 2);
  for (const std::int64_t label : {2, 3}) {
    result.events = {{label, 5, 7, 0.9f}};
    const auto panel = make_lane_panel(result, type);
    panel->place({.first_s = 0, .last_s = 10, .left = 0, .right = 100}, 0);
    Canvas canvas(100, 60, {});
    panel->draw_time_line(canvas, 1);
    const auto red = [&](int x, int y) { return canvas.image().data<std::uint8_t>()[(y * 100 + x) * 3]; };
    // 12 of margin, lanes of 21 of which 13 are the area, then 1.5 to the bar of 3.
    const int inside = 12 + 21 * static_cast<int>(label - 2) + 13 + 3;
    EXPECT_EQ(red(60, inside), panel->colour_of(label).red);
    EXPECT_EQ(red(40, inside), 0);
    EXPECT_EQ(red(80, inside), 0);
  }
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
