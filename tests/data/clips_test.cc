// What is decoded: from the input spec, checked before training, kept in memory, and what bad files lead to.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/temporary_directory.h"
#include "data/check.h"
#include "data/clip_cache.h"
#include "data/folders.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/clips.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

Tensor frame_of(const Clip& clip, std::int64_t index) {
  Tensor image(DType::kUint8, {clip.frames.size(1), clip.frames.size(2), clip.frames.size(3)});
  const std::byte* from = clip.frames.raw() + static_cast<std::size_t>(index) * image.bytes();
  std::copy(from, from + image.bytes(), image.raw());
  return image;
}

std::vector<int> numbers_of(const Clip& clip) {
  std::vector<int> numbers;
  for (std::int64_t i = 0; i < clip.count(); ++i) numbers.push_back(media::number_in(frame_of(clip, i)));
  return numbers;
}

TEST(VideoOptionsOfSpec, CarryRateSizeAndColour) {
  InputSpec spec;
  spec.fps = 12.5;
  spec.width = 320;
  spec.height = 240;
  spec.colour = "bgr";
  const VideoOptions options = video_options(spec);
  EXPECT_EQ(options.fps, 12.5);
  EXPECT_EQ(options.width, 320);
  EXPECT_EQ(options.height, 240);
  EXPECT_EQ(options.resize, ResizePolicy::kStretch);
  EXPECT_EQ(options.colour, ColourOrder::kBgr);
}

TEST(VideoOptionsOfSpec, ShorterSideIsTheSmallerSize) {
  InputSpec spec;
  spec.width = 320;
  spec.height = 240;
  spec.resize = "shorter_side";
  const VideoOptions options = video_options(spec);
  EXPECT_EQ(options.resize, ResizePolicy::kShorterSide);
  EXPECT_EQ(options.width, 240);
  EXPECT_EQ(options.height, 240);
}

TEST(VideoOptionsOfSpec, RefuseUnknownWords) {
  InputSpec spec;
  spec.colour = "rbg";
  EXPECT_THAT([&] { video_options(spec); }, ThrowsMessage<InvalidArgument>(HasSubstr("\"rbg\"")));
  spec = {};
  spec.resize = "crop";
  EXPECT_THAT([&] { video_options(spec); }, ThrowsMessage<InvalidArgument>(HasSubstr("\"crop\"")));
  spec = {};
  spec.kind = "tensor";
  EXPECT_THROW(video_options(spec), InvalidArgument);
  spec = {};
  spec.width = -1;
  EXPECT_THROW(video_options(spec), InvalidArgument);
}

// Four good clips of 4, 5, 6 and 7 frames in two classes, and bad ones on demand.
class ClipsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(directory_ / "a");
    std::filesystem::create_directories(directory_ / "b");
    for (int i = 0; i < 4; ++i) {
      media::write_numbered_clip(path(i < 2 ? "a" : "b", i), 4 + i, 10);
    }
  }

  std::string path(const std::string& label, int number) const {
    return (directory_ / label / fmt::format("{}.mp4", number)).string();
  }
  Dataset dataset() const { return read_class_folders(real_files(), directory_.path()); }

  void add_truncated(const std::string& label, int number) {
    media::write_numbered_clip(path(label, number), 60, 10);
    // The index at the front, so that the frames are what is cut off.
    const std::string fast = path(label, number) + ".fast.mp4";
    ASSERT_TRUE(media::run_ffmpeg(fmt::format("-i {} -c copy -movflags +faststart {}", path(label, number), fast)));
    const std::string bytes = media::read_file(fast);
    media::write_file(path(label, number), bytes.substr(0, bytes.size() * 2 / 3));
    std::filesystem::remove(fast);
  }

  TemporaryDirectory directory_;
  InputSpec spec_;
  ThreadPool threads_{2};
};

TEST_F(ClipsTest, ReadClipStacksAllFrames) {
  const Clip clip = read_clip(dataset().items[1], video_options(spec_));
  EXPECT_EQ(clip.frames.shape(), (Shape{5, 48, 64, 3}));
  EXPECT_THAT(numbers_of(clip), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(ClipsTest, ReadClipKeepsToItsPart) {
  DatasetItem item = dataset().items[3];
  item.start_s = 0.2;
  item.end_s = 0.5;
  const Clip clip = read_clip(item, video_options(spec_));
  EXPECT_THAT(numbers_of(clip), ElementsAre(2, 3, 4));
  EXPECT_NEAR(clip.first_time_s, 0.2, 1e-3);
  item.start_s = 5;
  item.end_s = 6;
  EXPECT_THAT([&] { read_clip(item, video_options(spec_)); }, ThrowsMessage<BadData>(HasSubstr(item.path.string())));
}

TEST_F(ClipsTest, ReadClipRefusesWhatDoesNotFitIntoMemory) {
  const DatasetItem item = dataset().items[3];  // 7 frames of 64 x 48 x 3 bytes
  EXPECT_NO_THROW(read_clip(item, video_options(spec_), 7 * 9216));
  EXPECT_THAT([&] { read_clip(item, video_options(spec_), 7 * 9216 - 1); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr(item.path.string()), HasSubstr("shorter parts"))));
}

TEST_F(ClipsTest, CheckFindsEveryBadFileAndSaysWhy) {
  media::write_file(path("a", 5), "");
  media::write_file(path("a", 6), "this is no video at all, but it is called like one");
  add_truncated("b", 7);
  Dataset listed = dataset();
  listed.items.push_back(listed.items[0]);
  listed.items.back().id = "missing";
  listed.items.back().path = directory_ / "gone.mp4";
  listed.items.push_back(listed.items[0]);
  listed.items.back().id = "beyond";
  listed.items.back().start_s = 100;

  const CheckReport report = check(listed, {}, threads_);
  EXPECT_EQ(report.readable, 4);
  EXPECT_EQ(report.partial, 1);
  EXPECT_EQ(report.unreadable, 4);
  EXPECT_FALSE(report.all_readable());
  std::vector<std::string> ids;
  for (const CheckedItem& problem : report.problems()) {
    ids.push_back(problem.id);
    EXPECT_THAT(problem.reason, HasSubstr(problem.path));
    EXPECT_GT(problem.reason.size(), problem.path.size() + 5);
  }
  EXPECT_THAT(ids, ElementsAre("a/5.mp4", "a/6.mp4", "b/7.mp4", "missing", "beyond"));
}

TEST_F(ClipsTest, CheckFindsPartsThatGoBeyondTheVideo) {
  const DatasetItem whole = dataset().items[3];  // 7 frames at 10 per second
  Dataset listed;
  for (const auto& [start_s, end_s] :
       std::vector<std::pair<double, double>>{{0.5, 99}, {0.5, 0.7}, {0, 0.71}, {5, 9}}) {
    listed.items.push_back(whole);
    listed.items.back().start_s = start_s;
    listed.items.back().end_s = end_s;
  }
  for (const bool quick : {false, true}) {
    const CheckReport report = check(listed, {.first_frame_only = quick}, threads_);
    EXPECT_EQ(report.items[0].state, FileState::kPartial);
    EXPECT_THAT(report.items[0].reason,
                AllOf(HasSubstr(whole.path.string()), HasSubstr("from 0.5 s to 99 s"), HasSubstr("ends at 0.70 s")));
    EXPECT_EQ(report.items[1].state, FileState::kReadable) << report.items[1].reason;
    EXPECT_EQ(report.items[2].state, FileState::kReadable) << report.items[2].reason;
    EXPECT_EQ(report.items[3].state, FileState::kUnreadable);
    EXPECT_THAT(report.items[3].reason, AllOf(HasSubstr("from 5 s to 9 s"), HasSubstr("to 0.7 s")));
  }
}

TEST_F(ClipsTest, CheckOfTheFirstFrameMissesDamageFurtherIn) {
  media::write_file(path("a", 5), "");
  add_truncated("b", 7);
  const CheckReport report = check(dataset(), {.first_frame_only = true}, threads_);
  EXPECT_EQ(report.unreadable, 1);
  EXPECT_EQ(report.partial, 0);
  EXPECT_EQ(report.items.back().frames, 1);
}

// 7 frames at 10 per second are one picture at 1 per second: nothing to measure motion from.
TEST_F(ClipsTest, CheckAsksForThePicturesThatFlowIsMeasuredBetween) {
  Dataset listed;
  listed.items.push_back(dataset().items[3]);
  for (const bool quick : {false, true}) {
    const CheckReport few = check(listed, {.first_frame_only = quick, .flow_fps = 1, .fewest_pictures = 2}, threads_);
    EXPECT_EQ(few.unreadable, 1);
    EXPECT_THAT(few.items[0].reason, AllOf(HasSubstr(few.items[0].path), HasSubstr("1 is too few")));
    EXPECT_EQ(check(listed, {.first_frame_only = quick, .fewest_pictures = 2}, threads_).readable, 1);
  }
}

TEST_F(ClipsTest, CheckOfGoodFilesHasNoProblems) {
  const CheckReport report = check(dataset(), {}, threads_);
  EXPECT_TRUE(report.all_readable());
  EXPECT_TRUE(report.problems().empty());
  EXPECT_EQ(report.items[3].frames, 7);
}

TEST_F(ClipsTest, CacheGivesWhatReadClipGivesWhateverTheBudgetAndThreads) {
  const std::int64_t frame_bytes = std::int64_t{48} * 64 * 3;
  for (const std::int64_t budget : {std::int64_t{0}, 10 * frame_bytes, 100 * frame_bytes}) {
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      ClipCache cache(dataset(), spec_, {.byte_budget = budget}, pool);
      for (int round = 0; round < 2; ++round) {
        const std::vector<std::int64_t> items{3, 0, 3, 2};
        const auto clips = cache.get(items);
        ASSERT_EQ(clips.size(), items.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
          const DatasetItem& item = cache.dataset().items[static_cast<std::size_t>(items[i])];
          EXPECT_EQ(clips[i]->frames, read_clip(item, video_options(spec_)).frames);
        }
        EXPECT_LE(cache.bytes_kept(), budget);
      }
      // Of clips with 7, 4 and 6 frames, all are kept, or the 7 alone beside which no other fits, or none.
      EXPECT_EQ(cache.clips_kept(), budget == 0 ? 0 : budget == 10 * frame_bytes ? 1 : 3);
    }
  }
}

TEST_F(ClipsTest, CacheDecodesAKeptFileOnce) {
  ClipCache cache(dataset(), spec_, {}, threads_);
  const auto first = cache.get(1);
  std::filesystem::remove(cache.dataset().items[1].path);
  EXPECT_EQ(cache.get(1), first);
}

TEST_F(ClipsTest, CacheFollowsTheSpec) {
  spec_.fps = 5;
  spec_.width = 32;
  spec_.height = 24;
  spec_.colour = "gray";
  ClipCache cache(dataset(), spec_, {}, threads_);
  const auto clip = cache.get(0);  // 4 frames at 10 fps
  EXPECT_EQ(clip->frames.shape(), (Shape{2, 24, 32, 1}));
  EXPECT_THAT(numbers_of(*clip), ElementsAre(0, 2));
}

TEST_F(ClipsTest, CacheStopsAtBadFilesByDefault) {
  media::write_file(path("a", 5), "");
  add_truncated("b", 7);
  ClipCache cache(dataset(), spec_, {}, threads_);  // a/0 a/1 a/5 b/2 b/3 b/7
  EXPECT_THAT([&] { cache.get(2); }, ThrowsMessage<Error>(HasSubstr(path("a", 5))));
  EXPECT_THAT([&] { cache.get(5); }, ThrowsMessage<BadData>(HasSubstr(path("b", 7))));
  EXPECT_THROW(cache.get(6), InvalidArgument);
  EXPECT_THROW(cache.get(-1), InvalidArgument);
  EXPECT_NE(cache.get(0), nullptr);
}

TEST_F(ClipsTest, CacheSkipsAndCountsBadFilesWhenAsked) {
  media::write_file(path("a", 5), "");
  add_truncated("b", 7);
  for (const std::int64_t budget : {std::int64_t{0}, std::int64_t{1} << 30}) {
    ClipCache cache(dataset(), spec_, {.byte_budget = budget, .bad_files = BadFiles::kSkip}, threads_);
    for (int round = 0; round < 2; ++round) {
      const auto clips = cache.get(std::vector<std::int64_t>{5, 2, 0});
      ASSERT_NE(clips[0], nullptr);
      EXPECT_GT(clips[0]->count(), 0);
      EXPECT_LT(clips[0]->count(), 60);
      EXPECT_EQ(clips[1], nullptr);
      EXPECT_NE(clips[2], nullptr);
    }
    const BadFileReport report = cache.bad_files();
    EXPECT_EQ(report.skipped, 1);
    EXPECT_EQ(report.partial, 1);
    ASSERT_EQ(report.problems.size(), 2U);
    EXPECT_EQ(report.problems[0].id, "a/5.mp4");
    EXPECT_TRUE(report.problems[0].skipped);
    EXPECT_THAT(report.problems[1].reason, HasSubstr(path("b", 7)));
  }
}

TEST(RealRecordings, LipsSplitBySpeakerAndDecode) {
  REQUIRE_DATA("lips/words");
  const Dataset dataset = read_class_folders(real_files(), media::data_path("lips/words"));
  EXPECT_EQ(dataset.labels.size(), 10U);
  EXPECT_EQ(dataset.items.size(), 700U);
  ThreadPool threads(2);
  InputSpec spec;
  spec.fps = 15;
  spec.colour = "gray";
  Dataset few = dataset;
  few.items.resize(6);
  ClipCache cache(few, spec, {}, threads);
  for (const auto& clip : cache.get(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5})) {
    EXPECT_GE(clip->count(), 4);
    EXPECT_LE(clip->count(), 27);
    EXPECT_EQ(clip->frames.size(1), 80);
    EXPECT_EQ(clip->frames.size(2), 112);
  }
}

}  // namespace
}  // namespace longtake
