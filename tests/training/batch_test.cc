// Batches: every clip once per epoch, streams without a gap, and the same again from any position.
#include "training/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

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
    EXPECT_EQ(a.labels, b.labels);
    EXPECT_EQ(a.weights, b.weights);
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
      EXPECT_EQ(batch.labels[at], t < frames ? batch.items[s] % 2 : -1);
      weight += batch.weights[at];
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
    EXPECT_THAT(batch.labels, Each(testing::Ge(0)));  // every place has a frame
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
