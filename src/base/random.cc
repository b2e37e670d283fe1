#include "base/random.h"

#include <cmath>
#include <numbers>

#include "longtake/error.h"

namespace longtake {
namespace {

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

// The counter's last word keeps blocks of numbers and derivations of keys apart.
constexpr std::uint32_t kNumbers = 0;
constexpr std::uint32_t kKeys = 1;

RandomBlock block_at(std::uint64_t key, std::uint64_t index) {
  return philox({low(index), high(index), 0, kNumbers}, {low(key), high(key)});
}

float to_float(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace

RandomBlock philox(RandomBlock counter, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {high(product1) ^ counter[1] ^ key[0], low(product1), high(product0) ^ counter[3] ^ key[1],
               low(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::uint64_t random_key(std::uint64_t seed, std::initializer_list<std::uint64_t> parts) {
  // Each part is enciphered under the key of those before it; its place is in the counter.
  std::uint64_t key = seed;
  std::uint32_t place = 0;
  for (const std::uint64_t part : parts) {
    const RandomBlock block = philox({low(part), high(part), place++, kKeys}, {low(key), high(key)});
    key = block[0] | std::uint64_t{block[1]} << 32;
  }
  return key;
}

float uniform_at(std::uint64_t key, std::uint64_t index) { return to_float(block_at(key, index / 4)[index % 4]); }

void fill_uniform(std::uint64_t key, std::uint64_t first, std::span<float> out) {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t index = first + i;
    const RandomBlock block = block_at(key, index / 4);
    for (std::size_t lane = index % 4; lane < 4 && i < out.size(); ++lane) out[i++] = to_float(block[lane]);
  }
}

std::uint32_t Random::uniform_u32() {
  const std::size_t lane = state_.position % 4;
  if (!has_block_ || lane == 0) {
    block_ = block_at(state_.key, state_.position / 4);
    has_block_ = true;
  }
  ++state_.position;
  return block_[lane];
}

std::uint64_t Random::uniform_u64() {
  const std::uint64_t first = uniform_u32();
  return first | std::uint64_t{uniform_u32()} << 32;
}

float Random::uniform_float() { return to_float(uniform_u32()); }

double Random::uniform() { return static_cast<double>(uniform_u64() >> 11) * 0x1p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));  // log of a number in (0, 1]
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Random::below(std::uint64_t count) {
  if (count == 0) throw InvalidArgument("there is no whole number below 0 to draw");
  // Draws from the largest multiple of `count` that fits 64 bits; a draw above it is repeated.
  const std::uint64_t excess = (~std::uint64_t{0} % count + 1) % count;
  std::uint64_t number = uniform_u64();
  while (number > ~std::uint64_t{0} - excess) number = uniform_u64();
  return number % count;
}

}  // namespace longtake
