// Sampled reading leaves out what no sample shows, and gives the same bits as reading every frame.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "longtake/error.h"
#include "longtake/video_reader.h"
#include "media/clips.h"

namespace longtake::media {
namespace {

constexpr int kSide = 32;

std::vector<Frame> rest_of(VideoReader& reader) {
  std::vector<Frame> frames;
  for (Frame frame; reader.read(frame);) frames.push_back(frame);
  return frames;
}

void expect_equal(const std::vector<Frame>& some, const std::vector<Frame>& all) {
  ASSERT_EQ(some.size(), all.size());
  for (std::size_t i = 0; i < some.size(); ++i) {
    ASSERT_EQ(some[i].index, all[i].index);
    ASSERT_EQ(some[i].time_s, all[i].time_s);
    ASSERT_EQ(some[i].shown_since_s, all[i].shown_since_s) << "sample " << i;
    ASSERT_TRUE(some[i].image == all[i].image) << "sample " << i;
  }
}

// How many pictures were decoded, leaving out some and not.
struct Decoded {
  std::int64_t some = 0;
  std::int64_t all = 0;
};

VideoOptions all_of(VideoOptions options) {
  options.decode_all = true;
  return options;
}

Decoded expect_same_samples(const std::string& path, VideoOptions options) {
  SCOPED_TRACE(fmt::format("{} at {} fps from {} to {}", path, options.fps, options.start_s.value_or(-1.0),
                           options.end_s.value_or(-1.0)));
  options.width = options.height = kSide;
  VideoReader every = VideoReader::open(path, all_of(options));
  VideoReader reader = VideoReader::open(path, options);
  expect_equal(rest_of(reader), rest_of(every));
  DecodeStats stats = reader.stats();
  stats.frames_decoded = every.stats().frames_decoded;
  EXPECT_TRUE(stats == every.stats());
  EXPECT_TRUE(stats.problems.empty()) << stats.problems.front();
  return {reader.stats().frames_decoded, every.stats().frames_decoded};
}

// What sampled reading of a file that may be damaged comes to.
struct Outcome {
  std::vector<Frame> frames;
  DecodeStats stats;
  bool failed = false;
};

Outcome outcome_of(const std::string& path, VideoOptions options) {
  options.width = options.height = kSide;
  Outcome outcome;
  try {
    VideoReader reader = VideoReader::open(path, options);
    outcome.frames = rest_of(reader);
    outcome.stats = reader.stats();
  } catch (const Error&) {
    outcome.failed = true;
  }
  return outcome;
}

struct Coding {
  const char* name;
  const char* arguments;
  const char* container;
  int most_at_1_fps;  // pictures decoded of 300 that are 12 s
};

void PrintTo(const Coding& coding, std::ostream* out) { *out << coding.name; }

class SampledCodings : public testing::TestWithParam<Coding> {};

// 300 pictures, no two of which are alike.
constexpr const char* kSource = "-f lavfi -i testsrc2=size=96x64:rate=25:duration=12,noise=alls=20:allf=t";

TEST_P(SampledCodings, EqualReadingEveryFrame) {
  const Coding& coding = GetParam();
  TemporaryDirectory directory;
  const std::string path = directory / fmt::format("a.{}", coding.container);
  FFMPEG(fmt::format("{} -pix_fmt yuv420p {} {}", kSource, coding.arguments, path));
  const double begin_s = probe(path).start_s;
  for (const double fps : {1.0, 0.5, 3.0, 12.5, 40.0, 0.01}) {
    const Decoded decoded = expect_same_samples(path, {.fps = fps});
    EXPECT_LE(decoded.some, decoded.all + 10) << fps;  // where a key frame turned out not to be one
    if (fps == 1.0) {
      EXPECT_LE(decoded.some, coding.most_at_1_fps);
    }
    expect_same_samples(path, {.fps = fps, .start_s = begin_s + 3.26, .end_s = begin_s + 8.0});
    if (fps >= 12.5) continue;
    expect_same_samples(path, {.fps = fps, .start_s = begin_s + 4.0});
    expect_same_samples(path, {.fps = fps, .end_s = begin_s + 5.5, .threads = 3});
  }
  VideoOptions options{.fps = 2.0, .width = kSide, .height = kSide};
  VideoReader reader = VideoReader::open(path, options);
  VideoReader every = VideoReader::open(path, all_of(options));
  for (const double time_s : {7.0, 2.5, 0.0, 11.0, 6.33}) {
    SCOPED_TRACE(time_s);
    reader.seek(begin_s + time_s);
    every.seek(begin_s + time_s);
    expect_equal(rest_of(reader), rest_of(every));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SampledCodings,
    testing::Values(
        Coding{"H264Closed", "-c:v libx264 -g 25 -bf 3", "mp4", 70},
        Coding{"H264ClosedMkv", "-c:v libx264 -g 25 -bf 3", "mkv", 70},
        Coding{"H264Fragmented", "-c:v libx264 -g 25 -bf 3 -movflags frag_keyframe+empty_moov", "mp4", 70},
        Coding{"H264Open",
               "-c:v libx264 -x264-params "
               "open-gop=1:keyint=25:min-keyint=25:scenecut=0:bframes=3:b-pyramid=normal:b-adapt=0",
               "mp4", 120},
        Coding{"H264OpenMkv", "-c:v libx264 -x264-params open-gop=1:keyint=30:bframes=5:b-adapt=0:ref=5", "mkv", 300},
        Coding{"H264Long", "-c:v libx264 -g 250 -bf 3", "mp4", 260},
        Coding{"H264NoB", "-c:v libx264 -g 25 -bf 0", "mp4", 70},
        Coding{"H264IntraRefresh", "-c:v libx264 -x264-params intra-refresh=1:keyint=25", "mp4", 700},
        Coding{"H264Interlaced", "-c:v libx264 -g 25 -bf 2 -flags +ildct+ilme", "mp4", 80},
        Coding{"H264Avi", "-c:v libx264 -g 25 -bf 0", "avi", 300},
        Coding{"H264Ts", "-c:v libx264 -g 25 -bf 3", "ts", 300},
        Coding{"HevcOpen", "-c:v libx265 -x265-params keyint=25:open-gop=1:bframes=4:log-level=none", "mp4", 150},
        Coding{"HevcClosed", "-c:v libx265 -x265-params keyint=25:open-gop=0:bframes=4:log-level=none", "mkv", 70},
        Coding{"Mpeg4", "-c:v mpeg4 -g 12 -bf 2 -q:v 3", "mp4", 150},
        Coding{"Mpeg4Mkv", "-c:v mpeg4 -g 25 -q:v 3", "mkv", 70},
        Coding{"Mpeg4Avi", "-c:v mpeg4 -g 25 -q:v 3", "avi", 70},
        Coding{"Mpeg4AviB", "-c:v mpeg4 -g 25 -bf 2 -q:v 3", "avi", 300},
        Coding{"Mpeg2", "-c:v mpeg2video -g 15 -bf 2 -q:v 3", "mp4", 150},
        Coding{"Mpeg2Mkv", "-c:v mpeg2video -g 25 -bf 2 -flags +ildct+ilme -q:v 3", "mkv", 150},
        Coding{"Vp9", "-c:v libvpx-vp9 -g 25 -b:v 200k -cpu-used 8 -deadline realtime", "webm", 70},
        Coding{"Vp9AltRef",
               "-c:v libvpx-vp9 -g 25 -lag-in-frames 16 -auto-alt-ref 1 -b:v 200k -cpu-used 5 -deadline good", "mkv",
               70},
        Coding{"Vp8AltRef", "-c:v libvpx -g 25 -lag-in-frames 16 -auto-alt-ref 1 -b:v 200k -cpu-used 5 -deadline good",
               "webm", 80},
        Coding{"Av1", "-c:v libsvtav1 -preset 12 -g 25", "mp4", 70}, Coding{"Mjpeg", "-c:v mjpeg -q:v 4", "avi", 20},
        Coding{"Ffv1", "-c:v ffv1 -g 1", "mkv", 300}),
    [](const testing::TestParamInfo<Coding>& info) { return std::string(info.param.name); });

TEST(SampledReading, OfVariableRateAndOfAPartOfAFile) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  const std::string source = fmt::format("{} -pix_fmt yuv420p -c:v libx264 -g 20 -bf 3", kSource);
  FFMPEG(fmt::format("{} -vf \"select='gt(mod(n*n,7),2)*lt(mod(n,100),70)'\" -vsync vfr {}/vfr.mp4", source, base));
  FFMPEG(fmt::format("{} {}/a.mp4", source, base));
  FFMPEG(fmt::format("-ss 1.3 -i {0}/a.mp4 -c copy {0}/part.mp4", base));  // with an edit list
  FFMPEG(fmt::format("-i {0}/a.mp4 -c copy -output_ts_offset 7 {0}/late.mkv", base));
  for (const char* name : {"vfr.mp4", "part.mp4", "late.mkv"}) {
    for (const double fps : {1.0, 0.4, 2.5, 9.0}) {
      expect_same_samples(fmt::format("{}/{}", base, name), {.fps = fps});
      expect_same_samples(fmt::format("{}/{}", base, name), {.fps = fps, .start_s = 8.21, .end_s = 11.0});
    }
  }
}

TEST(SampledReading, OfRealFiles) {
  REQUIRE_DATA("video/nasa_13013.mp4");
  for (const char* name : {"nasa_13013.mp4", "demo.mp4", "cockatoo.mp4", "test.avi"}) {
    for (const double fps : {1.0, 0.3, 4.0}) {
      const std::string path = data_path(fmt::format("video/{}", name));
      expect_same_samples(path, {.fps = fps});
      expect_same_samples(path, {.fps = fps, .start_s = 3.21, .end_s = 6.0});
    }
  }
}

// A key frame that cannot be decoded alone, after pictures that were left out.
TEST(SampledReading, OfFilesWhoseKeyFramesAreNone) {
  TemporaryDirectory directory;
  const std::string path = directory / "a.mp4";
  FFMPEG(fmt::format("{} -pix_fmt yuv420p -c:v libx264 -x264-params intra-refresh=1:keyint=25 {}", kSource, path));
  const Decoded decoded = expect_same_samples(path, {.fps = 0.5});
  EXPECT_GE(decoded.some, decoded.all);
}

// 100 pictures of 4 s, each on its own; some are damaged.
std::string with_damage(const std::string& base, std::initializer_list<int> broken) {
  EXPECT_TRUE(run_ffmpeg(fmt::format("{} -t 4 -c:v png -pix_fmt rgb24 {}/a.mov", kSource, base)));
  std::string bytes = read_file(base + "/a.mov");
  const std::string signature = "\x89PNG\r\n\x1a\n";
  std::size_t at = bytes.find(signature);
  for (int i = 0; at != std::string::npos; at = bytes.find(signature, at + 1), ++i) {
    if (std::find(broken.begin(), broken.end(), i) != broken.end()) bytes.replace(at, 32, 32, 'x');
  }
  write_file(base + "/broken.mov", bytes);
  return base + "/broken.mov";
}

TEST(SampledReading, CountsNoDamageThatNoSampleShows) {
  TemporaryDirectory directory;
  const std::string path = with_damage(directory.path(), {30, 57});
  const Outcome some = outcome_of(path, {.fps = 1.0});
  EXPECT_EQ(some.stats.bad_frames, 0);
  EXPECT_EQ(some.stats.bad_packets, 0);
  EXPECT_LT(some.stats.frames_decoded, 10);
  const Outcome all = outcome_of(path, {.fps = 1.0, .decode_all = true});
  EXPECT_EQ(all.stats.bad_frames, 2);
  EXPECT_EQ(all.stats.frames_decoded, 98);
  expect_equal(some.frames, all.frames);
}

TEST(SampledReading, ReadsWhatItLeftOutWhereAKeyFrameIsDamaged) {
  TemporaryDirectory directory;
  const std::string path = with_damage(directory.path(), {30, 50});  // the latter is shown at 2 s
  for (const BadFramePolicy policy : {BadFramePolicy::kSkip, BadFramePolicy::kRepeat, BadFramePolicy::kStop}) {
    const VideoOptions options{.fps = 1.0, .bad_frames = policy};
    const Outcome some = outcome_of(path, options);
    const Outcome all = outcome_of(path, all_of(options));
    expect_equal(some.frames, all.frames);
    EXPECT_EQ(some.frames.size(), policy == BadFramePolicy::kSkip ? 3U : policy == BadFramePolicy::kRepeat ? 4U : 2U);
    EXPECT_EQ(some.stats.bad_frames, 2);
    EXPECT_EQ(some.stats.skipped, all.stats.skipped);
    EXPECT_EQ(some.stats.repeated, all.stats.repeated);
  }
}

TEST(SampledReading, OfDamagedFilesGivesTheSameSamples) {
  TemporaryDirectory directory;
  const std::string base = directory.path();
  const std::string source = fmt::format("{} -t 6 -pix_fmt yuv420p", kSource);
  FFMPEG(fmt::format("{} -c:v libx264 -g 25 -bf 3 {}/h264.mp4", source, base));
  FFMPEG(fmt::format("{} -c:v libx264 -g 10 -x264-params open-gop=1 {}/open.mkv", source, base));
  FFMPEG(fmt::format("{} -c:v libx265 -x265-params keyint=12:log-level=none {}/hevc.mp4", source, base));
  FFMPEG(fmt::format("{} -c:v mpeg4 -g 12 -bf 2 -q:v 3 {}/mpeg4.mp4", source, base));
  FFMPEG(fmt::format("{} -c:v mpeg4 -g 12 -q:v 3 {}/mpeg4.avi", source, base));
  FFMPEG(fmt::format("{} -c:v mpeg2video -g 12 -bf 2 -q:v 3 {}/mpeg2.mkv", source, base));
  FFMPEG(fmt::format("{} -c:v libvpx-vp9 -g 12 -b:v 200k -cpu-used 8 -deadline realtime {}/vp9.webm", source, base));
  std::mt19937 random(7);
  int left_out = 0;
  for (const char* name : {"h264.mp4", "open.mkv", "hevc.mp4", "mpeg4.mp4", "mpeg4.avi", "mpeg2.mkv", "vp9.webm"}) {
    const std::string bytes = read_file(fmt::format("{}/{}", base, name));
    for (int trial = 0; trial < 24; ++trial) {
      SCOPED_TRACE(fmt::format("{} trial {}", name, trial));
      std::string damaged = bytes;
      if (trial % 6 == 5) damaged.resize(bytes.size() / 3 + random() % (bytes.size() * 2 / 3));
      for (int i = 0; i < 1 << trial % 6; ++i)
        damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      const std::string path = fmt::format("{}/damaged_{}", base, name);
      write_file(path, damaged);
      const auto policy = static_cast<BadFramePolicy>(trial % 3);
      const VideoOptions options{.fps = trial % 2 == 0 ? 1.0 : 3.0, .bad_frames = policy};
      const Outcome some = outcome_of(path, options);
      const Outcome all = outcome_of(path, all_of(options));
      ASSERT_EQ(some.failed, all.failed);
      ASSERT_EQ(some.frames.size(), all.frames.size());
      for (std::size_t i = 0; i < all.frames.size(); ++i) {
        ASSERT_EQ(some.frames[i].index, all.frames[i].index);
        ASSERT_EQ(some.frames[i].shown_since_s, all.frames[i].shown_since_s);
        // After damage a decoder conceals with what it has.
        const bool damage = some.stats.bad_frames + some.stats.bad_packets > 0;
        ASSERT_TRUE(damage || some.frames[i].image == all.frames[i].image) << "sample " << i;
      }
      EXPECT_EQ(some.stats.skipped, all.stats.skipped);
      EXPECT_EQ(some.stats.stopped, all.stats.stopped);
      EXPECT_EQ(some.stats.truncated, all.stats.truncated);
      EXPECT_EQ(some.stats.partial, all.stats.partial);
      if (some.stats.frames_decoded < all.stats.frames_decoded) ++left_out;
    }
  }
  EXPECT_GT(left_out, 50);
}

}  // namespace
}  // namespace longtake::media
