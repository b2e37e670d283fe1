// Orders of sampler.h.
#include "data/sampler.h"

#include <fmt/format.h>

#include <map>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "longtake/error.h"

namespace longtake {
namespace {

enum Stream : std::uint64_t { kItems = 1, kClasses = 2 };

// The items of one class in rounds, each a new shuffle of all of them.
class Rounds {
 public:
  Rounds(std::vector<std::int64_t> items, Random random) : items_(std::move(items)), random_(random) {}

  std::int64_t next() {
    if (position_ == 0) random_.shuffle(std::span(items_));
    const std::int64_t item = items_[position_];
    position_ = (position_ + 1) % items_.size();
    return item;
  }

 private:
  std::vector<std::int64_t> items_;
  Random random_;
  std::size_t position_ = 0;
};

std::vector<std::int64_t> balanced_order(std::span<const std::int64_t> labels, std::uint64_t seed,
                                         std::uint64_t epoch) {
  std::map<std::int64_t, std::vector<std::int64_t>> items_of;
  for (std::size_t i = 0; i < labels.size(); ++i) items_of[labels[i]].push_back(static_cast<std::int64_t>(i));
  std::vector<Rounds> rounds;
  std::vector<std::int64_t> classes;
  for (auto& [label, items] : items_of) {
    classes.push_back(static_cast<std::int64_t>(rounds.size()));
    rounds.emplace_back(std::move(items), Random(seed, epoch, kItems, label));
  }
  Rounds class_rounds(std::move(classes), Random(seed, epoch, kClasses));
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    order.push_back(rounds[static_cast<std::size_t>(class_rounds.next())].next());
  }
  return order;
}

}  // namespace

std::vector<std::int64_t> epoch_order(SampleOrder order, std::span<const std::int64_t> labels, std::uint64_t seed,
                                      std::uint64_t epoch) {
  if (labels.empty()) throw InvalidArgument("there are no items to sample from");
  if (order == SampleOrder::kBalanced) return balanced_order(labels, seed, epoch);
  std::vector<std::int64_t> items(labels.size());
  std::iota(items.begin(), items.end(), 0);
  if (order == SampleOrder::kShuffled) Random(seed, epoch, kItems).shuffle(std::span(items));
  return items;
}

Sampler::Sampler(SampleOrder order, std::vector<std::int64_t> labels, std::uint64_t seed)
    : order_(order), labels_(std::move(labels)), seed_(seed), items_(epoch_order(order_, labels_, seed_, 0)) {}

std::int64_t Sampler::next() {
  const std::int64_t item = items_[static_cast<std::size_t>(position_.position)];
  SamplerPosition after{position_.epoch, position_.position + 1};
  if (after.position == items_per_epoch()) after = {position_.epoch + 1, 0};
  seek(after);
  return item;
}

void Sampler::seek(SamplerPosition position) {
  if (position.position < 0 || position.position >= items_per_epoch()) {
    throw InvalidArgument(fmt::format("position {} in an epoch of {} items", position.position, items_per_epoch()));
  }
  if (position.epoch != position_.epoch) items_ = epoch_order(order_, labels_, seed_, position.epoch);
  position_ = position;
}

}  // namespace longtake
