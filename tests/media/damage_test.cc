// Damaged files: each gets a clear error or is read as far as it goes, with every loss counted.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "longtake/error.h"
#include "longtake/video_reader.h"
#include "media/clips.h"

namespace longtake::media {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Expected>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.what();
  }
  ADD_FAILURE() << "no exception of the expected type";
  return "";
}

template <class Expected>
std::string open_error(const std::string& path) {
  return message_of<Expected>([&] { read_samples(path); });
}

TEST(BadFiles, AreNamedWithTheReason) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  EXPECT_THAT(open_error<IoError>(base + "/missing.mp4"), AllOf(HasSubstr("missing.mp4"), HasSubstr("No such file")));
  EXPECT_THAT(open_error<IoError>(base), HasSubstr("is a directory"));
  write_file(base + "/empty.mp4", "");
  EXPECT_THAT(open_error<BadData>(base + "/empty.mp4"), AllOf(HasSubstr("empty.mp4"), HasSubstr("empty")));
  write_file(base + "/text.txt", "Dear diary, this is not a video.\n");
  EXPECT_THAT(open_error<BadData>(base + "/text.txt"), HasSubstr("text.txt: "));
  std::mt19937 random(1);
  for (int length : {1, 10, 100, 1000, 100000}) {
    std::string garbage(static_cast<std::size_t>(length), '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    write_file(base + "/garbage.mp4", garbage);
    EXPECT_THAT(open_error<BadData>(base + "/garbage.mp4"), HasSubstr("garbage.mp4: "));
  }
}

TEST(BadFiles, WithoutVideoSayWhatTheyHave) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  FFMPEG("-f lavfi -i sine=duration=1 -c:a aac " + base + "/sound.mp4");
  EXPECT_THAT(open_error<BadData>(base + "/sound.mp4"), HasSubstr("no video stream; it has: audio (aac)"));
  FFMPEG(fmt::format("-f lavfi -i color=red:size=32x32 -frames:v 1 {}/cover.png", base));
  FFMPEG(
      fmt::format("-i {0}/sound.mp4 -i {0}/cover.png -map 0 -map 1 -c:a copy -c:v png -disposition:v attached_pic "
                  "{0}/song.mp4",
                  base));
  EXPECT_THAT(open_error<BadData>(base + "/song.mp4"),
              AllOf(HasSubstr("no video stream"), HasSubstr("cover picture (png)")));
}

// What a cut file gives: an error that names it, or the frames before the cut and the word that it was cut.
void expect_honest_about_cut(const std::string& path, std::size_t whole) {
  try {
    VideoReader reader = VideoReader::open(path);
    const std::vector<Sample> samples = read_samples(reader);
    EXPECT_LT(samples.size(), whole) << path;
    EXPECT_TRUE(reader.stats().truncated);
    EXPECT_TRUE(reader.stats().partial);
    EXPECT_FALSE(reader.stats().problems.empty());
    // What is given is right.
    for (const Sample& sample : samples) EXPECT_NEAR(sample.time_s - samples[0].time_s, sample.number / 15.0, 0.001);
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(), HasSubstr(path));
  }
}

TEST(CutFiles, ArePartialAtEveryLength) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 60, 15.0);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy {0}/a.mkv", base));
  FFMPEG(fmt::format("-i {0}/a.mp4 -c:v mpeg4 -q:v 2 -g 10 {0}/a.avi", base));
  FFMPEG(fmt::format("-i {0}/a.mp4 -f lavfi -i sine=duration=4 -c:v copy -c:a aac {0}/sound.mkv", base));
  for (const char* name : {"a.mp4", "a.mkv", "a.avi", "sound.mkv"}) {
    const std::string bytes = read_file(base + "/" + name);
    // Up to what follows the last frame: an index for seeking is no loss.
    const std::size_t end = bytes.size() * 9 / 10;
    for (int part = 1; part <= 30; ++part) {
      const std::string cut = fmt::format("{}/cut_{}", base, name);
      write_file(cut, bytes.substr(0, end * static_cast<std::size_t>(part) / 30));
      SCOPED_TRACE(fmt::format("{} cut at {}/30 of {}", name, part, end));
      expect_honest_about_cut(cut, 60);
    }
  }
}

TEST(CutFiles, AByteShortIsPartialToo) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 60, 15.0);
  const std::string bytes = read_file(base + "/a.mp4");
  write_file(base + "/cut.mp4", bytes.substr(0, bytes.size() - 1));
  expect_honest_about_cut(base + "/cut.mp4", 60);
}

TEST(CutFiles, BroadcastStreamsJustEnd) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 60, 15.0);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy {0}/a.ts", base));
  const std::string bytes = read_file(base + "/a.ts");
  for (int part = 1; part < 20; ++part) {
    write_file(base + "/cut.ts", bytes.substr(0, bytes.size() * static_cast<std::size_t>(part) / 20));
    try {
      const std::vector<Sample> samples = read_samples(base + "/cut.ts");
      EXPECT_LE(samples.size(), 60U);
    } catch (const BadData& error) {
      EXPECT_THAT(error.what(), HasSubstr("cut.ts"));
    }
  }
}

TEST(CutFiles, PartBeforeTheCutIsNotPartial) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 60, 15.0);
  const std::string bytes = read_file(base + "/a.mp4");
  write_file(base + "/cut.mp4", bytes.substr(0, bytes.size() - 500));
  VideoReader reader = VideoReader::open(base + "/cut.mp4", {.end_s = 0.5});
  EXPECT_EQ(read_samples(reader).size(), 8U);  // 0/15 .. 7/15
  EXPECT_FALSE(reader.stats().partial);
}

// Ten pictures as PNG in MOV, each on its own, with the headers of some destroyed.
std::string with_broken_pictures(const std::string& base, std::initializer_list<int> broken) {
  write_numbered_clip(base + "/a.mp4", 10, 10.0);
  EXPECT_TRUE(run_ffmpeg(fmt::format("-i {0}/a.mp4 -c:v png -pix_fmt rgb24 {0}/a.mov", base)));
  std::string bytes = read_file(base + "/a.mov");
  const std::string signature = "\x89PNG\r\n\x1a\n";
  int number = 0;
  for (std::size_t at = bytes.find(signature); at != std::string::npos; at = bytes.find(signature, at + 1), ++number) {
    if (std::find(broken.begin(), broken.end(), number) != broken.end()) bytes.replace(at, 32, 32, 'x');
  }
  EXPECT_EQ(number, 10);
  write_file(base + "/broken.mov", bytes);
  return base + "/broken.mov";
}

TEST(BadFrames, SkipCountsThemAndKeepsThePlaceOfTheOthers) {
  TemporaryDirectory directory;
  const std::string path = with_broken_pictures(directory.path(), {3, 4, 9});
  for (int threads : {1, 4}) {
    for (double fps : {0.0, 10.0}) {
      VideoReader reader = VideoReader::open(path, {.fps = fps, .threads = threads});
      const std::vector<Sample> samples = read_samples(reader);
      EXPECT_THAT(numbers_of(samples), ElementsAre(0, 1, 2, 5, 6, 7, 8));
      EXPECT_THAT(indices_of(samples), ElementsAre(0, 1, 2, 5, 6, 7, 8));
      for (const Sample& sample : samples) EXPECT_NEAR(sample.time_s, sample.number / 10.0, 1e-6);
      EXPECT_EQ(reader.stats().bad_packets, 3);
      EXPECT_EQ(reader.stats().bad_frames, 3);
      EXPECT_EQ(reader.stats().frames_decoded, 7);
      EXPECT_EQ(reader.stats().frames_out, 7);
      EXPECT_EQ(reader.stats().repeated, 0);
      EXPECT_FALSE(reader.stats().truncated);
    }
  }
}

TEST(BadFrames, SkippedSamplesAreCounted) {
  TemporaryDirectory directory;
  const std::string path = with_broken_pictures(directory.path(), {3, 4});
  VideoReader every = VideoReader::open(path);
  read_samples(every);
  EXPECT_EQ(every.stats().skipped, 2);
  // At 5 samples a second frames 0, 2, 4, 6, 8 are looked at, and only one of the broken ones.
  VideoReader some = VideoReader::open(path, {.fps = 5.0});
  EXPECT_THAT(numbers_of(read_samples(some)), ElementsAre(0, 2, 6, 8));
  EXPECT_EQ(some.stats().skipped, 1);
  EXPECT_EQ(some.stats().bad_frames, 2);
}

TEST(BadFrames, RepeatShowsTheLastGoodOne) {
  TemporaryDirectory directory;
  const std::string path = with_broken_pictures(directory.path(), {3, 4});
  VideoReader reader = VideoReader::open(path, {.bad_frames = BadFramePolicy::kRepeat});
  const std::vector<Sample> samples = read_samples(reader);
  EXPECT_THAT(numbers_of(samples), ElementsAre(0, 1, 2, 2, 2, 5, 6, 7, 8, 9));
  EXPECT_TRUE(samples[3].repeated);
  EXPECT_TRUE(samples[4].repeated);
  EXPECT_FALSE(samples[5].repeated);
  EXPECT_EQ(reader.stats().repeated, 2);
  EXPECT_EQ(reader.stats().skipped, 0);
}

TEST(BadFrames, StopEndsThere) {
  TemporaryDirectory directory;
  const std::string path = with_broken_pictures(directory.path(), {3});
  VideoReader reader = VideoReader::open(path, {.bad_frames = BadFramePolicy::kStop});
  EXPECT_THAT(numbers_of(read_samples(reader)), ElementsAre(0, 1, 2));
  EXPECT_TRUE(reader.stats().stopped);
  EXPECT_TRUE(reader.stats().partial);
}

TEST(BadFrames, NotASingleGoodOneIsAnError) {
  TemporaryDirectory directory;
  const std::string path = with_broken_pictures(directory.path(), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_THAT(open_error<BadData>(path), AllOf(HasSubstr("broken.mov"), HasSubstr("not a single frame")));
}

TEST(BadFrames, ProblemsAreBounded) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "a.mp4", 60, 15.0);
  std::string bytes = read_file(directory / "a.mp4");
  write_file(directory / "cut.mp4", bytes.substr(0, bytes.size() * 9 / 10));
  VideoReader reader = VideoReader::open(directory / "cut.mp4");
  read_samples(reader);
  EXPECT_LE(reader.stats().problems.size(), 16U);
}

// Whatever bits flip, reading ends, nothing crashes, and the samples given and left out add up.
TEST(FlippedBits, NeverCrashAndAlwaysAddUp) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  write_numbered_clip(base + "/a.mp4", 40, 20.0);
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy {0}/a.ts", base));
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy {0}/a.mkv", base));
  FFMPEG(fmt::format("-i {0}/a.mp4 -c:v mpeg4 -bf 2 {0}/a.avi", base));
  std::mt19937 random(20);
  int read_something = 0;
  for (const char* name : {"a.mp4", "a.ts", "a.mkv", "a.avi"}) {
    const std::string bytes = read_file(base + "/" + name);
    for (int trial = 0; trial < 40; ++trial) {
      std::string damaged = bytes;
      const int flips = 1 << (trial % 8);
      for (int i = 0; i < flips; ++i) damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      const std::string path = fmt::format("{}/damaged_{}", base, name);
      write_file(path, damaged);
      const auto policy = static_cast<BadFramePolicy>(trial % 3);
      try {
        VideoReader reader = VideoReader::open(path, {.bad_frames = policy, .threads = 1 + trial % 2});
        const std::vector<Sample> samples = read_samples(reader);
        const DecodeStats& stats = reader.stats();
        EXPECT_EQ(stats.frames_out, static_cast<std::int64_t>(samples.size()));
        EXPECT_LE(stats.repeated, stats.bad_frames);
        if (!samples.empty() && policy != BadFramePolicy::kStop) {
          EXPECT_GE(stats.frames_out + stats.skipped, samples.back().index + 1);
          ++read_something;
        }
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(path));
      }
    }
  }
  EXPECT_GT(read_something, 40);
}

TEST(FlippedBits, TheSameFileGivesTheSameTwice) {
  TemporaryDirectory directory;
  write_numbered_clip(directory / "a.mp4", 40, 20.0);
  std::string bytes = read_file(directory / "a.mp4");
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) bytes[bytes.size() / 2 + random() % (bytes.size() / 2)] ^= 16;
  write_file(directory / "damaged.mp4", bytes);
  VideoReader first = VideoReader::open(directory / "damaged.mp4");
  VideoReader second = VideoReader::open(directory / "damaged.mp4");
  Frame a;
  Frame b;
  while (first.read(a)) {
    ASSERT_TRUE(second.read(b));
    EXPECT_TRUE(a.image == b.image);
    EXPECT_EQ(a.index, b.index);
  }
  EXPECT_FALSE(second.read(b));
  EXPECT_TRUE(first.stats() == second.stats());
}

}  // namespace
}  // namespace longtake::media
