#include "data/motions.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "data/check.h"
#include "data/folders.h"
#include "data/motion_scene.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/clips.h"

namespace longtake {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// The mean of a quantity spread evenly over [0, 1) is 1/2, and both means of cos and sin of an even angle are 0, at
// every frame and for every class: so no single frame tells anything. Tolerances are five standard deviations.
TEST(MotionScene, SingleFramesAreSpreadAlikeInAllClasses) {
  constexpr int kScenes = 2000;
  const double even = 5 * std::sqrt(1.0 / 12 / kScenes);
  const double circle = 5 * std::sqrt(0.5 / kScenes);
  for (const Motion motion : kMotions) {
    for (const std::int64_t frame : {0, 7, 15}) {
      double x = 0, y = 0, cosine = 0, sine = 0, size = 0, squares = 0;
      for (std::uint64_t scene = 0; scene < kScenes; ++scene) {
        const Random random(1, static_cast<std::uint64_t>(motion), scene);
        const SpritePose pose = MotionScene(motion, random).pose(frame);
        x += pose.x / kScenes;
        y += pose.y / kScenes;
        cosine += std::cos(pose.angle) / kScenes;
        sine += std::sin(pose.angle) / kScenes;
        size += pose.size / kScenes;
        squares += pose.size * pose.size / kScenes;
      }
      EXPECT_NEAR(x, 0.5, even) << name_of(motion) << " " << frame;
      EXPECT_NEAR(y, 0.5, even) << name_of(motion) << " " << frame;
      EXPECT_NEAR(cosine, 0, circle) << name_of(motion) << " " << frame;
      EXPECT_NEAR(sine, 0, circle) << name_of(motion) << " " << frame;
      EXPECT_NEAR(size, 0.5, even) << name_of(motion) << " " << frame;
      EXPECT_NEAR(squares, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kScenes)) << name_of(motion) << " " << frame;
    }
  }
}

// What changed from one frame to the next, the short way round.
SpritePose pose_change(const SpritePose& from, const SpritePose& to) {
  const auto shortest = [](double value, double period) { return value - period * std::round(value / period); };
  return {shortest(to.x - from.x, 1), shortest(to.y - from.y, 1), shortest(to.angle - from.angle, 2 * std::numbers::pi),
          shortest(to.size - from.size, 1)};
}

TEST(MotionScene, EachMotionChangesOneThingInItsDirection) {
  for (const Motion motion : kMotions) {
    for (std::uint64_t number = 0; number < 20; ++number) {
      const MotionScene scene(motion, Random(2, number));
      for (std::int64_t frame = 0; frame < 15; ++frame) {
        const SpritePose moved = pose_change(scene.pose(frame), scene.pose(frame + 1));
        const double expected[] = {moved.x, moved.y, moved.angle, moved.size};
        const int changes = static_cast<int>(motion) / 2;  // x, y, angle or size
        // Left, up, counter-clockwise and recede are the falling ones.
        const bool falls = motion == Motion::kLeft || motion == Motion::kUp || motion == Motion::kCounterClockwise ||
                           motion == Motion::kRecede;
        for (int i = 0; i < 4; ++i) {
          if (i == changes) {
            EXPECT_GT(falls ? -expected[i] : expected[i], 0.02) << name_of(motion);
          } else {
            EXPECT_NEAR(expected[i], 0, 1e-9) << name_of(motion);
          }
        }
      }
    }
  }
}

TEST(MotionScene, TheSpriteShowsAndTheBackgroundMoves) {
  const MotionScene scene(Motion::kRight, Random(4));
  Tensor first(DType::kUint8, {64, 64, 3});
  Tensor second = first;
  scene.render(0, first);
  scene.render(1, second);
  int changed = 0;
  for (std::size_t i = 0; i < first.data<std::uint8_t>().size(); ++i) {
    if (first.data<std::uint8_t>()[i] != second.data<std::uint8_t>()[i]) ++changed;
  }
  EXPECT_GT(changed, 64 * 64);  // of 3 * 64 * 64 numbers: the whole background drifts
}

TEST(NoiseTile, RepeatsAndHasNoSeam) {
  Random random(3);
  const NoiseTile tile(6, random);
  for (int i = 0; i < 100; ++i) {
    const double u = random.uniform(-2, 2);
    const double v = random.uniform(-2, 2);
    EXPECT_NEAR(tile.at(u, v), tile.at(u + 1, v - 2), 1e-9);
    EXPECT_LE(std::abs(tile.at(u, v)), 1);
    EXPECT_NEAR(tile.at(-1e-9, v), tile.at(1e-9, v), 1e-6);
  }
}

class MakeMotionsTest : public testing::Test {
 protected:
  static MotionsOptions small() {
    return {.seed = 5, .train_per_class = 2, .test_per_class = 1, .size = 32, .frames = 6};
  }

  TemporaryDirectory directory_;
  ThreadPool threads_{2};
};

TEST_F(MakeMotionsTest, WritesVideosThatDecodeWithTheirSplitAndClass) {
  const Dataset made = make_motions(real_files(), directory_.path(), small(), threads_);
  EXPECT_EQ(made.labels, motion_labels());
  EXPECT_EQ(made.items.size(), 24U);
  EXPECT_EQ(select_split(made, "train").items.size(), 16U);
  const CheckReport report = check(made, {}, threads_);
  EXPECT_TRUE(report.all_readable());
  for (const CheckedItem& item : report.items) EXPECT_EQ(item.frames, 6) << item.id;
  const MediaInfo info = probe(made.items[0].path.string());
  EXPECT_EQ(info.codec, "h264");
  EXPECT_EQ(info.pixel_format, "yuv420p");  // what every player takes
  EXPECT_EQ(info.width, 32);
  EXPECT_DOUBLE_EQ(info.fps, 15);
  // The folders say the same as the manifest, with labels in the order of the alphabet.
  const Dataset folders = read_class_folders(real_files(), directory_.path());
  EXPECT_EQ(align_labels(folders, made.labels).items.size(), made.items.size());
}

TEST_F(MakeMotionsTest, TheSameSeedGivesTheSameBytesWhateverTheThreads) {
  ThreadPool one(1);
  const Dataset a = make_motions(real_files(), directory_ / "a", small(), threads_);
  const Dataset b = make_motions(real_files(), directory_ / "b", small(), one);
  MotionsOptions other = small();
  other.seed = 6;
  const Dataset c = make_motions(real_files(), directory_ / "c", other, threads_);
  ASSERT_EQ(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    EXPECT_EQ(real_files().read(a.items[i].path), real_files().read(b.items[i].path));
    EXPECT_NE(real_files().read(a.items[i].path), real_files().read(c.items[i].path));
  }
  EXPECT_EQ(real_files().read(directory_ / "a/manifest.csv"), real_files().read(directory_ / "b/manifest.csv"));
}

TEST_F(MakeMotionsTest, DecodedFramesAreNearTheDrawnOnes) {
  const Dataset made = make_motions(real_files(), directory_.path(), small(), threads_);
  const Clip clip = read_clip(made.items[0], {});
  // The first item is the first of "left" in train: streams 1 (train), 0 (left), 0.
  const MotionScene scene(Motion::kLeft, Random(5, 1, 0, 0));
  Tensor drawn(DType::kUint8, {32, 32, 3});
  double sum = 0;
  for (std::int64_t frame = 0; frame < 6; ++frame) {
    scene.render(frame, drawn);
    for (std::size_t i = 0; i < drawn.bytes(); ++i) {
      const auto at = static_cast<std::size_t>(frame) * drawn.bytes() + i;
      sum += std::abs(clip.frames.data<std::uint8_t>()[at] - drawn.data<std::uint8_t>()[i]);
    }
  }
  EXPECT_LT(sum / static_cast<double>(clip.frames.count()), 10);
}

TEST_F(MakeMotionsTest, LeavesACompleteSetAloneAndFinishesAnInterruptedOne) {
  const Dataset made = make_motions(real_files(), directory_.path(), small(), threads_);
  const std::filesystem::path first = made.items[0].path;
  const std::string bytes = real_files().read(first);
  real_files().write_atomic(first, "touched");
  EXPECT_EQ(make_motions(real_files(), directory_.path(), small(), threads_), made);
  EXPECT_EQ(real_files().read(first), "touched");
  real_files().remove(directory_ / "manifest.csv");
  EXPECT_EQ(make_motions(real_files(), directory_.path(), small(), threads_), made);
  EXPECT_EQ(real_files().read(first), bytes);
}

TEST_F(MakeMotionsTest, DoesNotWriteOverAnythingElse) {
  real_files().write_atomic(directory_ / "thesis.tex", "years of work");
  EXPECT_THAT([&] { make_motions(real_files(), directory_.path(), small(), threads_); },
              ThrowsMessage<InvalidArgument>(HasSubstr("is not empty and does not hold this set")));
  MotionsOptions options = small();
  make_motions(real_files(), directory_ / "set", options, threads_);
  options.seed = 6;
  EXPECT_THROW(make_motions(real_files(), directory_ / "set", options, threads_), InvalidArgument);
}

TEST_F(MakeMotionsTest, RefusesOptionsOutOfRange) {
  for (const MotionsOptions& options :
       {MotionsOptions{.train_per_class = 0}, MotionsOptions{.test_per_class = -1}, MotionsOptions{.size = 63},
        MotionsOptions{.size = 4}, MotionsOptions{.frames = 1}, MotionsOptions{.fps = 0}}) {
    EXPECT_THROW(make_motions(real_files(), directory_ / "none", options, threads_), InvalidArgument);
  }
  EXPECT_FALSE(real_files().exists(directory_ / "none"));
}

TEST_F(MakeMotionsTest, AFullDiskIsAnErrorAndNotACompleteSet) {
  const MotionsOptions tiny{.train_per_class = 1, .test_per_class = 1, .size = 16, .frames = 2};
  FaultyFiles counting(Fault::kNoSpace, 1 << 20);
  const Dataset whole = make_motions(counting, directory_ / "whole", tiny, threads_);
  const std::string manifest = real_files().read(directory_ / "whole/manifest.csv");
  for (int n = 0; n < counting.operations(); ++n) {
    const std::filesystem::path place = directory_ / std::to_string(n);
    FaultyFiles files(Fault::kNoSpace, n);
    EXPECT_THROW(make_motions(files, place, tiny, threads_), IoError) << n;
    // The manifest comes last: where it is, the set is whole.
    if (real_files().exists(place / "manifest.csv")) {
      EXPECT_EQ(real_files().read(place / "manifest.csv"), manifest);
      for (const DatasetItem& item : whole.items) {
        EXPECT_TRUE(real_files().exists(place / item.id)) << item.id;
      }
    }
  }
}

}  // namespace
}  // namespace longtake
