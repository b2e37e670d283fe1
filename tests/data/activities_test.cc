// The generated dense set: what goes on in its scenes, and what is written.
#include "data/activities.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <set>

#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "data/activity_scene.h"
#include "data/check.h"
#include "data/multithumos.h"
#include "data/video_input.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::Each;
using testing::Gt;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kFrames = 300;
constexpr double kRate = 10;

// What changed from one frame to the next, the short way round: across, down, angle and size.
std::array<double, 4> change(const SpritePose& from, const SpritePose& to) {
  const auto shortest = [](double value, double period) { return value - period * std::round(value / period); };
  return {shortest(to.x - from.x, 1), shortest(to.y - from.y, 1), shortest(to.angle - from.angle, 2 * std::numbers::pi),
          shortest(to.size - from.size, 1)};
}

// The motion that changes quantity `kind` upwards or downwards.
std::int64_t motion_of(int kind, bool rises) {
  constexpr bool kFirstRises[] = {false, false, true, true};  // left, up, clockwise, approach come first of their kinds
  return 2 * kind + (rises == kFirstRises[kind] ? 0 : 1);
}

TEST(ActivityScene, SpritesMoveAsTheirSpansSayAndRestOtherwise) {
  for (std::uint64_t number = 0; number < 20; ++number) {
    const ActivityScene scene(kFrames, kRate, Random(7, number));
    ASSERT_GE(scene.sprites(), 2U);
    for (std::size_t sprite = 0; sprite < scene.sprites(); ++sprite) {
      for (std::int64_t frame = 0; frame + 1 < kFrames; ++frame) {
        std::set<std::int64_t> expected;
        for (const FrameSpan& span : scene.spans(sprite)) {
          if (span.label < 8 && span.begin <= frame && frame < span.end) expected.insert(span.label);
        }
        std::set<std::int64_t> seen;
        const auto changes = change(scene.pose(sprite, frame), scene.pose(sprite, frame + 1));
        for (int kind = 0; kind < 4; ++kind) {
          if (std::abs(changes[kind]) > 1e-9) seen.insert(motion_of(kind, changes[kind] > 0));
        }
        EXPECT_EQ(seen, expected) << number << " " << sprite << " " << frame;
      }
    }
  }
}

// A pair spans two opposite motions that meet; and no two motions of a sprite meet without a pair, so that the plain
// ones differ from it in what comes before and after.
TEST(ActivityScene, OrderedPairsAreTwoMotionsThatMeet) {
  std::array<int, 4> pairs{};
  for (std::uint64_t number = 0; number < 40; ++number) {
    const ActivityScene scene(kFrames, kRate, Random(8, number));
    for (std::size_t sprite = 0; sprite < scene.sprites(); ++sprite) {
      std::set<std::int64_t> meetings;
      for (const FrameSpan& first : scene.spans(sprite)) {
        for (const FrameSpan& second : scene.spans(sprite)) {
          const bool opposite = first.label < 8 && second.label < 8 && first.label / 2 == second.label / 2;
          if (opposite && first.end == second.begin) meetings.insert(first.end);
        }
      }
      std::set<std::int64_t> within;
      for (const FrameSpan& span : scene.spans(sprite)) {
        if (span.label < 8) continue;
        ++pairs[span.label - 8];
        const OrderedPair& pair = kOrderedPairs[span.label - 8];
        int parts = 0;
        for (const FrameSpan& part : scene.spans(sprite)) {
          if (part.label == static_cast<std::int64_t>(pair.first) && part.begin == span.begin) {
            ++parts;
            within.insert(part.end);
          }
          if (part.label == static_cast<std::int64_t>(pair.second) && part.end == span.end) ++parts;
        }
        EXPECT_EQ(parts, 2);
      }
      EXPECT_EQ(meetings, within);
    }
  }
  EXPECT_THAT(pairs, Each(Gt(20)));
}

TEST(ActivityScene, IntervalsOfAClassAreWhatAnySpriteDoes) {
  for (std::uint64_t number = 0; number < 10; ++number) {
    const ActivityScene scene(kFrames, kRate, Random(9, number));
    std::vector<double> times;
    for (std::int64_t frame = 0; frame < kFrames; ++frame) times.push_back(static_cast<double>(frame) / kRate);
    const Tensor targets = rasterise(scene.intervals(), frame_centres(times, kRate), 12);
    Tensor expected(DType::kUint8, {kFrames, 12});
    for (std::size_t sprite = 0; sprite < scene.sprites(); ++sprite) {
      for (const FrameSpan& span : scene.spans(sprite)) {
        for (std::int64_t frame = span.begin; frame < span.end; ++frame) {
          expected.data<std::uint8_t>()[frame * 12 + span.label] = 1;
        }
      }
    }
    EXPECT_TRUE(std::ranges::equal(targets.data<std::uint8_t>(), expected.data<std::uint8_t>())) << number;
  }
}

TEST(ActivityScene, SeveralClassesOverlapAndNoneIsRare) {
  std::array<double, 12> share{};
  double labels = 0, several = 0;
  constexpr int kScenes = 100;
  for (std::uint64_t number = 0; number < kScenes; ++number) {
    const ActivityScene scene(kFrames, kRate, Random(10, number));
    std::vector<std::set<std::int64_t>> at(kFrames);
    for (std::size_t sprite = 0; sprite < scene.sprites(); ++sprite) {
      for (const FrameSpan& span : scene.spans(sprite)) {
        for (std::int64_t frame = span.begin; frame < span.end; ++frame) at[frame].insert(span.label);
      }
    }
    for (const auto& present : at) {
      labels += static_cast<double>(present.size());
      several += present.size() > 1 ? 1 : 0;
      for (const std::int64_t label : present) share[label] += 1.0 / (kScenes * kFrames);
    }
  }
  EXPECT_GT(labels / (kScenes * kFrames), 1.5);
  EXPECT_GT(several / (kScenes * kFrames), 0.5);
  EXPECT_THAT(share, Each(Gt(0.05)));
}

// As for the motions: the mean of what is spread evenly over [0, 1) is 1/2, at every frame. Five standard deviations.
TEST(ActivityScene, SinglePosesAreSpreadAlikeAtAllFrames) {
  constexpr int kScenes = 1500;
  for (const std::int64_t frame : {0, 80, 299}) {
    double x = 0, y = 0, size = 0;
    for (std::uint64_t number = 0; number < kScenes; ++number) {
      const SpritePose pose = ActivityScene(kFrames, kRate, Random(11, number)).pose(0, frame);
      x += pose.x / kScenes;
      y += pose.y / kScenes;
      size += pose.size / kScenes;
    }
    for (const double mean : {x, y, size}) EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1.0 / 12 / kScenes)) << frame;
  }
}

class MakeActivitiesTest : public testing::Test {
 protected:
  static ActivitiesOptions small() {
    return {.seed = 5, .train = 3, .validation = 1, .test = 2, .size = 32, .shortest_s = 8, .longest_s = 10, .fps = 5};
  }

  TemporaryDirectory directory_;
  ThreadPool threads_{2};
};

TEST_F(MakeActivitiesTest, WritesVideosThatDecodeWithIntervalsWithinThem) {
  const Dataset made = make_activities(real_files(), directory_.path(), small(), threads_);
  EXPECT_EQ(made.labels, activity_labels());
  EXPECT_EQ(made.labels.size(), 12U);
  EXPECT_TRUE(made.dense);
  EXPECT_TRUE(made.warnings.empty()) << made.warnings[0];
  EXPECT_EQ(select_split(made, "train").items.size(), 3U);
  EXPECT_EQ(select_split(made, "validation").items.size(), 1U);
  EXPECT_EQ(select_split(made, "test").items.size(), 2U);
  const CheckReport report = check(made, {}, threads_);
  EXPECT_TRUE(report.all_good());
  for (const CheckedItem& item : report.items) {
    EXPECT_GE(item.frames, 40) << item.id;
    EXPECT_LE(item.frames, 50) << item.id;
  }
  EXPECT_EQ(probe(made.items[0].path.string()).codec, "h264");
}

TEST_F(MakeActivitiesTest, BothFormsOfTheAnnotationsSayTheSame) {
  const Dataset made = make_activities(real_files(), directory_.path(), small(), threads_);
  const VideoPlaces places{.videos = directory_ / "videos",
                           .train_list = directory_ / "train.txt",
                           .validation_list = directory_ / "validation.txt",
                           .test_list = directory_ / "test.txt"};
  const Dataset other = read_multithumos(real_files(), directory_ / "multithumos", places);
  EXPECT_EQ(other.labels, made.labels);
  EXPECT_EQ(other.warnings, made.warnings);
  ASSERT_EQ(other.items.size(), made.items.size());
  for (std::size_t i = 0; i < made.items.size(); ++i) {
    EXPECT_EQ(other.items[i].id, made.items[i].id);
    EXPECT_EQ(other.items[i].path, made.items[i].path);
    EXPECT_EQ(other.items[i].split, made.items[i].split);
    EXPECT_EQ(other.items[i].intervals, made.items[i].intervals);
  }
}

TEST_F(MakeActivitiesTest, TheSameSeedGivesTheSameBytesWhateverTheThreads) {
  ThreadPool one(1);
  const Dataset a = make_activities(real_files(), directory_ / "a", small(), threads_);
  const Dataset b = make_activities(real_files(), directory_ / "b", small(), one);
  ActivitiesOptions other = small();
  other.seed = 6;
  make_activities(real_files(), directory_ / "c", other, threads_);
  for (const DatasetItem& item : a.items) {
    const std::string name = "videos/" + item.id + ".mp4";
    EXPECT_EQ(real_files().read(directory_ / "a" / name), real_files().read(directory_ / "b" / name));
    EXPECT_NE(real_files().read(directory_ / "a" / name), real_files().read(directory_ / "c" / name));
  }
  EXPECT_EQ(real_files().read(directory_ / "a/annotations.json"), real_files().read(directory_ / "b/annotations.json"));
}

TEST_F(MakeActivitiesTest, LeavesACompleteSetAloneFinishesAnInterruptedOneAndKeepsOthers) {
  const Dataset made = make_activities(real_files(), directory_ / "set", small(), threads_);
  const std::filesystem::path first = made.items[0].path;
  const std::string bytes = real_files().read(first);
  real_files().write_atomic(first, "touched");
  EXPECT_EQ(make_activities(real_files(), directory_ / "set", small(), threads_), made);
  EXPECT_EQ(real_files().read(first), "touched");
  real_files().remove(directory_ / "set/annotations.json");
  EXPECT_EQ(make_activities(real_files(), directory_ / "set", small(), threads_), made);
  EXPECT_EQ(real_files().read(first), bytes);
  EXPECT_THAT([&] { make_activities(real_files(), directory_.path(), small(), threads_); },
              ThrowsMessage<InvalidArgument>(HasSubstr("does not hold this set of activities")));
}

TEST_F(MakeActivitiesTest, RefusesOptionsOutOfRange) {
  for (const ActivitiesOptions& options :
       {ActivitiesOptions{.train = 0}, ActivitiesOptions{.test = 10000}, ActivitiesOptions{.size = 63},
        ActivitiesOptions{.shortest_s = 7}, ActivitiesOptions{.shortest_s = 30, .longest_s = 20},
        ActivitiesOptions{.fps = 0}}) {
    EXPECT_THROW(make_activities(real_files(), directory_ / "none", options, threads_), InvalidArgument);
  }
  EXPECT_FALSE(real_files().exists(directory_ / "none"));
}

TEST_F(MakeActivitiesTest, AFullDiskIsAnErrorAndNotACompleteSet) {
  const ActivitiesOptions tiny{
      .train = 1, .validation = 1, .test = 1, .size = 16, .shortest_s = 8, .longest_s = 8, .fps = 1};
  FaultyFiles counting(Fault::kNoSpace, 1 << 20);
  const Dataset whole = make_activities(counting, directory_ / "whole", tiny, threads_);
  for (int n = 0; n < counting.operations(); n += 9) {
    const std::filesystem::path place = directory_ / std::to_string(n);
    FaultyFiles files(Fault::kNoSpace, n);
    EXPECT_THROW(make_activities(files, place, tiny, threads_), IoError) << n;
    if (!real_files().exists(place / "annotations.json")) continue;
    for (const DatasetItem& item : whole.items) {
      EXPECT_TRUE(real_files().exists(place / "videos" / (item.id + ".mp4"))) << item.id;
    }
  }
}

}  // namespace
}  // namespace longtake
