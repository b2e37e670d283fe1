#include "kernels/winograd_gradient.h"

#include <algorithm>
#include <array>

namespace longtake::kernels {

namespace {

constexpr std::int64_t kLeastGradientTiles = 96, kMostGradientTiles = 480;
constexpr std::int64_t kGradientFloats = 3 << 20;  // of transformed tiles, about: what the last cache holds

}  // namespace

WinogradWeightGradient::WinogradWeightGradient(KernelLevel level, const WinogradGrid& grid, std::int64_t channels,
                                               std::int64_t outputs)
    : kernels_(kernels_of(level)),
      grid_(grid),
      channels_(channels),
      outputs_(outputs),
      panels_(divide_up(outputs, kernels_.tile.width)),
      tiles_at_once_(std::clamp(kGradientFloats / (kWinogradPoints * (channels + outputs)), kLeastGradientTiles,
                                kMostGradientTiles)),
      input_stride_(winograd_stride(tiles_at_once_ * channels)),
      gradient_stride_(winograd_stride(tiles_at_once_ * panels_ * kernels_.tile.width)),
      zeros_(static_cast<std::size_t>(std::max(channels, panels_ * kernels_.tile.width))),
      sums_(static_cast<std::size_t>(kWinogradPoints * channels * panels_ * kernels_.tile.width)) {
  inputs_.reserve(kWinogradPoints * input_stride_);
  float* gradients = gradients_.reserve(kWinogradPoints * gradient_stride_);
  // Beyond the outputs, which the transform leaves alone.
  if (outputs % kernels_.tile.width != 0) std::fill_n(gradients, kWinogradPoints * gradient_stride_, 0.0F);
}

void WinogradWeightGradient::add(const float* maps, const float* gradients, std::int64_t rows, ThreadPool* pool) {
  const std::int64_t tiles = rows * grid_.tiles();
  for (std::int64_t first = 0; first < tiles;) {
    const std::int64_t count = std::min(tiles_at_once_ - filled_, tiles - first);
    for_ranges(pool, count, kWinogradPoints * (channels_ + outputs_), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) transform(maps, gradients, first + i, filled_ + i);
    });
    filled_ += count;
    first += count;
    if (filled_ == tiles_at_once_) multiply(pool);
  }
}

// All tiles that wait.
void WinogradWeightGradient::multiply(ThreadPool* pool) {
  for_ranges(pool, kWinogradPoints, filled_ * channels_ * outputs_ / 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t point = begin; point < end; ++point) multiply(point, filled_);
  });
  filled_ = 0;
}

void WinogradWeightGradient::transform(const float* maps, const float* gradients, std::int64_t number,
                                       std::int64_t tile) {
  const WinogradGrid::Place place = grid_.place(number);
  std::array<const float*, kWinogradPoints> pixels;
  grid_.input_pixels(place, maps, channels_, zeros_.data(), pixels);
  kernels_.winograd.input({pixels.data(), inputs_.data() + tile * channels_, input_stride_}, channels_);

  const std::int64_t side = grid_.tile(), width = kernels_.tile.width;
  grid_.output_pixels<const float>(place, gradients, outputs_, zeros_.data(), pixels);
  const auto adjoint = side == 4 ? kernels_.winograd.output_adjoint4 : kernels_.winograd.output_adjoint2;
  for (std::int64_t panel = 0; panel < panels_; ++panel) {
    adjoint({pixels.data(), gradients_.data() + (panel * tiles_at_once_ + tile) * width, gradient_stride_},
            std::min(width, outputs_ - panel * width));
    for (std::int64_t i = 0; i < side * side; ++i) pixels[static_cast<std::size_t>(i)] += width;
  }
}

void WinogradWeightGradient::multiply(std::int64_t point, std::int64_t tiles) {
  const std::int64_t width = kernels_.tile.width, most = kernels_.tile.rows_at_once;
  const std::int64_t rows = divide_up(channels_, divide_up(channels_, most)), stride = panels_ * width;
  const Run run{0, tiles};
  for (std::int64_t panel = 0; panel < panels_; ++panel) {
    for (std::int64_t c = 0; c < channels_; c += rows) {
      const float* from = inputs_.data() + point * input_stride_ + c;
      float* to = sums_.data() + (point * channels_ + c) * stride + panel * width;
      kernels_.tile.run_columns({&from,
                                 std::min(rows, channels_ - c),
                                 &run,
                                 1,
                                 gradients_.data() + point * gradient_stride_ + panel * tiles_at_once_ * width,
                                 0,
                                 1,
                                 nullptr,
                                 to,
                                 stride,
                                 width,
                                 {},
                                 channels_});
    }
  }
}

void WinogradWeightGradient::finish(std::span<float> weight, ThreadPool* pool) {
  multiply(pool);
  const std::int64_t stride = panels_ * kernels_.tile.width, size = outputs_ * channels_;
  std::vector<float> turned(static_cast<std::size_t>(kWinogradPoints * size));
  for_ranges(pool, kWinogradPoints, 4 * size, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t point = begin; point < end; ++point) {
      for (std::int64_t c = 0; c < channels_; ++c) {
        const float* from = &sums_[static_cast<std::size_t>((point * channels_ + c) * stride)];
        float* to = &turned[static_cast<std::size_t>(point * size + c)];
        for (std::int64_t o = 0; o < outputs_; ++o) to[o * channels_] = from[o];
      }
    }
  });
  winograd_weights_adjoint(turned, grid_.taps, weight, pool);
}

}  // namespace longtake::kernels
