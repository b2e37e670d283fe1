#include "kernels/byte_matrix.h"

#include <algorithm>
#include <array>

#include "kernels/level.h"
#include "kernels/ranges.h"

namespace longtake::kernels {

namespace {

constexpr std::int64_t kDepthStep = 4;

}  // namespace

ByteMatrix::ByteMatrix(KernelLevel level, std::int64_t outputs, std::int64_t depth, const float* weight,
                       const float* bias)
    : kernel_(&kernels_of(level).bytes),
      outputs_(outputs),
      depth_(depth),
      padded_(divide_up(depth, kDepthStep) * kDepthStep),
      panels_(divide_up(outputs, kWidth)),
      packed_(static_cast<std::size_t>(panels_ * padded_ * kWidth), 0),
      rows_(static_cast<std::size_t>(kRowBlock * padded_), 0) {
  float* scales = scales_.reserve(panels_ * kWidth);
  float* start = start_.reserve(panels_ * kWidth);
  std::fill_n(scales, panels_ * kWidth, 0.0f);
  std::fill_n(start, panels_ * kWidth, 0.0f);
  if (bias != nullptr) std::copy_n(bias, outputs, start);
  std::vector<std::int8_t> row(static_cast<std::size_t>(depth));
  for (std::int64_t o = 0; o < outputs; ++o) {
    scales[o] = kernel_->quantise(weight + o * depth, row.data(), depth);
    std::int8_t* panel = packed_.data() + o / kWidth * padded_ * kWidth + o % kWidth * kDepthStep;
    for (std::int64_t k = 0; k < depth; ++k) {
      panel[k / kDepthStep * kDepthStep * kWidth + k % kDepthStep] = row[static_cast<std::size_t>(k)];
    }
  }
}

std::int64_t ByteMatrix::bytes() const {
  return static_cast<std::int64_t>(packed_.size() + rows_.size()) + scales_.bytes() + start_.bytes();
}

void ByteMatrix::multiply(const float* x, std::int64_t rows, float* y, const Limits& limits, ThreadPool* pool) {
  const std::int64_t at_once = kernel_->panels_at_once, groups = divide_up(panels_, at_once);
  for (std::int64_t first = 0; first < rows; first += kRowBlock) {
    const std::int64_t count = std::min(kRowBlock, rows - first);
    std::array<float, kRowBlock> row_scales;
    for (std::int64_t r = 0; r < count; ++r) {
      row_scales[r] = kernel_->quantise(x + (first + r) * depth_, rows_.data() + r * padded_, depth_);
    }
    const std::int64_t cost = at_once * kWidth * padded_ / 4 * divide_up(count, 2);
    for_ranges(pool, groups, cost, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t group = begin; group < end; ++group) {
        const std::int64_t panel = group * at_once;
        kernel_->run({rows_.data(), count, padded_, packed_.data() + panel * padded_ * kWidth,
                      std::min(at_once, panels_ - panel), row_scales.data(), scales_.data() + panel * kWidth,
                      start_.data() + panel * kWidth, y + first * outputs_ + panel * kWidth, outputs_,
                      outputs_ - panel * kWidth, limits});
      }
    });
  }
}

}  // namespace longtake::kernels
