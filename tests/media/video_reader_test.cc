// Reading whole videos: real recordings, sampling, seeking, sizes.
#include "longtake/video_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "longtake/error.h"
#include "media/clips.h"

namespace longtake::media {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pointwise;
using testing::StartsWith;

MATCHER_P(NearTo, tolerance, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= tolerance; }

std::vector<int> count_to(int end) {
  std::vector<int> numbers(static_cast<std::size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<Tensor> read_images(VideoReader& reader, int limit = 1 << 30) {
  std::vector<Tensor> images;
  Frame frame;
  while (static_cast<int>(images.size()) < limit && reader.read(frame)) images.push_back(frame.image);
  return images;
}

std::vector<Tensor> read_images(const std::string& path, const VideoOptions& options = {}) {
  VideoReader reader = VideoReader::open(path, options);
  return read_images(reader);
}

TEST(VideoReader, DecodesBitForBitAsTheReferencePictures) {
  REQUIRE_DATA("video/nasa_13013.mp4");
  VideoOptions options;
  options.stream = 3;
  const std::vector<Tensor> images = read_images(data_path("video/nasa_13013.mp4"), options);
  ASSERT_EQ(images.size(), 390U);
  for (const char* number : {"000000", "000001", "000005", "000010", "000035", "000386"}) {
    const std::string path = data_path("video/stream3_frame") + number + ".png";
    const std::vector<Tensor> reference = read_images(path);
    ASSERT_EQ(reference.size(), 1U) << path;
    EXPECT_TRUE(images.at(std::stoul(number)) == reference[0]) << path;
  }
}

TEST(VideoReader, RealFilesHaveTheFramesAndTimesTheirHeadersSay) {
  REQUIRE_DATA("video/demo.mp4");
  VideoReader reader = VideoReader::open(data_path("video/demo.mp4"));
  EXPECT_EQ(reader.info().width, 340);
  EXPECT_EQ(reader.info().height, 256);
  EXPECT_EQ(reader.info().codec, "h264");
  EXPECT_EQ(reader.info().pixel_format, "yuv420p");
  EXPECT_DOUBLE_EQ(reader.info().fps, 28.0);
  EXPECT_DOUBLE_EQ(reader.info().duration_s, 10.0);
  Frame frame;
  for (int i = 0; i < 280; ++i) {
    ASSERT_TRUE(reader.read(frame));
    EXPECT_EQ(frame.index, i);
    EXPECT_NEAR(frame.time_s, i / 28.0, 1e-9);
    EXPECT_EQ(frame.shown_since_s, frame.time_s);
  }
  EXPECT_FALSE(reader.read(frame));
  EXPECT_FALSE(reader.read(frame));
  EXPECT_EQ(reader.stats().frames_decoded, 280);
  EXPECT_EQ(reader.stats().frames_out, 280);
  EXPECT_FALSE(reader.stats().partial);
  EXPECT_TRUE(reader.stats().problems.empty());
}

TEST(VideoReader, GrayRecordings) {
  REQUIRE_DATA("lips/words");
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_path("lips/words"))) {
    if (entry.path().extension() != ".mp4" || ++files % 50 != 1) continue;
    VideoOptions options;
    options.colour = ColourOrder::kGray;
    VideoReader reader = VideoReader::open(entry.path(), options);
    const std::vector<Tensor> images = read_images(reader);
    EXPECT_EQ(static_cast<std::int64_t>(images.size()), reader.info().frames) << entry.path();
    EXPECT_EQ(images.at(0).shape(), (Shape{80, 112, 1}));
    EXPECT_FALSE(reader.stats().partial);
  }
  EXPECT_GT(files, 0);
}

TEST(VideoReader, ThreadsDoNotChangeTheBytes) {
  REQUIRE_DATA("video/nasa_13013.mp4");
  VideoOptions options;
  options.fps = 5.0;
  options.width = 100;
  options.height = 75;
  options.threads = 1;
  const std::vector<Tensor> one = read_images(data_path("video/nasa_13013.mp4"), options);
  for (int threads : {0, 2, 5}) {
    options.threads = threads;
    EXPECT_TRUE(read_images(data_path("video/nasa_13013.mp4"), options) == one) << threads << " threads";
  }
}

TEST(VideoReader, ReusesTheMemoryOfTheFrame) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 10, 10.0);
  VideoReader reader = VideoReader::open(directory / "clip.mp4");
  Frame frame;
  ASSERT_TRUE(reader.read(frame));
  const std::byte* memory = frame.image.raw();
  while (reader.read(frame)) EXPECT_EQ(frame.image.raw(), memory);
}

TEST(VideoReader, SamplesASteadyVideo) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 30, 30.0);
  EXPECT_EQ(numbers_of(read_samples(directory / "clip.mp4")), count_to(30));
  EXPECT_EQ(numbers_of(read_samples(directory / "clip.mp4", {.fps = 30.0})), count_to(30));
  // Samples at 0, 1/4, 1/2, 3/4 s: frames floor(7.5) and so on.
  EXPECT_THAT(numbers_of(read_samples(directory / "clip.mp4", {.fps = 4.0})), ElementsAre(0, 7, 15, 22));
}

TEST(VideoReader, SamplesAVideoOfVariableRate) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "vfr.mp4", {0.0, 0.1, 0.8, 0.85, 1.0, 1.75});
  EXPECT_THAT(times_of(read_samples(directory / "vfr.mp4")), Pointwise(NearTo(1e-4), {0.0, 0.1, 0.8, 0.85, 1.0, 1.75}));
  // The last frame lasts 0.1 s, until 1.85. At 0, 0.2, 0.4, ... 1.8:
  const std::vector<Sample> samples = read_samples(directory / "vfr.mp4", {.fps = 5.0});
  EXPECT_THAT(numbers_of(samples), ElementsAre(0, 1, 1, 1, 2, 4, 4, 4, 4, 5));
  EXPECT_THAT(times_of(samples), Pointwise(NearTo(1e-9), {0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8}));
}

TEST(VideoReader, APartOfAVideo) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 50, 25.0);
  EXPECT_THAT(numbers_of(read_samples(directory / "clip.mp4", {.start_s = 1.0, .end_s = 1.2})),
              ElementsAre(25, 26, 27, 28, 29));
  const std::vector<Sample> samples =
      read_samples(directory / "clip.mp4", {.fps = 10.0, .start_s = 1.01, .end_s = 1.4});
  EXPECT_THAT(times_of(samples), Pointwise(NearTo(1e-9), {1.01, 1.11, 1.21, 1.31}));
  EXPECT_THAT(numbers_of(samples), ElementsAre(25, 27, 30, 32));
  EXPECT_TRUE(read_samples(directory / "clip.mp4", {.fps = 10.0, .start_s = 2.0}).empty());
}

TEST(VideoReader, OneFrame) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "one.mp4", 1, 10.0);
  EXPECT_THAT(numbers_of(read_samples(directory / "one.mp4")), ElementsAre(0));
  // It lasts a tenth of a second.
  EXPECT_THAT(times_of(read_samples(directory / "one.mp4", {.fps = 20.0})), Pointwise(NearTo(1e-9), {0.0, 0.05}));
}

// Reading in sequence and seeking give the same samples, whatever the container knows about its key frames.
void expect_seek_like_sequence(const std::string& path, double fps, int stream = -1) {
  SCOPED_TRACE(path);
  VideoOptions options;
  options.fps = fps;
  options.width = 40;
  options.stream = stream;
  VideoReader sequence = VideoReader::open(path, options);
  std::vector<Frame> frames;
  for (Frame frame; sequence.read(frame);) frames.push_back(frame);
  ASSERT_GT(frames.size(), 4U);
  std::mt19937 random(1);
  VideoReader seeking = VideoReader::open(path, options);
  for (int trial = 0; trial < 12; ++trial) {
    std::size_t from = trial == 0 ? 0 : random() % frames.size();
    // Of frames at the same time the seek gives all.
    while (from > 0 && frames[from - 1].time_s == frames[from].time_s) --from;
    if (trial % 2 == 0) {
      seeking.seek(frames[from].time_s);
    } else {
      options.start_s = frames[from].time_s;
      seeking = VideoReader::open(path, options);
    }
    Frame frame;
    for (std::size_t i = from; i < std::min(from + 5, frames.size()); ++i) {
      ASSERT_TRUE(seeking.read(frame)) << "from " << from << " at " << i;
      ASSERT_NEAR(frame.time_s, frames[i].time_s, 1e-9);
      ASSERT_NEAR(frame.shown_since_s, frames[i].shown_since_s, 1e-9) << "from " << from << " at " << i;
      ASSERT_TRUE(frame.image == frames[i].image) << "from " << from << " at " << i;
      ASSERT_EQ(frame.index, static_cast<std::int64_t>(i - from));
    }
  }
}

TEST(VideoReader, SeekingEqualsReadingInSequence) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 90, 15.0);
  const std::string clip = directory / "clip.mp4";
  const std::string base = directory.path();
  FFMPEG("-i " + clip + " -c copy " + base + "/clip.ts");
  FFMPEG("-i " + clip + " -c copy " + base + "/clip.mkv");
  FFMPEG("-i " + clip + " -c copy -f h264 " + base + "/clip.h264");
  FFMPEG("-i " + clip + " -c:v mpeg4 -bf 2 -g 12 -q:v 2 " + base + "/clip.avi");
  FFMPEG("-i " + clip + " -c:v mpeg2video -bf 2 -g 12 -q:v 2 -r 25 " + base + "/clip.mpg");
  for (const char* suffix : {"mp4", "ts", "mkv", "h264", "avi", "mpg"}) {
    expect_seek_like_sequence(base + "/clip." + suffix, 0.0);
    expect_seek_like_sequence(base + "/clip." + suffix, 7.0);
  }
}

TEST(VideoReader, SeekingInRealFiles) {
  REQUIRE_DATA("video/nasa_13013.mp4");
  expect_seek_like_sequence(data_path("video/nasa_13013.mp4"), 0.0, 3);
  expect_seek_like_sequence(data_path("video/test.avi"), 9.0);
}

TEST(VideoReader, SizesFollowTheResizePolicy) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 2, 10.0, 80, 40);
  const auto shape = [&](int width, int height, ResizePolicy resize, ColourOrder colour) {
    VideoOptions options{.width = width, .height = height, .resize = resize, .colour = colour};
    return read_images(directory / "clip.mp4", options).at(0).shape();
  };
  const auto stretch = ResizePolicy::kStretch;
  const auto shorter = ResizePolicy::kShorterSide;
  EXPECT_EQ(shape(0, 0, stretch, ColourOrder::kRgb), (Shape{40, 80, 3}));
  EXPECT_EQ(shape(24, 17, stretch, ColourOrder::kGray), (Shape{17, 24, 1}));
  EXPECT_EQ(shape(40, 0, stretch, ColourOrder::kBgr), (Shape{20, 40, 3}));
  EXPECT_EQ(shape(0, 10, stretch, ColourOrder::kRgb), (Shape{10, 20, 3}));
  EXPECT_EQ(shape(20, 20, shorter, ColourOrder::kRgb), (Shape{20, 40, 3}));
  EXPECT_EQ(shape(0, 20, shorter, ColourOrder::kRgb), (Shape{20, 40, 3}));
  EXPECT_EQ(shape(60, 20, shorter, ColourOrder::kRgb), (Shape{30, 60, 3}));
}

TEST(VideoReader, RefusesSenselessOptions) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "clip.mp4", 2, 10.0);
  const std::string path = directory / "clip.mp4";
  EXPECT_THROW(VideoReader::open(path, {.fps = -1.0}), InvalidArgument);
  EXPECT_THROW(VideoReader::open(path, {.fps = NAN}), InvalidArgument);
  EXPECT_THROW(VideoReader::open(path, {.width = -5}), InvalidArgument);
  EXPECT_THROW(VideoReader::open(path, {.width = 1 << 20, .height = 1 << 20}), InvalidArgument);
  EXPECT_THROW(VideoReader::open(path, {.start_s = 1.0, .end_s = 1.0}), InvalidArgument);
  EXPECT_THROW(VideoReader::open(path, {.threads = -1}), InvalidArgument);
}

TEST(VideoReader, EveryErrorBeginsWithTheSource) {
  TemporaryDirectory directory;
  const std::string path = directory / "dot.png";
  FFMPEG("-f lavfi -i color=red:size=1x1,format=rgb24 -frames:v 1 " + path);
  const auto complaint = [&](const std::string& source, const VideoOptions& options) {
    try {
      Frame frame;
      VideoReader::open(source, options).read(frame);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(complaint(path, {.fps = -1.0}), StartsWith(path + ": "));
  EXPECT_THAT(complaint(path, {.width = 1 << 20, .height = 1 << 20}), StartsWith(path + ": "));
  // More than swscale can do, which shows when the first picture is there.
  EXPECT_THAT(complaint(path, {.width = 65536, .height = 2}),
              AllOf(StartsWith(path + ": "), HasSubstr("1x1"), HasSubstr("65536x2")));
  const std::string missing = directory / "none.mp4";
  EXPECT_THAT(complaint(missing, {}), AllOf(StartsWith(missing + ": "), Not(HasSubstr(missing + ": " + missing))));
}

TEST(VideoReader, ProbeTellsWhatAFileIs) {
  REQUIRE_DATA("video/nasa_13013.mp4");
  const MediaInfo info = probe(data_path("video/nasa_13013.mp4"));
  EXPECT_EQ(info.stream, 3);
  EXPECT_EQ(info.width, 480);
  EXPECT_EQ(info.height, 270);
  EXPECT_EQ(info.frames, 390);
  EXPECT_NEAR(info.fps, 30000.0 / 1001.0, 1e-9);
  EXPECT_NEAR(info.duration_s, 13.013, 1e-9);
  ASSERT_EQ(info.streams.size(), 6U);
  EXPECT_EQ(info.streams[1].kind, "audio");
  EXPECT_EQ(info.streams[1].codec, "aac");
  try {
    probe(data_path("video/nasa_13013.mp4"), {.stream = 1});
    FAIL() << "an audio stream is no video";
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(), HasSubstr("stream 1 is no video stream"));
  }
}

}  // namespace
}  // namespace longtake::media
