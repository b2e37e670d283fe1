#include "kernels/winograd_sum.h"

#include <cmath>
#include <numeric>

namespace longtake::kernels {

namespace {

constexpr std::int64_t kMostTilesAtOnce = 48;  // of a block

// G, [6][taps].
std::vector<double> weight_transform(std::int64_t taps) {
  constexpr std::array<double, 5> kValues{0, 1, -1, 2, -2};
  std::vector<double> g;
  for (const double p : kValues) {
    double divisor = 1;
    for (const double q : kValues) divisor *= q == p ? 1 : p - q;
    for (std::int64_t t = 0; t < taps; ++t) g.push_back(std::pow(p, static_cast<double>(t)) / divisor);
  }
  for (std::int64_t t = 0; t < taps; ++t) g.push_back(t == taps - 1 ? 1 : 0);
  return g;
}

// to[row][i] += factor[row][column] from[column][i], for a few of many numbers i side by side.
void add_product(const std::vector<double>& factors, std::int64_t rows, std::int64_t columns, std::int64_t row_step,
                 std::int64_t column_step, const double* from, std::int64_t from_step, double* to, std::int64_t to_step,
                 std::int64_t count) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const double factor = factors[static_cast<std::size_t>(r * row_step + c * column_step)];
      if (factor == 0) continue;
      const double* __restrict a = from + c * from_step;
      double* __restrict b = to + r * to_step;
      for (std::int64_t i = 0; i < count; ++i) b[i] += factor * a[i];
    }
  }
}

constexpr std::int64_t kWeightsAtOnce = 64;  // weights that are transformed together, in the first cache

// transform(first) for every kWeightsAtOnce-th of the weights.
template <class Transform>
void for_weights(ThreadPool* pool, std::int64_t total, const Transform& transform) {
  for_ranges(pool, divide_up(total, kWeightsAtOnce), kWeightsAtOnce * kWinogradPoints * 8,
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t block = begin; block < end; ++block) transform(block * kWeightsAtOnce);
             });
}

}  // namespace

bool suits_winograd(std::span<const std::int64_t> taps, std::span<const std::int64_t> stride,
                    std::span<const std::int64_t> dilation, std::span<const std::int64_t> map) {
  constexpr std::int64_t kLeastSide = 3;
  return taps[0] == taps[1] && (taps[0] == 3 || taps[0] == 5) && std::max(stride[0], stride[1]) == 1 &&
         std::max(dilation[0], dilation[1]) == 1 && std::min(map[0], map[1]) >= kLeastSide;
}

std::vector<float> winograd_weights(std::span<const float> weight, std::int64_t taps, ThreadPool* pool) {
  const std::vector<double> g = weight_transform(taps);
  const std::int64_t area = taps * taps, total = static_cast<std::int64_t>(weight.size()) / area;
  std::vector<float> out(static_cast<std::size_t>(kWinogradPoints * total));
  const auto transform = [&](std::int64_t first) {
    const std::int64_t count = std::min(kWeightsAtOnce, total - first);
    std::array<double, 25 * kWeightsAtOnce> given;
    std::array<double, kWinogradSide * 5 * kWeightsAtOnce> halfway;
    std::array<double, kWinogradPoints * kWeightsAtOnce> done;
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t t = 0; t < area; ++t) {
        given[static_cast<std::size_t>(t * kWeightsAtOnce + i)] =
            weight[static_cast<std::size_t>((first + i) * area + t)];
      }
    }
    halfway.fill(0);
    done.fill(0);
    // G w: rows of taps to rows of points; then (G w) G^T.
    add_product(g, kWinogradSide, taps, taps, 1, given.data(), taps * kWeightsAtOnce, halfway.data(),
                taps * kWeightsAtOnce, taps * kWeightsAtOnce);
    for (std::int64_t y = 0; y < kWinogradSide; ++y) {
      add_product(g, kWinogradSide, taps, taps, 1, &halfway[static_cast<std::size_t>(y * taps * kWeightsAtOnce)],
                  kWeightsAtOnce, &done[static_cast<std::size_t>(y * kWinogradSide * kWeightsAtOnce)], kWeightsAtOnce,
                  count);
    }
    for (std::int64_t p = 0; p < kWinogradPoints; ++p) {
      for (std::int64_t i = 0; i < count; ++i) {
        out[static_cast<std::size_t>(p * total + first + i)] =
            static_cast<float>(done[static_cast<std::size_t>(p * kWeightsAtOnce + i)]);
      }
    }
  };
  for_weights(pool, total, transform);
  return out;
}

void winograd_weights_adjoint(std::span<const float> transformed, std::int64_t taps, std::span<float> weight,
                              ThreadPool* pool) {
  const std::vector<double> g = weight_transform(taps);
  const std::int64_t area = taps * taps, total = static_cast<std::int64_t>(weight.size()) / area;
  const auto transform = [&](std::int64_t first) {
    const std::int64_t count = std::min(kWeightsAtOnce, total - first);
    std::array<double, kWinogradPoints * kWeightsAtOnce> given;
    std::array<double, kWinogradSide * 5 * kWeightsAtOnce> halfway;
    std::array<double, 25 * kWeightsAtOnce> done;
    for (std::int64_t p = 0; p < kWinogradPoints; ++p) {
      for (std::int64_t i = 0; i < count; ++i) {
        given[static_cast<std::size_t>(p * kWeightsAtOnce + i)] =
            transformed[static_cast<std::size_t>(p * total + first + i)];
      }
    }
    halfway.fill(0);
    done.fill(0);
    for (std::int64_t y = 0; y < kWinogradSide; ++y) {
      add_product(g, taps, kWinogradSide, 1, taps, &given[static_cast<std::size_t>(y * kWinogradSide * kWeightsAtOnce)],
                  kWeightsAtOnce, &halfway[static_cast<std::size_t>(y * taps * kWeightsAtOnce)], kWeightsAtOnce, count);
    }
    add_product(g, taps, kWinogradSide, 1, taps, halfway.data(), taps * kWeightsAtOnce, done.data(),
                taps * kWeightsAtOnce, taps * kWeightsAtOnce);
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t t = 0; t < area; ++t) {
        weight[static_cast<std::size_t>((first + i) * area + t)] =
            static_cast<float>(done[static_cast<std::size_t>(t * kWeightsAtOnce + i)]);
      }
    }
  };
  for_weights(pool, total, transform);
}

void WinogradGrid::input_pixels(const Place& place, const float* map, std::int64_t channels, const float* outside,
                                std::array<const float*, kWinogradPoints>& pixels) const {
  const float* from = map + place.row * channels * height * width;
  for (std::int64_t p = 0; p < kWinogradPoints; ++p) {
    const std::int64_t y = place.y - pad[0] + p / kWinogradSide, x = place.x - pad[1] + p % kWinogradSide;
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    pixels[static_cast<std::size_t>(p)] = inside ? from + (y * width + x) * channels : outside;
  }
}

WinogradSum::WinogradSum(KernelLevel level, const WinogradGrid& grid, std::int64_t outputs, std::int64_t groups,
                         const std::vector<WinogradSummand>& summands, ThreadPool* pool)
    : transforms_(kernels_of(level).winograd),
      grid_(grid),
      outputs_(outputs),
      groups_(groups),
      tiles_at_once_(kernels_of(level).tile.rows_at_once) {
  std::vector<std::vector<float>> transformed;
  for (const WinogradSummand& summand : summands) {
    channels_.push_back(summand.channels);
    transformed.push_back(winograd_weights(summand.weight, grid.taps, pool));
  }
  depth_ = std::accumulate(channels_.begin(), channels_.end(), std::int64_t{0});
  zeros_.resize(static_cast<std::size_t>(*std::max_element(channels_.begin(), channels_.end())));
  const std::int64_t depth = depth_ / groups, out = outputs / groups;
  std::vector<float> weights(static_cast<std::size_t>(out * depth));
  for (std::int64_t point = 0; point < kWinogradPoints; ++point) {
    for (std::int64_t group = 0; group < groups; ++group) {
      for (std::int64_t o = 0; o < out; ++o) {
        float* to = &weights[static_cast<std::size_t>(o * depth)];
        for (std::size_t i = 0; i < transformed.size(); ++i) {
          const std::int64_t channels = channels_[i] / groups;
          to = std::copy_n(transformed[i].begin() + ((point * outputs) + group * out + o) * channels, channels, to);
        }
      }
      matrices_.emplace_back(level, out, depth, weights.data(), nullptr, std::vector<Run>{{0, depth}});
    }
  }
}

std::int64_t WinogradSum::bytes() const {
  auto bytes = static_cast<std::int64_t>(zeros_.size() * sizeof(float));
  for (const PackedMatrix& matrix : matrices_) bytes += matrix.bytes();
  return bytes;
}

// Tiles that are taken together: few enough for the cache and for all threads to have some, whole steps of the kernel.
std::int64_t WinogradSum::block_size(const WinogradCall& call, std::int64_t tiles) const {
  const std::int64_t threads = call.pool == nullptr ? 1 : call.pool->threads();
  const std::int64_t blocks = std::max(divide_up(tiles, kMostTilesAtOnce), std::min(threads, tiles));
  return std::min(kMostTilesAtOnce, divide_up(divide_up(tiles, blocks), tiles_at_once_) * tiles_at_once_);
}

void WinogradSum::transform(const WinogradCall& call, std::span<const std::size_t> at, const WinogradGrid::Place& place,
                            WinogradInput input) const {
  std::array<const float*, kWinogradPoints> pixels;
  input.pixels = pixels.data();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    grid_.input_pixels(place, call.inputs[at[i]], channels_[i], zeros_.data(), pixels);
    transforms_.input(input, channels_[i]);
    input.out += channels_[i];
  }
}

void WinogradSum::multiply(const float* inputs, std::int64_t input_stride, std::int64_t tiles, float* products,
                           std::int64_t output_stride) const {
  for (std::int64_t point = 0; point < kWinogradPoints; ++point) {
    for (std::int64_t group = 0; group < groups_; ++group) {
      matrices_[static_cast<std::size_t>(point * groups_ + group)].multiply_here(
          inputs + point * input_stride + group * (depth_ / groups_), depth_, tiles,
          products + point * output_stride + group * (outputs_ / groups_), outputs_);
    }
  }
}

void write_winograd_tile(const WinogradSum& sum, WinogradOutput output, const WinogradGrid::Place& place, float* map) {
  std::array<float*, 16> pixels;
  sum.grid().output_pixels<float>(place, map, sum.outputs(), nullptr, pixels);
  output.pixels = pixels.data();
  sum.transform_output(output);
}

}  // namespace longtake::kernels
