// Pixel formats, colour, odd sizes, display rotation, changes of resolution and the time stamps of odd containers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <tuple>

#include "longtake/video_reader.h"
#include "media/clips.h"
#include "media/converter.h"
#include "media/video_writer.h"

namespace longtake::media {
namespace {

using testing::ElementsAre;

Tensor first_image(const std::string& path, const VideoOptions& options = {}) {
  VideoReader reader = VideoReader::open(path, options);
  Frame frame;
  EXPECT_TRUE(reader.read(frame)) << path;
  return frame.image;
}

struct Format {
  const char* pixels;
  const char* encoder;
  const char* file;
  bool gray = false;
  int width = 66;
  int height = 50;
  const char* decoded = nullptr;  // where the decoder gives another format than went in
};

class PixelFormats : public testing::TestWithParam<Format> {};

TEST_P(PixelFormats, ShowARedPictureRed) {
  const Format format = GetParam();
  TemporaryDirectory directory;
  const std::string path = directory / format.file;
  FFMPEG(fmt::format("-f lavfi -i color=red:size={}x{}:rate=5:duration=1,format=rgb24 -pix_fmt {} {} {}", format.width,
                     format.height, format.pixels, format.encoder, path));
  EXPECT_EQ(probe(path).pixel_format, format.decoded != nullptr ? format.decoded : format.pixels);
  const Tensor rgb = first_image(path);
  ASSERT_EQ(rgb.shape(), (Shape{format.height, format.width, 3}));
  // Red has the luma 0.299 in BT.601, which is all that a gray format keeps.
  const double luma = 0.299 * 255;
  EXPECT_NEAR(mean(rgb, 0), format.gray ? luma : 255.0, 4.0);
  EXPECT_NEAR(mean(rgb, 1), format.gray ? luma : 0.0, 4.0);
  EXPECT_NEAR(mean(rgb, 2), format.gray ? luma : 0.0, 4.0);
  const Tensor bgr = first_image(path, {.colour = ColourOrder::kBgr});
  EXPECT_NEAR(mean(bgr, 0), mean(rgb, 2), 1e-9);
  EXPECT_NEAR(mean(bgr, 2), mean(rgb, 0), 1e-9);
  EXPECT_NEAR(mean(first_image(path, {.colour = ColourOrder::kGray}), 0), luma, 4.0);
  EXPECT_EQ(read_samples(path).size(), 5U);
}

INSTANTIATE_TEST_SUITE_P(
    All, PixelFormats,
    testing::Values(Format{"yuv420p", "-c:v libx264", "a.mp4"}, Format{"yuvj420p", "-c:v libx264", "a.mp4"},
                    Format{"yuv422p", "-c:v libx264", "a.mp4"}, Format{"yuv444p", "-c:v libx264", "a.mp4"},
                    Format{"yuv420p10le", "-c:v libx264", "a.mp4"}, Format{"yuv422p10le", "-c:v libx264", "a.mp4"},
                    Format{"gray", "-c:v libx264", "a.mp4", true, 66, 50, "yuvj420p"},
                    Format{"gray10le", "-c:v libx264", "a.mp4", true, 66, 50, "yuv420p10le"},
                    Format{"gray16le", "-c:v ffv1", "a.mkv", true}, Format{"yuva420p", "-c:v ffv1", "a.mkv"},
                    Format{"argb", "-c:v qtrle", "a.mov"}, Format{"rgba", "-c:v png", "a.mov"},
                    Format{"gbrp", "-c:v libx264rgb -pix_fmt rgb24", "a.mp4"}, Format{"bgra", "-c:v ffv1", "a.avi"},
                    Format{"yuv420p", "-c:v ffv1", "a.mkv", false, 65, 47},
                    Format{"yuv444p", "-c:v libx264", "a.mp4", false, 33, 17},
                    Format{"yuv420p", "-c:v mpeg4 -q:v 1", "a.avi", false, 35, 19},
                    Format{"yuv410p", "-c:v ffv1", "a.mkv", false, 65, 47},
                    Format{"yuv444p", "-c:v ffv1", "a.mkv", false, 1, 1}));

// Limited and full range, BT.601 and BT.709: each is undone as its tags say.
TEST(Colour, RangeAndMatrixAreThoseOfTheFile) {
  TemporaryDirectory directory;
  for (const char* matrix : {"bt601", "bt709", "bt2020"}) {
    for (const char* range : {"tv", "pc"}) {
      const std::string path = directory / (fmt::format("{}_{}.mkv", matrix, range));
      FFMPEG(
          fmt::format("-f lavfi -i color=0x20C060:size=64x48:rate=5:duration=1 -vf "
                      "format=rgb24,scale=out_color_matrix={}:out_range={},format=yuv444p -c:v libx264 -crf 1 "
                      "-colorspace {} -color_range {} {}",
                      matrix, range,
                      std::strcmp(matrix, "bt601") == 0   ? "smpte170m"
                      : std::strcmp(matrix, "bt709") == 0 ? "bt709"
                                                          : "bt2020nc",
                      range, path));
      const Tensor image = first_image(path);
      EXPECT_NEAR(mean(image, 0), 0x20, 3.0) << path;
      EXPECT_NEAR(mean(image, 1), 0xC0, 3.0) << path;
      EXPECT_NEAR(mean(image, 2), 0x60, 3.0) << path;
    }
  }
}

// One picture whose quarters have the values 40, 100 (top) and 160, 220 (bottom).
Tensor quarters(int width, int height) {
  Tensor image(DType::kUint8, {height, width, 3});
  auto pixels = image.data<std::uint8_t>();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int value = 40 + (x >= width / 2 ? 60 : 0) + (y >= height / 2 ? 120 : 0);
      for (int c = 0; c < 3; ++c) pixels[(y * width + x) * 3 + c] = static_cast<std::uint8_t>(value);
    }
  }
  return image;
}

std::vector<int> corners(const Tensor& image) {
  std::vector<int> values;
  for (double top : {0.1, 0.6}) {
    for (double left : {0.1, 0.6}) {
      const double value = mean(image, 0, left, top, left + 0.3, top + 0.3);
      values.push_back(static_cast<int>(value / 20.0 + 0.5) * 20);
    }
  }
  return values;
}

TEST(Rotation, IsAppliedAsTheContainerSays) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  {
    VideoWriter writer(base + "/upright.mp4", 96, 64);
    for (int i = 0; i < 3; ++i) writer.write(quarters(96, 64));
    writer.finish();
  }
  const std::vector<std::pair<int, std::vector<int>>> expected = {
      {0, {40, 100, 160, 220}}, {90, {160, 40, 220, 100}}, {180, {220, 160, 100, 40}}, {270, {100, 220, 40, 160}}};
  for (const auto& [degrees, values] : expected) {
    const std::string path = fmt::format("{}/turned{}.mp4", base, degrees);
    // Its "rotate" counts counter-clockwise.
    FFMPEG(fmt::format("-i {}/upright.mp4 -c copy -metadata:s:v rotate={} {}", base, 360 - degrees, path));
    const bool upright = degrees % 180 == 0;
    EXPECT_EQ(probe(path).rotation, degrees);
    EXPECT_EQ(probe(path).width, upright ? 96 : 64);
    const Tensor image = first_image(path);
    EXPECT_EQ(image.shape(), upright ? (Shape{64, 96, 3}) : (Shape{96, 64, 3}));
    EXPECT_EQ(corners(image), values) << degrees;
    FFMPEG(fmt::format("-i {} -frames:v 1 {}/turned.png", path, base));
    EXPECT_TRUE(first_image(base + "/turned.png") == image) << "the ffmpeg program turns it otherwise";
    // The size that is asked for is the one after turning.
    const Tensor small = first_image(path, {.width = 30, .height = 40, .colour = ColourOrder::kGray});
    EXPECT_EQ(small.shape(), (Shape{40, 30, 1}));
    EXPECT_EQ(corners(small), values) << degrees;
  }
}

// A picture of 3x2 pixels numbered 0..5, in all eight orientations; results by hand.
TEST(Rotation, TurnsAndFlipsByHand) {
  FramePtr picture = make_picture(3, 2, AV_PIX_FMT_GRAY8);
  for (int i = 0; i < 6; ++i) picture->data[0][i / 3 * picture->linesize[0] + i % 3] = static_cast<std::uint8_t>(i);
  const auto turned = [&](Orientation orientation) {
    const PictureSize size = orientation.swaps_sides() ? PictureSize{2, 3} : PictureSize{3, 2};
    Converter converter(size, ColourOrder::kGray, orientation);
    converter.set_picture(*picture);
    Tensor image;
    converter.write(image);
    const auto pixels = image.data<std::uint8_t>();
    return std::vector<int>(pixels.begin(), pixels.end());
  };
  EXPECT_THAT(turned({1, 0, 0, 1}), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(turned({0, 1, -1, 0}), ElementsAre(3, 0, 4, 1, 5, 2));   // clockwise
  EXPECT_THAT(turned({-1, 0, 0, -1}), ElementsAre(5, 4, 3, 2, 1, 0));  // half turn
  EXPECT_THAT(turned({0, -1, 1, 0}), ElementsAre(2, 5, 1, 4, 0, 3));   // counter-clockwise
  EXPECT_THAT(turned({-1, 0, 0, 1}), ElementsAre(2, 1, 0, 5, 4, 3));   // left to right
  EXPECT_THAT(turned({1, 0, 0, -1}), ElementsAre(3, 4, 5, 0, 1, 2));   // upside down
  EXPECT_THAT(turned({0, 1, 1, 0}), ElementsAre(0, 3, 1, 4, 2, 5));    // transposed
  EXPECT_THAT(turned({0, -1, -1, 0}), ElementsAre(5, 2, 4, 1, 3, 0));  // transposed at the other diagonal
}

TEST(ResolutionChange, KeepsTheAgreedSizeAndIsCounted) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 20, 10.0, 64, 48);
  write_numbered_clip(base + "/b.mp4", 20, 10.0, 128, 80);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy {0}/a.ts", base));
  FFMPEG(fmt::format("-i {0}/b.mp4 -c copy {0}/b.ts", base));
  write_file(base + "/both.ts", read_file(base + "/a.ts") + read_file(base + "/b.ts"));
  VideoReader reader = VideoReader::open(base + "/both.ts");
  std::vector<int> numbers;
  Frame frame;
  while (reader.read(frame)) {
    EXPECT_EQ(frame.image.shape(), (Shape{48, 64, 3}));
    EXPECT_NEAR(frame.time_s, reader.info().start_s + static_cast<double>(numbers.size()) / 10.0, 0.002);
    numbers.push_back(number_in(frame.image));
  }
  std::vector<int> expected(40);
  for (int i = 0; i < 40; ++i) expected[static_cast<std::size_t>(i)] = i % 20;
  EXPECT_EQ(numbers, expected);
  EXPECT_EQ(reader.stats().resolution_changes, 1);
  // Sampling goes on across the splice of the time stamps, and seeking back gives what was there.
  EXPECT_EQ(read_samples(base + "/both.ts", {.fps = 5.0}).size(), 20U);
  reader.seek(reader.info().start_s + 2.5);
  ASSERT_TRUE(reader.read(frame));
  EXPECT_EQ(number_in(frame.image), 5);
}

TEST(TimeStamps, StartWhereTheContainerSays) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 20, 10.0);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy -output_ts_offset 7 {0}/late.mkv", base));
  const std::vector<Sample> samples = read_samples(base + "/late.mkv", {.fps = 5.0});
  ASSERT_EQ(samples.size(), 10U);
  EXPECT_NEAR(samples[0].time_s, probe(base + "/late.mkv").start_s, 1e-9);
  EXPECT_GE(samples[0].time_s, 6.999);
  EXPECT_THAT(numbers_of(samples), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 16, 18));
  const std::vector<Sample> part = read_samples(base + "/late.mkv", {.start_s = samples[0].time_s + 1.0});
  EXPECT_EQ(part.at(0).number, 10);
}

TEST(TimeStamps, MissingOnesComeFromTheFrameRate) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 20, 10.0);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy -f h264 {0}/raw.h264", base));
  std::vector<double> expected(20);
  for (int i = 0; i < 20; ++i) expected[static_cast<std::size_t>(i)] = i / 10.0;
  const std::vector<Sample> samples = read_samples(base + "/raw.h264");
  ASSERT_EQ(samples.size(), 20U);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(samples[static_cast<std::size_t>(i)].number, i);
    EXPECT_NEAR(samples[static_cast<std::size_t>(i)].time_s, i / 10.0, 1e-9);
  }
}

// Pictures that are decoded in another order than they are shown, in containers with times of presentation and without
// (AVI), whose last pictures come without any time.
class ReorderedPictures : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(ReorderedPictures, AllComeOutAtEvenTimes) {
  const auto& [codec, container] = GetParam();
  TemporaryDirectory directory;
  write_numbered_clip(directory / "a.mp4", 16, 8.0);
  const std::string path = directory / ("reordered." + container);
  FFMPEG(fmt::format("-i {} -c:v {} -bf 2 -q:v 2 {}", (directory / "a.mp4").string(), codec, path));
  for (const int threads : {1, 3}) {
    for (const double fps : {0.0, 8.0}) {
      VideoReader reader = VideoReader::open(path, {.fps = fps, .threads = threads});
      const std::vector<Sample> samples = read_samples(reader);
      ASSERT_EQ(samples.size(), 16U) << "fps " << fps;
      for (int i = 0; i < 16; ++i) {
        const Sample& sample = samples[static_cast<std::size_t>(i)];
        EXPECT_EQ(sample.number, i) << "fps " << fps;
        EXPECT_NEAR(sample.time_s, samples[0].time_s + i / 8.0, 1e-6) << "fps " << fps;
      }
      EXPECT_EQ(reader.stats().frames_decoded, 16);
      EXPECT_FALSE(reader.stats().partial);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ReorderedPictures,
                         testing::Combine(testing::Values("libx264", "mpeg4"),
                                          testing::Values("avi", "mp4", "mkv", "ts", "mpg")));

TEST(TimeStamps, AreKeptAtVariableRateInAnyOrder) {
  TemporaryDirectory directory;
  const std::vector<double> times{0.0, 0.1, 0.5, 0.6, 0.7, 1.5, 1.6, 2.0, 2.1, 2.9};
  write_numbered_clip(directory / "a.mp4", times);
  const std::string path = directory / "reordered.mkv";
  FFMPEG(fmt::format("-i {} -c:v libx264 -bf 2 -vsync passthrough {}", (directory / "a.mp4").string(), path));
  EXPECT_THAT(times_of(read_samples(path)), testing::Pointwise(testing::DoubleNear(1e-6), times));
}

TEST(TimeStamps, ThatAreOfDecodingOnlySayNothingOfALostFrame) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "a.mp4", 24, 8.0);
  const std::string path = directory / "a.avi";
  FFMPEG(fmt::format("-i {} -c:v mpeg4 -bf 2 -q:v 2 {}", (directory / "a.mp4").string(), path));
  std::string bytes = read_file(path);
  // The tenth picture's chunk is noise.
  std::size_t chunk = bytes.find("movi");
  for (int i = 0; i < 10; ++i) chunk = bytes.find("00dc", chunk + 4);
  for (std::size_t i = chunk + 8; i < bytes.find("00dc", chunk + 4); ++i) bytes[i] = static_cast<char>(0x55);
  write_file(path, bytes);
  VideoReader reader = VideoReader::open(path, {.bad_frames = BadFramePolicy::kRepeat});
  const std::vector<Sample> samples = read_samples(reader);
  EXPECT_GT(reader.stats().bad_packets + reader.stats().bad_frames, 0);
  EXPECT_GE(samples.size(), 23U);
  EXPECT_NEAR(samples.back().time_s, samples.front().time_s + 23 / 8.0, 1e-6);
}

TEST(TimeStamps, OfARealAviGoOnToItsEnd) {
  REQUIRE_DATA("video/test.avi");
  const std::vector<double> times = times_of(read_samples(data_path("video/test.avi")));
  ASSERT_GT(times.size(), 2U);
  EXPECT_NEAR(times[times.size() - 2], 6.52, 1e-6);
  EXPECT_NEAR(times.back(), 6.56, 1e-6);
}

// Beyond 42 to 1 swscale refuses to make a side smaller in one go.
TEST(Scaling, ReachesAnySizeFromAnyOther) {
  TemporaryDirectory directory;
  const std::string tall = directory / "tall.mkv";
  // The upper half is black, the lower one white.
  FFMPEG(
      "-f lavfi -i color=black:size=2x2000:rate=5:duration=1,drawbox=y=1000:h=1000:color=white:t=fill "
      "-c:v ffv1 -pix_fmt yuv444p " +
      tall);
  for (const auto& [width, height] : {std::pair{32, 32}, {16, 2}, {2, 2000}, {500, 6}, {1, 2}}) {
    const Tensor image = first_image(tall, {.width = width, .height = height});
    ASSERT_EQ(image.shape(), (Shape{height, width, 3}));
    EXPECT_LT(mean(image, 0, 0, 0, 1, 0.5), 40.0) << width << "x" << height;
    EXPECT_GT(mean(image, 0, 0, 0.5, 1, 1), 215.0) << width << "x" << height;
  }
}

TEST(Scaling, KeepsTheColoursHoweverFarItGoes) {
  TemporaryDirectory directory;
  const std::string path = directory / "wide.mkv";
  FFMPEG(
      "-f lavfi -i color=0x20C060:size=1600x1600:rate=1:duration=1 -vf "
      "format=rgb24,scale=out_color_matrix=bt709:out_range=pc,format=yuv444p -c:v ffv1 -colorspace bt709 "
      "-color_range pc " +
      path);
  const double gray = mean(first_image(path, {.colour = ColourOrder::kGray}), 0);
  for (const int side : {320, 20, 1}) {
    const Tensor image = first_image(path, {.width = side, .height = side});
    EXPECT_NEAR(mean(image, 0), 0x20, 3.0) << side;
    EXPECT_NEAR(mean(image, 1), 0xC0, 3.0) << side;
    EXPECT_NEAR(mean(image, 2), 0x60, 3.0) << side;
    EXPECT_NEAR(mean(first_image(path, {.width = side, .height = side, .colour = ColourOrder::kGray}), 0), gray, 1.0);
  }
}

TEST(Pictures, AreVideosOfOneFrame) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  FFMPEG("-f lavfi -i color=0x20C060:size=31x23,format=rgb24 -frames:v 1 " + base + "/50%d%%.png");
  FFMPEG("-f lavfi -i color=0x20C060:size=31x23,format=rgb24 -frames:v 1 -q:v 1 " + base + "/a.jpg");
  std::filesystem::rename(base + "/501%.png", base + "/50%01d.png");
  for (const char* name : {"/50%01d.png", "/a.jpg"}) {
    const Tensor image = first_image(base + name);
    EXPECT_EQ(image.shape(), (Shape{23, 31, 3}));
    EXPECT_NEAR(mean(image, 1), 0xC0, 3.0) << name;
    EXPECT_EQ(read_samples(base + name, {.fps = 1.0}).size(), 1U);
  }
}

}  // namespace
}  // namespace longtake::media
