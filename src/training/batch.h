// What one step learns from: rows of frames, and which label each row has and how much it counts. Free of LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/clip_cache.h"
#include "longtake/chunk.h"
#include "longtake/input_spec.h"
#include "longtake/state.h"
#include "training/train_options.h"

namespace longtake::training {

struct Batch {
  graph::Chunk chunk;
  std::vector<std::int64_t> labels;    // [ticks, streams], -1 where there is no frame
  std::vector<double> weights;         // [ticks, streams]; those of a clip sum to 1 / batch size
  std::vector<std::uint64_t> samples;  // per stream: the item, which keys random masks
  std::vector<std::int64_t> items;     // the items that are in it, for messages
  bool starts_anew = true;             // streams begin with this batch; else their state is carried over
  std::uint64_t epoch = 0;
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
std::unique_ptr<BatchSource> clip_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options);

// Streams of consecutive windows of options.bptt_window frames: each of options.batch_size streams plays one item after
// the other, with a reset where an item begins; for truncated BPTT with carried state. A video's loss is its own
// weighted mean over all its windows.
std::unique_ptr<BatchSource> stream_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options);

}  // namespace longtake::training
