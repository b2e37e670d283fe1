#include "training/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/classify.h"
#include "tasks/label.h"

namespace longtake::training {

namespace {

std::vector<std::int64_t> labels_of(const Dataset& dataset) {
  std::vector<std::int64_t> labels;
  for (const DatasetItem& item : dataset.items) labels.push_back(item.label);
  return labels;
}

// One clip as it is played: which frames, in which transform, what each counts.
struct Playing {
  std::int64_t item = 0;
  std::uint64_t epoch = 0;
  std::shared_ptr<const Clip> clip;
  FrameTransform transform;
  std::vector<std::int64_t> frames;
  std::shared_ptr<const PlayedClip> truth;
};

// The rows of `targets` [frames, classes] that are played.
Tensor played_targets(const Tensor& targets, std::span<const std::int64_t> frames) {
  const std::int64_t classes = targets.size(1);
  Tensor played(DType::kUint8, {static_cast<std::int64_t>(frames.size()), classes});
  std::uint8_t* out = played.data<std::uint8_t>().data();
  for (const std::int64_t frame : frames) {
    const auto row = targets.data<std::uint8_t>().subspan(frame * classes, classes);
    out = std::copy(row.begin(), row.end(), out);
  }
  return played;
}

class Player {
 public:
  Player(ClipCache& cache, const InputSpec& spec, const TrainOptions& options, const Answering& answering)
      : cache_(cache),
        fps_(spec.fps),
        options_(options),
        answering_(answering),
        sampler_(options.order, labels_of(cache.dataset()), options.seed) {}

  // Those of the next `count` items that can be read; where none can, another in their place. So an epoch has the same
  // steps whatever is skipped.
  std::vector<Playing> next(std::int64_t count) {
    const std::uint64_t epoch = sampler_.position().epoch;
    std::vector<std::int64_t> items;
    while (static_cast<std::int64_t>(items.size()) < count) items.push_back(sampler_.next());
    const auto clips = cache_.get(items);
    std::vector<Playing> playing;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (clips[i] != nullptr) playing.push_back(play(items[i], epoch, clips[i]));
    }
    if (playing.empty()) playing.push_back(substitute(items.front(), epoch));
    return playing;
  }

  // The item again as it was played in `epoch`: everything about it is a function of the two.
  Playing replay(std::int64_t item, std::uint64_t epoch) { return play(item, epoch, cache_.get(item)); }

  Sampler& sampler() { return sampler_; }
  const Sampler& sampler() const { return sampler_; }

 private:
  // The first item after `item` that can be read.
  Playing substitute(std::int64_t item, std::uint64_t epoch) {
    for (std::int64_t i = 1; i < sampler_.items_per_epoch(); ++i) {
      const std::int64_t other = (item + i) % sampler_.items_per_epoch();
      if (auto clip = cache_.get(other)) return play(other, epoch, std::move(clip));
    }
    throw BadData("none of the training items can be read");
  }

  Playing play(std::int64_t item, std::uint64_t epoch, std::shared_ptr<const Clip> clip) {
    if (clip == nullptr) throw BadData(fmt::format("item {} can no longer be read", item));
    const ClipAugmentation augmentation =
        augment_clip(options_.augmentation, options_.seed, epoch, static_cast<std::uint64_t>(item));
    Playing playing{.item = item, .epoch = epoch, .transform = augmentation.frame};
    playing.frames = clip_frame_indices(augmentation, clip->count(), options_.clip_frames);
    playing.truth = std::make_shared<const PlayedClip>(truth_of(item, *clip, playing.frames));
    playing.clip = std::move(clip);
    return playing;
  }

  const std::vector<double>& gains_of(std::int64_t frames) {
    const auto [found, is_new] = gains_.try_emplace(frames);
    if (is_new) {
      found->second = answering_.frames ? tasks::frame_gains(options_.gain, answering_.frames(frames))
                                        : tasks::frame_gains(options_.gain, frames);
    }
    return found->second;
  }

  PlayedClip truth_of(std::int64_t item, const Clip& clip, std::span<const std::int64_t> frames) {
    const Dataset& dataset = cache_.dataset();
    PlayedClip truth{.label = dataset.items[item].label};
    truth.gains = gains_of(static_cast<std::int64_t>(frames.size()));
    if (dataset.dense) {
      const auto classes = static_cast<std::int64_t>(dataset.labels.size());
      truth.targets = played_targets(tasks::frame_targets(dataset.items[item], clip, fps_, classes), frames);
    }
    return truth;
  }

  ClipCache& cache_;
  double fps_;
  const TrainOptions options_;
  Answering answering_;
  Sampler sampler_;
  std::map<std::int64_t, std::vector<double>> gains_;  // by the frames of a clip
};

// Collects rows tick by tick, stream by stream.
class BatchBuilder {
 public:
  BatchBuilder(std::int64_t ticks, std::int64_t streams, std::int64_t lag) : lag_(lag) {
    batch_.chunk.ticks = ticks;
    batch_.chunk.streams = streams;
    batch_.share = 1.0 / static_cast<double>(streams);
  }

  // The tick `at` of a clip, of which there are `lag` more than frames.
  void tick(const Playing& playing, std::int64_t at) {
    const auto frames = static_cast<std::int64_t>(playing.frames.size());
    const bool first = at == 0, last = at + 1 == frames + lag_;
    add(static_cast<std::uint8_t>((at < frames ? graph::kActive : graph::kFlush) | (first ? graph::kReset : 0) |
                                  (last ? graph::kEnd : 0)),
        playing.truth);
    if (at >= frames) return;
    rows_.push_back({playing.clip.get(), playing.frames[at], playing.transform});
    clips_.push_back(playing.clip);
  }
  void nothing() { add(0, nullptr); }

  Batch finish(const InputSpec& spec) {
    batch_.chunk.inputs = tasks::chunk_inputs(rows_, spec);
    return std::move(batch_);
  }
  Batch& batch() { return batch_; }

 private:
  void add(std::uint8_t flag, std::shared_ptr<const PlayedClip> truth) {
    batch_.chunk.flags.push_back(flag);
    batch_.clips.push_back(std::move(truth));
  }

  std::int64_t lag_;
  Batch batch_;
  std::vector<tasks::ClipFrame> rows_;
  // A stream may go on to its next item before the rows are made, and the cache need not keep the one before.
  std::vector<std::shared_ptr<const Clip>> clips_;
};

std::int64_t whole_steps(std::int64_t items, std::int64_t batch_size) { return (items + batch_size - 1) / batch_size; }

std::vector<std::int64_t> parse_numbers(const std::string& text) {
  std::vector<std::int64_t> numbers;
  for (std::string_view part : split(text, ' ')) numbers.push_back(parse_int64(part, "batch position"));
  return numbers;
}

class ClipBatches final : public BatchSource {
 public:
  ClipBatches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options, const Answering& answering)
      : spec_(spec), batch_size_(options.batch_size), lag_(answering.lag), player_(cache, spec, options, answering) {}

  Batch next() override {
    const std::uint64_t epoch = player_.sampler().position().epoch;
    // An epoch's last batch is smaller rather than mixed with the next epoch.
    const std::int64_t left = player_.sampler().items_per_epoch() - player_.sampler().position().position;
    const std::vector<Playing> clips = player_.next(std::min(batch_size_, left));
    std::int64_t ticks = 0;
    for (const Playing& clip : clips) ticks = std::max(ticks, static_cast<std::int64_t>(clip.frames.size()));
    const auto streams = static_cast<std::int64_t>(clips.size());
    ticks += lag_;
    BatchBuilder builder(ticks, streams, lag_);
    for (std::int64_t t = 0; t < ticks; ++t) {
      for (const Playing& clip : clips) {
        t < static_cast<std::int64_t>(clip.frames.size()) + lag_ ? builder.tick(clip, t) : builder.nothing();
      }
    }
    for (const Playing& clip : clips) {
      builder.batch().samples.push_back(static_cast<std::uint64_t>(clip.item));
      builder.batch().items.push_back(clip.item);
    }
    builder.batch().epoch = epoch;
    return builder.finish(spec_);
  }

  std::int64_t steps_per_epoch() const override {
    return whole_steps(player_.sampler().items_per_epoch(), batch_size_);
  }

  std::string position() const override {
    const SamplerPosition at = player_.sampler().position();
    return fmt::format("{} {}", at.epoch, at.position);
  }

  void seek(const std::string& position) override {
    const auto numbers = parse_numbers(position);
    if (numbers.size() != 2) throw InvalidArgument("not a position of clip batches: " + position);
    player_.sampler().seek({static_cast<std::uint64_t>(numbers[0]), numbers[1]});
  }

 private:
  InputSpec spec_;
  std::int64_t batch_size_;
  std::int64_t lag_;
  Player player_;
};

class StreamBatches final : public BatchSource {
 public:
  StreamBatches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options, const Answering& answering)
      : spec_(spec),
        window_(options.bptt_window),
        lag_(answering.lag),
        player_(cache, spec, options, answering),
        streams_(options.batch_size) {}

  Batch next() override {
    const auto count = static_cast<std::int64_t>(streams_.size());
    BatchBuilder builder(window_, count, lag_);
    builder.batch().starts_anew = !started_;
    builder.batch().epoch = player_.sampler().position().epoch;
    started_ = true;
    for (std::int64_t t = 0; t < window_; ++t) {
      for (Stream& stream : streams_) {
        if (over(stream)) start(stream);
        builder.tick(stream.playing, stream.at++);
      }
    }
    for (const Stream& stream : streams_) {
      builder.batch().samples.push_back(static_cast<std::uint64_t>(stream.playing.item));
      builder.batch().items.push_back(stream.playing.item);
    }
    return builder.finish(spec_);
  }

  std::int64_t steps_per_epoch() const override {
    return whole_steps(player_.sampler().items_per_epoch(), static_cast<std::int64_t>(streams_.size()));
  }

  std::string position() const override {
    const SamplerPosition at = player_.sampler().position();
    std::string text = fmt::format("{} {} {}", at.epoch, at.position, started_ ? 1 : 0);
    for (const Stream& stream : streams_) {
      text += fmt::format(" {} {} {}", stream.playing.item, stream.playing.epoch, stream.at);
    }
    return text;
  }

  void seek(const std::string& position) override {
    const auto numbers = parse_numbers(position);
    if (numbers.size() != 3 + 3 * streams_.size()) {
      throw InvalidArgument(fmt::format("not a position of {} streams: {}", streams_.size(), position));
    }
    player_.sampler().seek({static_cast<std::uint64_t>(numbers[0]), numbers[1]});
    started_ = numbers[2] != 0;
    for (std::size_t s = 0; s < streams_.size() && started_; ++s) {
      const std::int64_t* part = &numbers[3 + 3 * s];
      streams_[s].playing = player_.replay(part[0], static_cast<std::uint64_t>(part[1]));
      streams_[s].at = part[2];
    }
  }

 private:
  struct Stream {
    Playing playing;
    std::int64_t at = 0;  // the next tick
  };

  bool over(const Stream& stream) const {
    return stream.playing.clip == nullptr ||
           stream.at == static_cast<std::int64_t>(stream.playing.frames.size()) + lag_;
  }

  void start(Stream& stream) {
    stream.playing = std::move(player_.next(1).front());
    stream.at = 0;
  }

  InputSpec spec_;
  std::int64_t window_;
  std::int64_t lag_;
  Player player_;
  std::vector<Stream> streams_;
  bool started_ = false;
};

// Flow that was measured at one speed, size or angle is wrong at another.
void check_augmentation(const InputSpec& spec, const AugmentationOptions& augment) {
  const bool changes = augment.zoom != 0 || augment.speed != 0 || augment.brightness != 0 || augment.contrast != 0 ||
                       augment.rotation_degrees != 0;
  if (spec.flow.empty() || !changes) return;
  throw ConfigError(
      "[augment]: optical flow can be cropped and mirrored, but zoom, speed, brightness, contrast and "
      "rotation_degrees must be 0");
}

}  // namespace

RowTargets targets_of(const Batch& batch, std::span<const graph::OutputRow> rows, std::int64_t first_tick) {
  RowTargets found;
  std::vector<std::span<const std::uint8_t>> targets;
  for (const graph::OutputRow& row : rows) {
    const auto& clip = batch.clips.at((first_tick + row.tick) * batch.chunk.streams + row.stream);
    if (clip == nullptr) throw InvalidArgument("an answer where nothing is played");
    found.labels.push_back(clip->label);
    found.weights.push_back(clip->gains.at(row.about) * batch.share);
    if (clip->targets.count() == 0) continue;
    const std::int64_t classes = clip->targets.size(1);
    targets.push_back(clip->targets.data<std::uint8_t>().subspan(row.about * classes, classes));
  }
  if (targets.empty()) return found;
  found.targets =
      Tensor(DType::kUint8, {static_cast<std::int64_t>(targets.size()), static_cast<std::int64_t>(targets[0].size())});
  std::uint8_t* out = found.targets.data<std::uint8_t>().data();
  for (const auto row : targets) out = std::copy(row.begin(), row.end(), out);
  return found;
}

std::unique_ptr<BatchSource> clip_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options,
                                          const Answering& answering) {
  check_augmentation(spec, options.augmentation);
  return std::make_unique<ClipBatches>(cache, spec, options, answering);
}

std::unique_ptr<BatchSource> stream_batches(ClipCache& cache, const InputSpec& spec, const TrainOptions& options,
                                            const Answering& answering) {
  check_augmentation(spec, options.augmentation);
  return std::make_unique<StreamBatches>(cache, spec, options, answering);
}

}  // namespace longtake::training
