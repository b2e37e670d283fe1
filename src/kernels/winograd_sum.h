// Winograd's convolution (Lavin and Gray, 1509.09308): a tile of m x m outputs of a kernel of r x r takes 36 products a
// channel in place of m^2 r^2, where m + r - 1 = 6: F(4 x 4, 3 x 3) a quarter, F(2 x 2, 5 x 5) 36 / 100.
//
// In one dimension, m outputs of r taps are coefficients of a product of polynomials, so they follow from its values at
// six points (0, 1, -1, 2, -2 and infinity): y = A^T [(G w) (B^T d)], element by element, where
//
//   the row of G of a point p is 1, p, ..., p^(r-1), divided by the product of p - q over the other points q,
//   the column of A^T is 1, p, ..., p^(m-1); at infinity both have a single 1 at their end;
//   B^T is what makes it exact, the same for every m and r with m + r - 1 = 6.
//
// In two dimensions: Y = A^T [(G w G^T) (B^T d B)] A. The sum over input channels is taken between the two, so each of
// the 36 points is a matrix product, tiles x channels x outputs. Weights are transformed once, in double precision.
// Tiles are taken in blocks, so that what is between the transforms stays in the cache.
//
// The error is about 2e-6 of the result's norm, direct convolution's 4e-7 (the tests bound both against double
// precision; docs/architecture.md).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/level.h"
#include "kernels/matrix.h"
#include "kernels/ranges.h"
#include "kernels/workspaces.h"

namespace longtake::kernels {

constexpr std::int64_t kWinogradSide = 6, kWinogradPoints = kWinogradSide * kWinogradSide;
constexpr std::int64_t kFewestWinogradChannels = 8;  // of a group, in and out: fewer are not worth the transforms

// Whether it is for convolutions of these taps and steps to a map of that size, [height, width] each: 3 x 3 or 5 x 5
// one by one, and a map that fills enough of a tile.
bool suits_winograd(std::span<const std::int64_t> taps, std::span<const std::int64_t> stride,
                    std::span<const std::int64_t> dilation, std::span<const std::int64_t> map);

// G w G^T of weights [count, taps, taps]: [36, count].
std::vector<float> winograd_weights(std::span<const float> weight, std::int64_t taps, ThreadPool* pool);
// Its adjoint, of gradients: [36, count] to [count, taps, taps].
void winograd_weights_adjoint(std::span<const float> transformed, std::int64_t taps, std::span<float> weight,
                              ThreadPool* pool);

// The grid of the maps, and the taps on it.
struct WinogradGrid {
  std::int64_t height, width, out_height, out_width;
  std::array<std::int64_t, 2> pad;
  std::int64_t taps;  // 3 or 5

  std::int64_t tile() const { return kWinogradSide + 1 - taps; }  // outputs to its side
  std::int64_t tiles_x() const { return (out_width + tile() - 1) / tile(); }
  std::int64_t tiles() const { return (out_height + tile() - 1) / tile() * tiles_x(); }

  // A tile's row of the call and the place of its first output.
  struct Place {
    std::int64_t row, y, x;
  };
  Place place(std::int64_t index) const {
    const std::int64_t in_row = index % tiles();
    return {index / tiles(), in_row / tiles_x() * tile(), in_row % tiles_x() * tile()};
  }
  // The pixels of `map`, channels last, under a tile of the input; `outside` where there is none.
  void input_pixels(const Place& place, const float* map, std::int64_t channels, const float* outside,
                    std::array<const float*, kWinogradPoints>& pixels) const;
  // Likewise those of a tile of the output, tile() squared.
  template <class T>
  void output_pixels(const Place& place, T* map, std::int64_t channels, T* outside, std::span<T*> pixels) const {
    T* from = map + place.row * channels * out_height * out_width;
    for (std::int64_t i = 0; i < tile() * tile(); ++i) {
      const std::int64_t y = place.y + i / tile(), x = place.x + i % tile();
      const bool inside = y < out_height && x < out_width;
      pixels[static_cast<std::size_t>(i)] = inside ? from + (y * out_width + x) * channels : outside;
    }
  }
};

// Floats that points lie apart: a line of the cache more than they need, so that those of a tile do not push each other
// out.
inline std::int64_t winograd_stride(std::int64_t floats) { return (floats + 15) / 16 * 16 + 16; }

// What is convolved: rows of maps, [rows, height, width, channels] each.
struct WinogradCall {
  std::int64_t rows = 0;
  std::span<const float* const> inputs;
  ThreadPool* pool = nullptr;        // null: this thread only
  Workspaces* workspaces = nullptr;  // for as many threads
};

// A map that is convolved, and its weights [outputs, channels / groups, taps, taps].
struct WinogradSummand {
  std::int64_t channels;
  std::span<const float> weight;
};

// The sum of the convolutions of some maps, up to the products of every tile.
class WinogradSum {
 public:
  WinogradSum(KernelLevel level, const WinogradGrid& grid, std::int64_t outputs, std::int64_t groups,
              const std::vector<WinogradSummand>& summands, ThreadPool* pool = nullptr);

  std::int64_t bytes() const;
  std::int64_t outputs() const { return outputs_; }
  const WinogradGrid& grid() const { return grid_; }

  // finish(place, output, scratch) for every tile, where of `output` only in and stride are set, and scratch has
  // `extra` floats. call.inputs[at[i]] are the maps of summand i.
  template <class Finish>
  void run(const WinogradCall& call, std::span<const std::size_t> at, std::int64_t extra, const Finish& finish) const {
    const std::int64_t tiles = call.rows * grid_.tiles(), size = block_size(call, tiles);
    const std::int64_t input_stride = winograd_stride(size * depth_), output_stride = winograd_stride(size * outputs_);
    const std::int64_t floats = kWinogradPoints * (input_stride + output_stride);
    call.workspaces->reserve(floats + extra);
    const std::int64_t cost = size * kWinogradPoints * depth_ * outputs_ / 16;  // in floats read, about
    for_ranges(call.pool, (tiles + size - 1) / size, cost, [&](std::int64_t begin, std::int64_t end) {
      const Workspaces::Loan space(*call.workspaces);
      float* inputs = space.data();
      float* products = inputs + kWinogradPoints * input_stride;
      for (std::int64_t first = begin * size; first < std::min(tiles, end * size); first += size) {
        const std::int64_t count = std::min(size, tiles - first);
        for (std::int64_t t = 0; t < count; ++t) {
          transform(call, at, grid_.place(first + t), {nullptr, inputs + t * depth_, input_stride});
        }
        multiply(inputs, input_stride, count, products, output_stride);
        for (std::int64_t t = 0; t < count; ++t) {
          finish(grid_.place(first + t), WinogradOutput{.in = products + t * outputs_, .stride = output_stride},
                 space.data() + floats);
        }
      }
    });
  }

  // A finished tile: output's pixels from its products.
  void transform_output(const WinogradOutput& output) const {
    (grid_.tile() == 4 ? transforms_.output4 : transforms_.output2)(output, outputs_);
  }

 private:
  std::int64_t block_size(const WinogradCall& call, std::int64_t tiles) const;
  void transform(const WinogradCall& call, std::span<const std::size_t> at, const WinogradGrid::Place& place,
                 WinogradInput input) const;
  void multiply(const float* inputs, std::int64_t input_stride, std::int64_t tiles, float* products,
                std::int64_t output_stride) const;

  const WinogradTransforms& transforms_;
  WinogradGrid grid_;
  std::int64_t outputs_, groups_, tiles_at_once_;
  std::vector<std::int64_t> channels_;  // per summand
  std::int64_t depth_;                  // their sum
  std::vector<float> zeros_;            // a pixel outside of the map
  std::vector<PackedMatrix> matrices_;  // per point and group
};

// Writes the output pixels of a tile, bias and relu applied, into `map`, channels last.
void write_winograd_tile(const WinogradSum& sum, WinogradOutput output, const WinogradGrid::Place& place, float* map);

}  // namespace longtake::kernels
