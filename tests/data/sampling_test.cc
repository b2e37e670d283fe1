// Samplers and augmentation: what is drawn, how often, and that it depends on nothing but its keys.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "data/augment.h"
#include "data/sampler.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::Each;
using testing::ElementsAre;

using Indices = std::vector<std::int64_t>;

Indices sorted(Indices values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST(EpochOrder, PlainIsTheListsOrder) {
  EXPECT_THAT(epoch_order(SampleOrder::kPlain, Indices{5, 5, 7}, 1, 3), ElementsAre(0, 1, 2));
}

TEST(EpochOrder, ShuffledHasEveryItemOnceAndChangesWithSeedAndEpoch) {
  const Indices labels(50, 0);
  Indices all(50);
  std::iota(all.begin(), all.end(), 0);
  const Indices first = epoch_order(SampleOrder::kShuffled, labels, 1, 0);
  EXPECT_EQ(sorted(first), all);
  EXPECT_NE(first, all);
  EXPECT_EQ(first, epoch_order(SampleOrder::kShuffled, labels, 1, 0));
  EXPECT_NE(first, epoch_order(SampleOrder::kShuffled, labels, 1, 1));
  EXPECT_NE(first, epoch_order(SampleOrder::kShuffled, labels, 2, 0));
}

TEST(EpochOrder, BalancedDrawsClassesEquallyOften) {
  const Indices labels{0, 0, 0, 0, 0, 0, 0, 1, 1, 4};  // 10 draws of 3 classes: 3 or 4 each
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    const Indices order = epoch_order(SampleOrder::kBalanced, labels, 9, epoch);
    ASSERT_EQ(order.size(), labels.size());
    std::map<std::int64_t, int> draws_of_class;
    std::set<std::int64_t> of_class_0;
    for (const std::int64_t item : order) {
      const std::int64_t label = labels[static_cast<std::size_t>(item)];
      ++draws_of_class[label];
      if (label == 0) {
        EXPECT_TRUE(of_class_0.insert(item).second) << "an item came again before all others of its class";
      }
    }
    EXPECT_EQ(draws_of_class.size(), 3U);
    for (const auto& [label, draws] : draws_of_class) EXPECT_TRUE(draws == 3 || draws == 4) << label;
  }
}

TEST(EpochOrder, NeedsItems) { EXPECT_THROW(epoch_order(SampleOrder::kPlain, Indices{}, 1, 0), InvalidArgument); }

class SamplerTest : public testing::TestWithParam<SampleOrder> {};

TEST_P(SamplerTest, GoesOnFromAnyPositionAsIfItHadNotStopped) {
  const Indices labels{0, 1, 0, 2, 1, 0, 0};
  Sampler whole(GetParam(), labels, 7);
  Indices items;
  std::vector<SamplerPosition> positions;
  for (int i = 0; i < 30; ++i) {
    positions.push_back(whole.position());
    items.push_back(whole.next());
  }
  EXPECT_EQ(positions[7], (SamplerPosition{1, 0}));
  EXPECT_EQ(positions[29], (SamplerPosition{4, 1}));
  for (std::size_t i = 0; i < items.size(); ++i) {
    Sampler resumed(GetParam(), labels, 7);
    resumed.seek(positions[i]);
    for (std::size_t j = i; j < items.size(); ++j) ASSERT_EQ(resumed.next(), items[j]) << i << " " << j;
  }
}

INSTANTIATE_TEST_SUITE_P(AllOrders, SamplerTest,
                         testing::Values(SampleOrder::kPlain, SampleOrder::kShuffled, SampleOrder::kBalanced));

TEST(Sampler, RefusesPositionsThatDoNotExist) {
  Sampler sampler(SampleOrder::kPlain, {0, 0}, 1);
  EXPECT_THROW(sampler.seek({0, 2}), InvalidArgument);
  EXPECT_THROW(sampler.seek({0, -1}), InvalidArgument);
}

TEST(AugmentClip, OffIsWhatStreamingUses) {
  const ClipAugmentation clip = augment_clip({.crop = false, .mirror = false}, 1, 2, 3);
  EXPECT_EQ(clip.frame, FrameTransform{});
  EXPECT_EQ(clip.speed, 1.0);
  EXPECT_EQ(clip.frame_phase, 0.5);
}

TEST(AugmentClip, DependsOnSeedEpochAndItemAlone) {
  const AugmentationOptions options{.zoom = 0.2, .speed = 0.3, .brightness = 10, .contrast = 0.2, .frame_phase = true};
  EXPECT_EQ(augment_clip(options, 1, 2, 3), augment_clip(options, 1, 2, 3));
  EXPECT_NE(augment_clip(options, 1, 2, 3), augment_clip(options, 1, 2, 4));
  EXPECT_NE(augment_clip(options, 1, 2, 3), augment_clip(options, 1, 3, 3));
  EXPECT_NE(augment_clip(options, 1, 2, 3), augment_clip(options, 2, 2, 3));
}

TEST(AugmentClip, OneOptionDoesNotChangeTheOthers) {
  const ClipAugmentation plain = augment_clip({}, 1, 2, 3);
  ClipAugmentation zoomed = augment_clip({.zoom = 0.5}, 1, 2, 3);
  EXPECT_NE(zoomed.frame.zoom, 1.0);
  zoomed.frame.zoom = 1.0;
  EXPECT_EQ(zoomed, plain);
}

TEST(AugmentClip, StaysInItsRangesAndFillsThem) {
  const AugmentationOptions options{
      .zoom = 0.25, .speed = 0.5, .brightness = 20, .contrast = 1, .rotation_degrees = 5, .frame_phase = true};
  constexpr int kDraws = 4000;
  double crop_sum = 0, brightness_sum = 0, log_zoom_sum = 0, mirrors = 0, largest_speed = 1, smallest_speed = 1;
  for (std::uint64_t item = 0; item < kDraws; ++item) {
    const ClipAugmentation clip = augment_clip(options, 3, 1, item);
    ASSERT_GT(clip.frame.crop_x, 0);
    ASSERT_LE(clip.frame.crop_x, 1);
    ASSERT_GE(clip.frame.zoom, 0.8);
    ASSERT_LE(clip.frame.zoom, 1.25);
    ASSERT_LE(std::abs(clip.frame.brightness), 20);
    ASSERT_GE(clip.frame.contrast, 0.5);
    ASSERT_LE(clip.frame.contrast, 2);
    ASSERT_LE(std::abs(clip.frame.rotation_degrees), 5);
    ASSERT_GE(clip.start, 0);
    ASSERT_LT(clip.start, 1);
    crop_sum += clip.frame.crop_x;
    brightness_sum += clip.frame.brightness;
    log_zoom_sum += std::log(clip.frame.zoom);
    mirrors += clip.frame.mirror ? 1 : 0;
    largest_speed = std::max(largest_speed, clip.speed);
    smallest_speed = std::min(smallest_speed, clip.speed);
  }
  // Means of even spreads, within five standard deviations of a mean of 4000.
  EXPECT_NEAR(crop_sum / kDraws, 0.5, 5 * 0.2887 / std::sqrt(kDraws));
  EXPECT_NEAR(brightness_sum / kDraws, 0, 5 * 11.55 / std::sqrt(kDraws));
  EXPECT_NEAR(log_zoom_sum / kDraws, 0, 5 * 0.1289 / std::sqrt(kDraws));
  EXPECT_NEAR(mirrors / kDraws, 0.5, 5 * 0.5 / std::sqrt(kDraws));
  EXPECT_GT(largest_speed, 1.49);
  EXPECT_LT(smallest_speed, 0.672);
}

TEST(AugmentClip, RefusesNegativeRanges) {
  EXPECT_THROW(augment_clip({.zoom = -0.1}, 1, 1, 1), InvalidArgument);
  EXPECT_THROW(augment_clip({.brightness = std::nan("")}, 1, 1, 1), InvalidArgument);
}

TEST(ClipFrames, WholeClipsKeepEveryFrame) {
  EXPECT_THAT(clip_frame_indices({}, 5, 0), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(clip_frame_indices({}, 5, 16), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(clip_frame_indices({}, 1, 16), ElementsAre(0));
  for (std::int64_t frames = 1; frames < 300; ++frames) {
    Indices all(static_cast<std::size_t>(frames));
    std::iota(all.begin(), all.end(), 0);
    for (const double phase : {0.0, 0.5, 0.999}) {
      ASSERT_EQ(clip_frame_indices({.frame_phase = phase}, frames, 0), all);
    }
  }
}

TEST(ClipFrames, AllStartsAreEquallyLikely) {
  // Clips of 16 from 18 frames: starts 0, 1 and 2 share [0, 1) equally.
  const auto first = [](double start) { return clip_frame_indices({.start = start}, 18, 16).front(); };
  EXPECT_EQ(first(0), 0);
  EXPECT_EQ(first(0.33), 0);
  EXPECT_EQ(first(0.34), 1);
  EXPECT_EQ(first(0.67), 2);
  EXPECT_EQ(first(std::nextafter(1.0, 0.0)), 2);
  const Indices last = clip_frame_indices({.start = 0.99}, 18, 16);
  EXPECT_EQ(last.size(), 16U);
  EXPECT_EQ(last.back(), 17);
}

TEST(ClipFrames, SpeedLeavesFramesOutOrShowsThemAgain) {
  // Twice as fast: 3 of 6 frames, each from the middle of its pair, which phase 0.5 rounds to the second.
  EXPECT_THAT(clip_frame_indices({.speed = 2}, 6, 0), ElementsAre(1, 3, 5));
  EXPECT_THAT(clip_frame_indices({.speed = 2, .frame_phase = 0}, 6, 0), ElementsAre(0, 2, 4));
  EXPECT_THAT(clip_frame_indices({.speed = 0.5}, 3, 0), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(clip_frame_indices({.speed = 100}, 3, 0), ElementsAre(1));
}

TEST(ClipFrames, NeedFrames) {
  EXPECT_THROW(clip_frame_indices({}, 0, 16), InvalidArgument);
  EXPECT_THROW(clip_frame_indices({.speed = 0}, 3, 16), InvalidArgument);
}

}  // namespace
}  // namespace longtake
