// What one step learns from: rows of frames, and what is to be said about each of them. Free of LibTorch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/clip_cache.h"
#include "longtake/chunk.h"
#include "longtake/input_spec.h"
#include "longtake/state.h"
#include "training/train_options.h"

namespace longtake::training {

// A clip as it is played.
struct PlayedClip {
  std::int64_t label = kNoLabel;  // of a clip with one class
  Tensor targets;                 // of a clip of a dense set: uint8 [frames, classes]; else empty
  std::vector<double> gains;      // how much each frame counts: those with an answer, which sum to 1

  friend bool operator==(const PlayedClip&, const PlayedClip&) = default;
};

struct Batch {
  graph::Chunk chunk;
  // [ticks, streams]: what is played there, lagging answers to it included; null where nothing is. A clip may have
  // begun in an earlier batch.
  std::vector<std::shared_ptr<const PlayedClip>> clips;
  double share = 1;                    // of each clip in the loss: 1 / batch size
  std::vector<std::uint64_t> samples;  // per stream: the item, which keys random masks
  std::vector<std::int64_t> items;     // the items that are in it, for messages
  bool starts_anew = true;             // streams begin with this batch; else their state is carried over
  std::uint64_t epoch = 0;
};

// What is true of the rows of an output.
struct RowTargets {
  std::vector<std::int64_t> labels;  // kNoLabel in a dense set
  std::vector<double> weights;       // the frame's gain times the clip's share
  Tensor targets;                    // of a dense set: uint8 [rows, classes]; else empty
};

// Looks up what each row speaks about, which is an earlier frame where the output lags. `first_tick` is the batch's
// tick that the rows count from.
RowTargets targets_of(const Batch& batch, std::span<const graph::OutputRow> rows, std::int64_t first_tick);

// When a model answers.
struct Answering {
  std::int64_t lag = 0;  // ticks behind a clip in which lagging answers come out
  // Which frames of a clip of so many frames get an answer; empty: all.
  std::function<std::vector<bool>(std::int64_t frames)> frames = {};
};

// Gives batch after batch, for ever. Everything is a function of the seed and the position, so a checkpoint holds a few
// numbers.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual Batch next() = 0;
  virtual std::int64_t steps_per_epoch() const = 0;
  // Where next() goes on, as text; and back. seek() throws InvalidArgument for a text that is none of position().
  virtual std::string position() const = 0;
  virtual void seek(const std::string& position) = 0;
};

// Batches of clips: every item once per epoch (or as the order says), augmented, cut to options.clip_frames.
// `cache` must outlive the source.
std::unique_ptr<BatchSource> clip_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options,
                                          const Answering& answering = {});

// Streams of consecutive windows of options.bptt_window frames: each of options.batch_size streams plays one item after
// the other, with a reset where an item begins; for truncated BPTT with carried state. A video's loss is its own
// weighted mean over all its windows.
std::unique_ptr<BatchSource> stream_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options,
                                            const Answering& answering = {});

}  // namespace longtake::training
