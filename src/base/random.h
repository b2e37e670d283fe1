// Random numbers that are a pure function of their keys: Philox4x32-10 of Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011. Nothing depends on how work is cut into chunks or spread over threads, and a generator is
// a value of four words that a checkpoint can hold.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

namespace longtake {

using RandomBlock = std::array<std::uint32_t, 4>;

// The cipher itself: ten rounds over `counter`.
RandomBlock philox(RandomBlock counter, std::array<std::uint32_t, 2> key);

// One key made of a seed and what it is for, such as {step, sample, node, tick}. The order of the parts matters, and
// so does their number.
std::uint64_t random_key(std::uint64_t seed, std::initializer_list<std::uint64_t> parts);

// The number in [0, 1) that belongs to element `index` of the field `key`; fill_uniform() gives out[i] the number of
// element first + i. Multiples of 2^-24.
float uniform_at(std::uint64_t key, std::uint64_t index);
void fill_uniform(std::uint64_t key, std::uint64_t first, std::span<float> out);

// A number in [0, 1) from a seed and any keys: counter_uniform(seed, step, sample, node, tick).
template <std::convertible_to<std::uint64_t>... Keys>
float counter_uniform(std::uint64_t seed, Keys... keys) {
  return uniform_at(random_key(seed, {static_cast<std::uint64_t>(keys)...}), 0);
}

// A sequence of random numbers. Copies continue alike.
class Random {
 public:
  // Everything there is to a generator; for checkpoints.
  struct State {
    std::uint64_t key = 0;
    std::uint64_t position = 0;  // 32-bit numbers drawn so far
    friend bool operator==(const State&, const State&) = default;
  };

  // Different seeds, and different streams of one seed, give independent sequences.
  template <std::convertible_to<std::uint64_t>... Streams>
  explicit Random(std::uint64_t seed, Streams... streams)
      : Random(State{random_key(seed, {static_cast<std::uint64_t>(streams)...}), 0}) {}
  explicit Random(const State& state) : state_(state) {}

  const State& state() const { return state_; }

  std::uint32_t uniform_u32();
  std::uint64_t uniform_u64();
  // In [0, 1): multiples of 2^-24 and 2^-53.
  float uniform_float();
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Mean 0, variance 1, by Box and Muller.
  double normal();
  // A whole number in [0, count) without bias. `count` must not be 0.
  std::uint64_t below(std::uint64_t count);

  // All orders are equally likely (Fisher and Yates).
  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(left)]);
  }

 private:
  State state_;
  // The block that holds `position`, kept because four draws share it.
  RandomBlock block_{};
  bool has_block_ = false;
};

}  // namespace longtake
