// Flow of videos: which pictures it is measured between, what the first frame gives, and that nothing depends on how
// the pictures come.
#include "data/flow_input.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "data/flow_video.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/clips.h"
#include "media/video_writer.h"

namespace longtake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kHeight = 48, kWidth = 64;

// A texture that has moved x pixels to the right.
Tensor texture(double moved) {
  Tensor picture(DType::kUint8, {kHeight, kWidth, 1});
  for (std::int64_t y = 0; y < kHeight; ++y) {
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const double s = static_cast<double>(x) - moved, t = static_cast<double>(y);
      const double value = 128 + 50 * std::sin(0.35 * s + 0.1 * t) + 45 * std::cos(0.3 * t - 0.12 * s);
      picture.data<std::uint8_t>()[y * kWidth + x] = static_cast<std::uint8_t>(std::lround(value));
    }
  }
  return picture;
}

Frame picture(std::int64_t index, double moved, double fps = 10) {
  return {.image = texture(moved), .time_s = static_cast<double>(index) / fps, .index = index};
}

// The mean of one channel in the middle of a coded picture.
double middle(const Tensor& coded, int channel) { return media::mean(coded, channel, 0.25, 0.25, 0.75, 0.75); }

InputSpec flow_spec() { return {.flow = "dis"}; }

TEST(FlowInput, BeginsWithTheSecondPicture) {
  FlowInput input(flow_spec());
  Frame flow;
  EXPECT_FALSE(input.push(picture(0, 0), flow));
  ASSERT_TRUE(input.push(picture(1, 2), flow));
  EXPECT_EQ(flow.index, 1);
  EXPECT_DOUBLE_EQ(flow.time_s, 0.1);
  EXPECT_EQ(flow.image.shape(), (Shape{kHeight, kWidth, 3}));
  // Two pixels to the right: 16 * 2 + 128; none down; the magnitude is the same.
  EXPECT_NEAR(middle(flow.image, 0), 160, 4);
  EXPECT_NEAR(middle(flow.image, 1), 128, 4);
  EXPECT_NEAR(middle(flow.image, 2), 160, 4);
}

TEST(FlowInput, ComesInTheColourOrderAndCodingOfTheSpec) {
  InputSpec spec = flow_spec();
  spec.colour = "bgr";
  spec.flow_coding = "snippets";
  FlowInput input(spec);
  Frame flow;
  input.push(picture(0, 0), flow);
  ASSERT_TRUE(input.push(picture(1, -2), flow));
  EXPECT_EQ(middle(flow.image, 0), 0);
  EXPECT_NEAR(middle(flow.image, 1), 127.5, 1);
  EXPECT_NEAR(middle(flow.image, 2), 127.5 - 2 * 255.0 / 80, 1);
}

// One frame a second, with the flow of the last fifteenth of it.
TEST(FlowInput, IsMeasuredFromThePictureOneFlowIntervalBefore) {
  InputSpec spec = flow_spec();
  spec.fps = 1;
  spec.flow_fps = 15;
  EXPECT_EQ(video_options(spec).fps, 15);
  FlowInput input(spec);
  Frame flow;
  std::vector<std::int64_t> indices;
  std::vector<double> times, motions;
  double moved = 0;
  for (std::int64_t i = 0; i <= 45; ++i) {
    // What moves, moves in the steps to the pictures 15 and 30; the step to 44 must not matter.
    moved += i == 15 ? 2 : i == 30 ? -3 : i == 44 ? 3 : 0;
    if (!input.push(picture(i, moved, 15), flow)) continue;
    indices.push_back(flow.index);
    times.push_back(flow.time_s);
    motions.push_back((middle(flow.image, 0) - 128) / 16);
  }
  EXPECT_THAT(indices, ElementsAre(1, 2, 3));
  EXPECT_THAT(times, ElementsAre(1, 2, 3));
  EXPECT_THAT(motions,
              ElementsAre(testing::DoubleNear(2, 0.3), testing::DoubleNear(-3, 0.4), testing::DoubleNear(0, 0.1)));
}

TEST(FlowInput, DividesTheMotionOverPicturesThatWereLost) {
  FlowInput input(flow_spec());
  Frame flow;
  input.push(picture(0, 0), flow);
  ASSERT_TRUE(input.push(picture(2, 3), flow));
  EXPECT_EQ(flow.index, 2);
  EXPECT_NEAR((middle(flow.image, 0) - 128) / 16, 1.5, 0.2);
}

TEST(FlowInput, GoesOnFromItsMemory) {
  FlowInput whole(flow_spec()), first(flow_spec());
  Frame expected, flow;
  for (int i = 0; i < 3; ++i) {
    whole.push(picture(i, i), expected);
    first.push(picture(i, i), flow);
  }
  ASSERT_TRUE(whole.push(picture(3, 5), expected));
  for (const std::int64_t index : {3, 0}) {  // the same reader, or one that begins anew
    FlowInput second(flow_spec());
    second.restore(first.memory());
    ASSERT_TRUE(second.push(picture(index, 5), flow));
    EXPECT_EQ(flow.image, expected.image);
    EXPECT_EQ(flow.index, 3);
  }
  FlowInput other(flow_spec());
  EXPECT_THROW(other.restore({Tensor(DType::kFloat32, {2, 2, 1}), 4}), InvalidArgument);
  EXPECT_THROW(other.restore({Tensor(DType::kUint8, {0, 0, 1}), 4}), InvalidArgument);
}

TEST(FlowInput, ForgetsWhatWasBeforeAReset) {
  FlowInput input(flow_spec());
  Frame flow;
  input.push(picture(0, 0), flow);
  input.reset();
  EXPECT_FALSE(input.push(picture(1, 2), flow));
  EXPECT_TRUE(input.push(picture(2, 2), flow));
  EXPECT_NEAR(middle(flow.image, 0), 128, 0.5);
}

TEST(FlowInput, RefusesSpecsThatMakeNoSense) {
  const auto complaint = [](InputSpec spec) {
    try {
      check_input(spec);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint(flow_spec()), "");
  EXPECT_EQ(complaint({.flow = "video"}), "");
  EXPECT_THAT(complaint({.flow = "brox"}), HasSubstr("\"brox\""));
  EXPECT_THAT(complaint({.flow = "dis", .flow_coding = "hsv"}), HasSubstr("\"hsv\""));
  EXPECT_THAT(complaint({.colour = "gray", .flow = "dis"}), HasSubstr("three channels"));
  EXPECT_THAT(complaint({.fps = 2, .flow = "dis", .flow_fps = 15}), HasSubstr("whole multiple"));
  EXPECT_THAT(complaint({.fps = 15, .flow = "dis", .flow_fps = 5}), HasSubstr("whole multiple"));
  EXPECT_THAT(complaint({.flow = "dis", .flow_fps = 15}), HasSubstr("whole multiple"));
}

TEST(CheckInput, RefusesACropThatNoFrameHolds) {
  const auto refuses = [](InputSpec spec, const char* resize) {
    spec.resize = resize;
    try {
      check_input(spec);
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr("crop of"));
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refuses({.width = 1, .height = 36, .crop_width = 32, .crop_height = 32}, "stretch"));
  EXPECT_TRUE(refuses({.width = 36, .height = 31, .crop_width = 32, .crop_height = 32}, "stretch"));
  EXPECT_TRUE(refuses({.width = 31, .crop_width = 32, .crop_height = 32}, "stretch"));
  EXPECT_FALSE(refuses({.width = 32, .height = 32, .crop_width = 32, .crop_height = 32}, "stretch"));
  EXPECT_FALSE(refuses({.crop_width = 32, .crop_height = 32}, "stretch"));  // depends on the video
  EXPECT_TRUE(refuses({.width = 40, .height = 31, .crop_width = 32, .crop_height = 32}, "shorter_side"));
  EXPECT_FALSE(refuses({.width = 32, .crop_width = 60, .crop_height = 32}, "shorter_side"));  // a wide video may do
}

class FlowOfFiles : public ::testing::Test {
 protected:
  DatasetItem video(int frames) const {
    DatasetItem item;
    item.path = directory_ / fmt::format("{}.mp4", frames);
    media::VideoWriter writer(item.path.string(), kWidth, kHeight, {.fps = 10});
    for (int i = 0; i < frames; ++i) writer.write(texture(1.5 * i));
    writer.finish();
    return item;
  }

  TemporaryDirectory directory_;
};

TEST_F(FlowOfFiles, AClipIsWhatAStreamGives) {
  const DatasetItem item = video(6);
  for (const double fps : {0.0, 5.0}) {
    InputSpec spec = flow_spec();
    spec.fps = fps;
    spec.flow_fps = 2 * fps;
    const Clip clip = read_clip_for(spec, item);
    EXPECT_EQ(clip.first_frame, 1);
    VideoReader reader = VideoReader::open(item.path.string(), video_options(spec));
    FlowInput input(spec);
    std::int64_t count = 0;
    for (Frame read, flow; reader.read(read);) {
      if (!input.push(read, flow)) continue;
      ASSERT_LT(count, clip.count());
      EXPECT_EQ(flow.time_s, clip.times_s[static_cast<std::size_t>(count)]);
      EXPECT_TRUE(std::equal(flow.image.raw(), flow.image.raw() + flow.image.bytes(),
                             clip.frames.raw() + static_cast<std::size_t>(count) * flow.image.bytes()));
      ++count;
    }
    EXPECT_EQ(clip.count(), count);
    EXPECT_EQ(count, fps == 0 ? 5 : 2);
  }
}

// Measured once and kept, or measured again: the model sees the same bytes at the same times.
TEST_F(FlowOfFiles, AreTheSameFromAVideoOfFlow) {
  const DatasetItem item = video(6);
  DatasetItem kept;
  kept.path = directory_ / "flow.mp4";
  const FlowVideo written =
      write_flow_video(item.path.string(), flow_spec(), kept.path.string(), 0, [] { return true; });
  EXPECT_EQ(written.frames, 5);
  const Clip measured = read_clip_for(flow_spec(), item);
  const Clip read = read_clip_for({.flow = "video"}, kept);
  EXPECT_EQ(read.frames, measured.frames);
  ASSERT_EQ(read.times_s.size(), 5);
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(read.times_s[i], measured.times_s[i], 1e-4);
}

TEST_F(FlowOfFiles, AreNotWrittenWhereThereIsNoneOrTheyAreStopped) {
  const std::string path = (directory_ / "flow.mp4").string();
  EXPECT_THROW(write_flow_video(video(1).path.string(), flow_spec(), path, 0, [] { return true; }), BadData);
  EXPECT_FALSE(std::filesystem::exists(path));
  int asked = 0;
  write_flow_video(video(6).path.string(), flow_spec(), path, 0, [&] { return ++asked < 4; });
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(FlowOfFiles, ASinglePictureIsAnErrorThatSaysSo) {
  const DatasetItem item = video(1);
  EXPECT_THAT([&] { read_clip_for(flow_spec(), item); },
              ThrowsMessage<BadData>(AllOf(HasSubstr("1.mp4"), HasSubstr("between pictures, and 1 is too few"))));
}

}  // namespace
}  // namespace longtake
