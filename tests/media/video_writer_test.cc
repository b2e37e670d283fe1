// Writing video and pictures.
#include "media/video_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <filesystem>

#include "longtake/error.h"
#include "longtake/video_reader.h"
#include "media/clips.h"
#include "media/image.h"

namespace longtake::media {
namespace {

using testing::HasSubstr;

Tensor gradient(int width, int height) {
  Tensor image(DType::kUint8, {height, width, 3});
  auto pixels = image.data<std::uint8_t>();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      pixels[(y * width + x) * 3 + 0] = static_cast<std::uint8_t>(x * 255 / width);
      pixels[(y * width + x) * 3 + 1] = static_cast<std::uint8_t>(y * 255 / height);
      pixels[(y * width + x) * 3 + 2] = 90;
    }
  }
  return image;
}

Tensor read_one(const std::string& path, const VideoOptions& options = {}) {
  VideoReader reader = VideoReader::open(path, options);
  Frame frame;
  EXPECT_TRUE(reader.read(frame));
  return frame.image;
}

double root_mean_square(const Tensor& a, const Tensor& b) {
  double sum = 0.0;
  const auto left = a.data<std::uint8_t>();
  const auto right = b.data<std::uint8_t>();
  for (std::size_t i = 0; i < left.size(); ++i) sum += std::pow(double{1} * left[i] - right[i], 2);
  return std::sqrt(sum / static_cast<double>(left.size()));
}

// Coded flow is numbers: none may change, and no odd row may be added.
TEST(VideoWriter, FullColourWithoutLossGivesEveryByteBack) {
  TemporaryDirectory directory;
  VideoWriter writer(directory / "a.mp4", 33, 27, {.fps = 10, .crf = 0, .full_colour = true});
  std::vector<Tensor> pictures;
  std::uint32_t random = 1;
  for (int i = 0; i < 4; ++i) {
    Tensor picture(DType::kUint8, {27, 33, 3});
    for (std::uint8_t& value : picture.data<std::uint8_t>()) {
      random = random * 1664525U + 1013904223U;
      value = static_cast<std::uint8_t>(random >> 24);
    }
    writer.write(picture);
    pictures.push_back(picture);
  }
  writer.finish();
  VideoReader reader = VideoReader::open(directory / "a.mp4");
  Frame frame;
  for (const Tensor& picture : pictures) {
    ASSERT_TRUE(reader.read(frame));
    EXPECT_EQ(frame.image, picture);
  }
  EXPECT_FALSE(reader.read(frame));
}

TEST(VideoWriter, WhatIsWrittenIsReadAgain) {
  TemporaryDirectory directory;
  const Tensor picture = gradient(64, 48);
  VideoWriter writer(directory / "a.mp4", 64, 48, {.fps = 12.5, .crf = 10});
  for (int i = 0; i < 5; ++i) writer.write(picture);
  writer.finish();
  VideoReader reader = VideoReader::open(directory / "a.mp4");
  EXPECT_DOUBLE_EQ(reader.info().fps, 12.5);
  EXPECT_EQ(reader.info().frames, 5);
  EXPECT_EQ(reader.info().codec, "h264");
  Frame frame;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(reader.read(frame));
    EXPECT_NEAR(frame.time_s, i / 12.5, 1e-6);
    EXPECT_LT(root_mean_square(frame.image, picture), 4.0);
  }
  EXPECT_FALSE(reader.read(frame));
}

TEST(VideoWriter, TheSameFramesGiveTheSameBytes) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "a.mp4", 20, 25.0);
  write_numbered_clip(directory / "b.mp4", 20, 25.0);
  EXPECT_EQ(read_file(directory / "a.mp4"), read_file(directory / "b.mp4"));
}

// Fills fresh memory with a byte while it lives, so that reading what was never written shows.
class FreshMemory {
 public:
  explicit FreshMemory(int byte) { ::mallopt(M_PERTURB, byte); }
  ~FreshMemory() { ::mallopt(M_PERTURB, 0); }
  FreshMemory(const FreshMemory&) = delete;
  FreshMemory& operator=(const FreshMemory&) = delete;
};

TEST(VideoWriter, TheSameFramesGiveTheSameBytesWhateverMemoryHeld) {
  TemporaryDirectory directory;
  std::vector<std::string> files;
  for (int byte : {0, 1, 90, 255}) {
    const FreshMemory memory(byte);
    files.push_back(directory / ("memory" + std::to_string(byte) + ".mp4"));
    VideoWriter writer(files.back(), 64, 64);
    for (int i = 0; i < 40; ++i) {
      Tensor image = gradient(64, 64);
      auto pixels = image.data<std::uint8_t>();
      // Something that moves and something that flickers, so that there is motion to follow.
      for (int y = 0; y < 64 * 64 * 3; ++y) pixels[y] = static_cast<std::uint8_t>(pixels[y] + (y * 7 + i * 11) % 64);
      writer.write(image);
    }
    writer.finish();
  }
  for (const std::string& file : files) EXPECT_EQ(read_file(file), read_file(files[0])) << file;
}

TEST(VideoWriter, OddSizesGainARepeatedEdge) {
  TemporaryDirectory directory;
  VideoWriter writer(directory / "odd.mp4", 33, 21, {.crf = 5});
  writer.write(gradient(33, 21));
  writer.finish();
  const Tensor image = read_one(directory / "odd.mp4");
  EXPECT_EQ(image.shape(), (Shape{22, 34, 3}));
  EXPECT_NEAR(mean(image, 0, 32.5 / 34, 0, 1, 1), 32 * 255 / 33, 8.0);
}

TEST(VideoWriter, Gray) {
  TemporaryDirectory directory;
  Tensor image(DType::kUint8, {32, 32, 1});
  for (auto& pixel : image.data<std::uint8_t>()) pixel = 200;
  VideoWriter writer(directory / "gray.mp4", 32, 32);
  writer.write(image);
  writer.finish();
  for (int channel : {0, 1, 2}) EXPECT_NEAR(mean(read_one(directory / "gray.mp4"), channel), 200.0, 3.0);
}

TEST(VideoWriter, LeavesNothingUnlessFinished) {
  TemporaryDirectory directory;
  {
    VideoWriter writer(directory / "a.mp4", 64, 48);
    writer.write(numbered_picture(1));
    EXPECT_FALSE(std::filesystem::exists(directory / "a.mp4"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(VideoWriter, AFullDiskLeavesTheOldFile) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  TemporaryDirectory directory;
  write_file(directory / "a.mp4", "old");
  std::filesystem::create_symlink("/dev/full", directory / "a.mp4.tmp");
  try {
    VideoWriter writer(directory / "a.mp4", 64, 48);
    for (int i = 0; i < 50; ++i) writer.write(numbered_picture(i));
    writer.finish();
    FAIL() << "the disk is full";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a.mp4"));
    EXPECT_THAT(error.what(), HasSubstr("No space left"));
  }
  EXPECT_EQ(read_file(directory / "a.mp4"), "old");
}

TEST(VideoWriter, RefusesWhatItCannotWrite) {
  TemporaryDirectory directory;
  const std::string path = directory / "a.mp4";
  EXPECT_THROW(VideoWriter(path, 0, 48), InvalidArgument);
  EXPECT_THROW(VideoWriter(path, 64, 48, {.fps = 0.0}), InvalidArgument);
  EXPECT_THROW(VideoWriter(path, 64, 48, {.crf = 52}), InvalidArgument);
  EXPECT_THROW(VideoWriter(directory / "missing/a.mp4", 64, 48), IoError);
  VideoWriter writer(path, 64, 48);
  EXPECT_THROW(writer.finish(), InvalidArgument);
  EXPECT_THROW(writer.write(numbered_picture(0, 48, 64)), InvalidArgument);
  EXPECT_THROW(writer.write(Tensor(DType::kFloat32, {48, 64, 3})), InvalidArgument);
  EXPECT_THROW(writer.write(numbered_picture(0), 1.0), InvalidArgument);
  VideoWriter variable(directory / "b.mp4", 64, 48, {.variable_rate = true});
  EXPECT_THROW(variable.write(numbered_picture(0)), InvalidArgument);
  variable.write(numbered_picture(0), 1.0);
  EXPECT_THROW(variable.write(numbered_picture(0), 1.0), InvalidArgument);
  EXPECT_THROW(variable.write(numbered_picture(0), -1.0), InvalidArgument);
}

TEST(Image, PngKeepsEveryPixel) {
  TemporaryDirectory directory;
  const Tensor picture = gradient(37, 23);
  write_png(directory / "a.png", picture);
  EXPECT_TRUE(read_one(directory / "a.png") == picture);
  EXPECT_EQ(encode_png(picture), encode_png(picture));
  Tensor gray(DType::kUint8, {5, 7, 1});
  for (std::size_t i = 0; i < 35; ++i) gray.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 7);
  write_png(directory / "gray.png", gray);
  EXPECT_TRUE(read_one(directory / "gray.png", {.colour = ColourOrder::kGray}) == gray);
}

TEST(Image, JpegIsCloseAndBetterWithMoreQuality) {
  TemporaryDirectory directory;
  const Tensor picture = gradient(256, 192);
  const auto error = [&](int quality) {
    const std::vector<std::byte> bytes = encode_jpeg(picture, quality);
    write_file(directory / "a.jpg", std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return root_mean_square(read_one(directory / "a.jpg"), picture);
  };
  EXPECT_LT(error(31), 4.0);
  EXPECT_LT(error(31), error(5));
  EXPECT_THROW(encode_jpeg(picture, 0), InvalidArgument);
  EXPECT_THROW(encode_jpeg(Tensor(DType::kUint8, {3, 3})), InvalidArgument);
}

}  // namespace
}  // namespace longtake::media
