// In which order items are trained on. An epoch's order is a pure function of (seed, epoch), so a checkpoint holds two
// numbers and goes on exactly where it stopped.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace longtake {

enum class SampleOrder : std::uint8_t {
  kPlain,     // 0, 1, 2, ...
  kShuffled,  // every item once, in a new order each epoch
  // As many draws as there are items, but every class equally often (give or take one), classes in random order; a
  // class's own items come in shuffled rounds.
  kBalanced,
};

// The items of an epoch. `labels` has the class of each item. Throws InvalidArgument when it is empty.
std::vector<std::int64_t> epoch_order(SampleOrder order, std::span<const std::int64_t> labels, std::uint64_t seed,
                                      std::uint64_t epoch);

struct SamplerPosition {
  std::uint64_t epoch = 0;
  std::int64_t position = 0;  // items already handed out in this epoch

  friend bool operator==(const SamplerPosition&, const SamplerPosition&) = default;
};

// Hands out item after item, epoch after epoch.
class Sampler {
 public:
  Sampler(SampleOrder order, std::vector<std::int64_t> labels, std::uint64_t seed);

  // The next item; after the last one of an epoch comes the first of the next.
  std::int64_t next();

  std::int64_t items_per_epoch() const { return static_cast<std::int64_t>(labels_.size()); }
  // Where next() goes on. At the end of an epoch this is the beginning of the next.
  SamplerPosition position() const { return position_; }
  // Throws InvalidArgument when there is no such position.
  void seek(SamplerPosition position);

 private:
  SampleOrder order_;
  std::vector<std::int64_t> labels_;
  std::uint64_t seed_;
  SamplerPosition position_;
  std::vector<std::int64_t> items_;  // of the epoch in position_
};

}  // namespace longtake
