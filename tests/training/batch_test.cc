// Batches: every clip once per epoch, streams without a gap, and the same again from any position.
#include "training/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "base/threads.h"
#include "longtake/error.h"
#include "media/clips.h"

namespace longtake::training {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Seven videos of 4 to 10 frames in two classes.
class Batches : public testing::Test {
 protected:
  Batches() : threads_(1) {
    dataset_.labels = {"even", "odd"};
    for (int i = 0; i < 7; ++i) {
      const std::string path = directory_ / (std::to_string(i) + ".mp4");
      media::write_numbered_clip(path, 4 + i, 10.0, 16, 16);
      dataset_.items.push_back({.id = std::to_string(i), .path = path, .label = i % 2});
    }
    options_.batch_size = 3;
    spec_ = {.width = 8, .height = 8, .colour = "gray"};
  }

  ClipCache cache(std::int64_t budget = 1 << 20) { return {dataset_, spec_, {.byte_budget = budget}, threads_}; }
  static std::int64_t frames_of(std::int64_t item) { return 4 + item; }
  static void expect_same(const Batch& a, const Batch& b) {
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.share, b.share);
    ASSERT_EQ(a.clips.size(), b.clips.size());
    for (std::size_t i = 0; i < a.clips.size(); ++i) {
      ASSERT_EQ(a.clips[i] == nullptr, b.clips[i] == nullptr);
      if (a.clips[i] == nullptr) continue;
      EXPECT_TRUE(*a.clips[i] == *b.clips[i]);
    }
    EXPECT_EQ(a.samples, b.samples);
    EXPECT_EQ(a.chunk.flags, b.chunk.flags);
    EXPECT_EQ(a.starts_anew, b.starts_anew);
    EXPECT_TRUE(a.chunk.inputs[0].data == b.chunk.inputs[0].data);
  }

  TemporaryDirectory directory_;
  ThreadPool threads_;
  Dataset dataset_;
  TrainOptions options_;
  InputSpec spec_;
};

TEST_F(Batches, OfClipsHoldEveryItemOncePerEpochAndTheLastIsSmaller) {
  ClipCache clips = cache();
  const auto source = clip_batches(clips, spec_, options_);
  ASSERT_EQ(source->steps_per_epoch(), 3);
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::map<std::int64_t, int> seen;
    std::vector<std::int64_t> sizes;
    for (int step = 0; step < 3; ++step) {
      const Batch batch = source->next();
      EXPECT_EQ(batch.epoch, epoch);
      EXPECT_TRUE(batch.starts_anew);
      sizes.push_back(batch.chunk.streams);
      for (std::int64_t item : batch.items) ++seen[item];
    }
    EXPECT_THAT(sizes, testing::ElementsAre(3, 3, 1));
    EXPECT_EQ(seen.size(), 7U);
    for (const auto& [item, times] : seen) EXPECT_EQ(times, 1) << item;
  }
}

// A model that gathers frames says nothing at the first ones; what it says later counts for them, too.
TEST_F(Batches, WeighOnlyFramesThatGetAnAnswer) {
  ClipCache clips = cache();
  const auto from_the_third = [](std::int64_t frames) {
    std::vector<bool> answered(frames, true);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(2, frames - 1); ++i) answered[i] = false;
    return answered;
  };
  for (const tasks::FrameGain gain : {tasks::FrameGain::kUniform, tasks::FrameGain::kLinear, tasks::FrameGain::kLast}) {
    options_.gain = gain;
    const Batch batch = clip_batches(clips, spec_, options_, {.frames = from_the_third})->next();
    for (std::int64_t s = 0; s < batch.chunk.streams; ++s) {
      const std::vector<double>& gains = batch.clips[s]->gains;
      EXPECT_NEAR(std::accumulate(gains.begin(), gains.end(), 0.0), 1, 1e-12);
      for (std::size_t i = 0; i + 1 < gains.size() && i < 2; ++i) EXPECT_EQ(gains[i], 0);
    }
  }
}

TEST_F(Batches, OfClipsAreAbsentBehindTheEndAndWeighEveryClipAlike) {
  ClipCache clips = cache();
  const Batch batch = clip_batches(clips, spec_, options_)->next();
  std::int64_t rows = 0;
  for (std::int64_t s = 0; s < batch.chunk.streams; ++s) {
    const std::int64_t frames = frames_of(batch.items[s]);
    double weight = 0;
    for (std::int64_t t = 0; t < batch.chunk.ticks; ++t) {
      const std::size_t at = t * batch.chunk.streams + s;
      EXPECT_EQ((batch.chunk.flags[at] & graph::kActive) != 0, t < frames);
      EXPECT_EQ((batch.chunk.flags[at] & graph::kReset) != 0, t == 0);
      EXPECT_EQ((batch.chunk.flags[at] & graph::kEnd) != 0, t + 1 == frames);
      ASSERT_EQ(batch.clips[at] != nullptr, t < frames);
      if (t >= frames) continue;
      const RowTargets row = targets_of(batch, std::vector<graph::OutputRow>{{std::int32_t(t), std::int32_t(s), t}}, 0);
      EXPECT_EQ(row.labels[0], batch.items[s] % 2);
      weight += row.weights[0];
    }
    EXPECT_NEAR(weight, 1.0 / 3, 1e-12);
    rows += frames;
  }
  EXPECT_EQ(batch.chunk.inputs[0].data.size(0), rows);  // packed, without padding
}

TEST_F(Batches, OfClipsCutClipsToTheirLength) {
  options_.clip_frames = 5;
  ClipCache clips = cache();
  const auto source = clip_batches(clips, spec_, options_);
  for (int step = 0; step < 3; ++step) {
    const Batch batch = source->next();
    EXPECT_LE(batch.chunk.ticks, 5);
    std::int64_t rows = 0;
    for (std::int64_t item : batch.items) rows += std::min<std::int64_t>(5, frames_of(item));
    EXPECT_EQ(batch.chunk.inputs[0].data.size(0), rows);
  }
}

TEST_F(Batches, GoOnFromAnyPositionAsIfNothingHadBeen) {
  for (const bool streams : {false, true}) {
    options_.bptt_window = streams ? 3 : 0;
    ClipCache clips = cache(), other_clips = cache(0);
    const auto make = [&](ClipCache& from) {
      return streams ? stream_batches(from, spec_, options_) : clip_batches(from, spec_, options_);
    };
    const auto source = make(clips);
    for (int step = 0; step < 12; ++step) {
      const auto resumed = make(other_clips);
      resumed->seek(source->position());
      EXPECT_EQ(resumed->position(), source->position());
      const Batch batch = source->next();
      expect_same(resumed->next(), batch);
    }
  }
}

TEST_F(Batches, OfStreamsAreConsecutiveWindowsWithResets) {
  options_.bptt_window = 3;
  ClipCache clips = cache();
  const auto source = stream_batches(clips, spec_, options_);
  EXPECT_EQ(source->steps_per_epoch(), 3);
  // What each stream plays: the item's frames must come without a gap, from a reset to an end.
  std::vector<std::int64_t> at(3, 0);
  std::vector<std::vector<std::int64_t>> lengths(3);
  for (int step = 0; step < 20; ++step) {
    const Batch batch = source->next();
    EXPECT_EQ(batch.starts_anew, step == 0);
    ASSERT_EQ(batch.chunk.ticks, 3);
    ASSERT_EQ(batch.chunk.streams, 3);
    EXPECT_THAT(batch.clips, Each(testing::NotNull()));  // every place has a frame
    for (std::size_t i = 0; i < 9; ++i) {
      std::int64_t& frame = at[i % 3];
      const std::uint8_t flags = batch.chunk.flags[i];
      EXPECT_EQ((flags & graph::kReset) != 0, frame == 0);
      ++frame;
      if ((flags & graph::kEnd) != 0) {
        lengths[i % 3].push_back(frame);
        frame = 0;
      }
    }
  }
  std::map<std::int64_t, int> played;
  for (const auto& stream : lengths) {
    for (std::int64_t length : stream) ++played[length];
  }
  for (const auto& [length, times] : played) {
    EXPECT_GE(length, 4);
    EXPECT_LE(length, 10);
    EXPECT_LE(times, 4) << length;  // 180 frames are about four rounds of 49
  }
}

TEST_F(Batches, OfStreamsNeedNoCache) {
  options_.bptt_window = 7;  // some windows hold more than one item
  ClipCache kept = cache(), decoded_again = cache(0);
  const auto a = stream_batches(kept, spec_, options_), b = stream_batches(decoded_again, spec_, options_);
  for (int step = 0; step < 6; ++step) {
    const Batch batch = a->next();
    expect_same(b->next(), batch);
  }
}

// An answer that lags speaks about an earlier frame, and comes out in extra ticks behind the last.
TEST_F(Batches, HaveTicksForLaggingAnswersAndFindTheFrameTheySpeakAbout) {
  ClipCache clips = cache();
  options_.gain = tasks::FrameGain::kLinear;
  const Batch batch = clip_batches(clips, spec_, options_, {.lag = 2})->next();
  for (std::int64_t s = 0; s < batch.chunk.streams; ++s) {
    const std::int64_t frames = frames_of(batch.items[s]);
    double weight = 0;
    for (std::int64_t t = 0; t < batch.chunk.ticks; ++t) {
      const std::uint8_t flags = batch.chunk.flags[t * batch.chunk.streams + s];
      EXPECT_EQ((flags & graph::kActive) != 0, t < frames);
      EXPECT_EQ((flags & graph::kFlush) != 0, t >= frames && t < frames + 2);
      EXPECT_EQ((flags & graph::kEnd) != 0, t == frames + 1);
      if (t < 2 || t >= frames + 2) continue;
      const std::vector<graph::OutputRow> rows{{static_cast<std::int32_t>(t), static_cast<std::int32_t>(s), t - 2}};
      // The gains of n frames rise as 0, 1, ... n - 1.
      const RowTargets row = targets_of(batch, rows, 0);
      EXPECT_NEAR(row.weights[0], static_cast<double>(t - 2) / (frames * (frames - 1) / 2) / 3, 1e-12);
      weight += row.weights[0];
    }
    EXPECT_NEAR(weight, 1.0 / 3, 1e-12);
  }
  const std::vector<graph::OutputRow> beyond{{static_cast<std::int32_t>(batch.chunk.ticks - 1), 0, 99}};
  EXPECT_ANY_THROW(targets_of(batch, beyond, 0));
}

TEST_F(Batches, OfStreamsCarryAClipAndItsLagIntoTheNextBatch) {
  options_.bptt_window = 3;
  options_.batch_size = 1;
  ClipCache clips = cache();
  const auto source = stream_batches(clips, spec_, options_, {.lag = 4});
  std::int64_t tick = 0;
  for (int step = 0; step < 12; ++step) {
    const Batch batch = source->next();
    for (std::int64_t t = 0; t < 3; ++t) {
      const auto frames = static_cast<std::int64_t>(batch.clips[t]->gains.size());
      EXPECT_EQ((batch.chunk.flags[t] & graph::kReset) != 0, tick == 0);
      EXPECT_EQ((batch.chunk.flags[t] & graph::kFlush) != 0, tick >= frames);
      EXPECT_EQ((batch.chunk.flags[t] & graph::kEnd) != 0, tick == frames + 3);
      tick = tick == frames + 3 ? 0 : tick + 1;
    }
  }
}

// Frames are 0.1 s long, so that frame f lies around (f + 1/2) / 10 s.
TEST_F(Batches, OfADenseSetHaveEveryFramesClasses) {
  dataset_.dense = true;
  for (DatasetItem& item : dataset_.items) {
    item.label = kNoLabel;
    item.intervals = {{0, 0.0, 0.2}, {1, 0.1, 0.35}};
  }
  spec_.fps = 10;
  ClipCache clips = cache();
  const Batch batch = clip_batches(clips, spec_, options_)->next();
  const std::vector<graph::OutputRow> rows{{0, 0, 0}, {1, 0, 1}, {2, 0, 2}, {3, 0, 3}};
  const RowTargets targets = targets_of(batch, rows, 0);
  EXPECT_EQ(targets.targets, Tensor::from<std::uint8_t>({4, 2}, {1, 0, 1, 1, 0, 1, 0, 1}));
}

TEST_F(Batches, RefusePositionsThatAreNone) {
  options_.bptt_window = 3;
  ClipCache clips = cache();
  const auto of_clips = clip_batches(clips, spec_, options_), of_streams = stream_batches(clips, spec_, options_);
  EXPECT_THROW(of_clips->seek("1 2 3"), Error);
  EXPECT_THROW(of_clips->seek("1 x"), Error);
  EXPECT_THROW(of_clips->seek("0 7"), Error);
  EXPECT_THROW(of_streams->seek("0 0"), Error);
  EXPECT_THROW(of_streams->seek("0 0 1 0 0 0 0 0 0 99 0 0"), Error);
}

TEST_F(Batches, NameAFileThatCannotBeRead) {
  media::write_file(dataset_.items[4].path, "");
  ClipCache clips = cache();
  const auto source = clip_batches(clips, spec_, options_);
  EXPECT_THAT(
      [&] {
        for (int step = 0; step < 3; ++step) source->next();
      },
      ThrowsMessage<Error>(HasSubstr("4.mp4")));
}

}  // namespace
}  // namespace longtake::training
