#include "kernels/matrix.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/half.h"
#include "kernels/level.h"
#include "kernels/ranges.h"

namespace longtake::kernels {

namespace {

constexpr std::int64_t kMostRowsAtOnce = 16;
constexpr std::int64_t kMostDepth = 512;  // of a block, at any level
constexpr std::int64_t kMostWidth = 32;   // of a panel, at any level

}  // namespace

PackedMatrix::PackedMatrix(KernelLevel level, std::int64_t outputs, std::int64_t depth, const float* weight,
                           const float* bias, std::vector<Run> runs, Numbers numbers)
    : kernel_(&kernels_of(level).tile),
      outputs_(outputs),
      depth_(depth),
      panels_(divide_up(outputs, kernel_->width)),
      runs_(std::move(runs)) {
  pack(weight, bias, numbers);
  split_runs(runs_);
}

void PackedMatrix::pack(const float* weight, const float* bias, Numbers numbers) {
  const std::int64_t width = kernel_->width, count = panels_ * depth_ * width;
  const auto place = [&](auto* to, const auto& number) {
    std::fill_n(to, count, number(0.0f));
    for (std::int64_t o = 0; o < outputs_; ++o) {
      auto* column = to + o / width * depth_ * width + o % width;
      for (std::int64_t k = 0; k < depth_; ++k) column[k * width] = number(weight[o * depth_ + k]);
    }
  };
  if (numbers == Numbers::kHalves) {
    halves_.resize(static_cast<std::size_t>(count));
    place(halves_.data(), half_of_float);
  } else {
    place(packed_.reserve(count), [](float number) { return number; });
  }
  float* start = start_.reserve(panels_ * width);
  std::fill_n(start, panels_ * width, 0.0f);
  if (bias != nullptr) std::copy_n(bias, outputs_, start);
}

void PackedMatrix::split_runs(const std::vector<Run>& runs) {
  std::int64_t done = 0;
  blocks_.push_back({0, 0, 0});
  for (Run run : runs) {
    while (run.length > 0) {
      const std::int64_t room = blocks_.back().begin + kernel_->depth - done;
      if (room == 0) {
        const auto next = static_cast<std::int64_t>(block_runs_.size());
        blocks_.push_back({done, next, next});
        continue;
      }
      const std::int64_t length = std::min(run.length, room);
      block_runs_.push_back({run.offset, length});
      blocks_.back().last_run = static_cast<std::int64_t>(block_runs_.size());
      run = {run.offset + length, run.length - length};
      done += length;
    }
  }
}

void PackedMatrix::multiply(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride,
                            const Limits& limits, bool onto, ThreadPool* pool) const {
  if (rows <= kernel_->rows_at_once) {
    multiply_few(x, rows, y, y_stride, limits, onto, pool);
    return;
  }
  const std::int64_t row_blocks = divide_up(rows, kRowBlock);
  const std::int64_t threads = pool == nullptr ? 1 : pool->threads();
  // Enough tasks for all threads: the outputs are split as far as the rows alone are too few.
  const std::int64_t wanted = threads == 1 ? 1 : divide_up(4 * threads, row_blocks);
  const std::int64_t panels_each = divide_up(panels_, std::min(wanted, panels_));
  const std::int64_t parts = divide_up(panels_, panels_each);
  const std::int64_t work = rows * depth_ * panels_ * kernel_->width / 16;  // in floats read, about
  for_ranges(pool, row_blocks * parts, work / (row_blocks * parts), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t row = task / parts * kRowBlock, panel = task % parts * panels_each;
      // Rows that lie a power of two apart would push each other out of the cache, so plain rows are copied together.
      const bool copy = x.offsets == nullptr && panels_each >= 4;
      multiply_block(x, row, std::min(rows, row + kRowBlock), panel, std::min(panels_, panel + panels_each), copy, y,
                     y_stride, limits, onto);
    }
  });
}

void PackedMatrix::multiply_here(const float* x, std::int64_t stride, std::int64_t rows, float* y,
                                 std::int64_t y_stride) const {
  multiply_block({x, nullptr, stride}, 0, rows, 0, panels_, false, y, y_stride, Limits{}, false);
}

// So few rows that each weight is used once: the whole depth at a stretch, as fast as the weights can be read.
void PackedMatrix::multiply_few(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride,
                                const Limits& limits, bool onto, ThreadPool* pool) const {
  std::array<const float*, kMostRowsAtOnce> addresses;
  for (std::int64_t r = 0; r < rows; ++r) addresses[r] = x.row(r);
  const std::int64_t at_once = kernel_->panels_at_once(rows);
  const std::int64_t width = kernel_->width, panel_size = depth_ * width;
  for_ranges(pool, divide_up(panels_, at_once), at_once * panel_size, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t group = begin; group < end; ++group) {
      const std::int64_t panel = group * at_once;
      TileCall call{.rows = addresses.data(),
                    .row_count = rows,
                    .runs = runs_.data(),
                    .run_count = static_cast<std::int64_t>(runs_.size()),
                    .panels = nullptr,
                    .panel_stride = panel_size,
                    .panel_count = std::min(at_once, panels_ - panel),
                    .start = onto ? nullptr : start_.data() + panel * width,
                    .out = y + panel * width,
                    .out_stride = y_stride,
                    .columns = outputs_ - panel * width,
                    .limits = limits};
      if (halves_.empty()) {
        call.panels = packed_.data() + panel * panel_size;
        kernel_->run(call);
      } else {
        call.halves = halves_.data() + panel * panel_size;
        kernel_->run_halves(call);
      }
    }
  });
}

void PackedMatrix::multiply_block(const RowAddresses& x, std::int64_t row_begin, std::int64_t row_end,
                                  std::int64_t panel_begin, std::int64_t panel_end, bool copy, float* y,
                                  std::int64_t y_stride, const Limits& limits, bool onto) const {
  std::array<const float*, kRowBlock> addresses;
  alignas(64) std::array<float, kRowBlock * kMostDepth> copies;    // 384 KiB of the thread's stack
  alignas(64) std::array<float, kMostWidth * kMostDepth> widened;  // a panel's block, 64 KiB
  const std::int64_t width = kernel_->width, rows = row_end - row_begin;
  const std::int64_t at_once = divide_up(rows, divide_up(rows, kernel_->rows_at_once));  // tiles of about equal size
  for (const Block& block : blocks_) {
    const bool first = &block == &blocks_.front(), last = &block == &blocks_.back();
    const Run* runs = block_runs_.data() + block.first_run;
    const Run copied{0, runs->length};
    for (std::int64_t r = 0; r < rows; ++r) {
      addresses[r] = x.row(row_begin + r);
      if (!copy) continue;
      float* to = copies.data() + r * kernel_->depth;
      std::memcpy(to, addresses[r] + runs->offset, static_cast<std::size_t>(runs->length) * sizeof(float));
      addresses[r] = to;
    }
    for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
      const std::int64_t at = (panel * depth_ + block.begin) * width;
      const float* weights = widened.data();
      if (halves_.empty()) {
        weights = packed_.data() + at;
      } else {
        const std::int64_t end = last ? depth_ : (&block + 1)->begin;
        kernel_->widen(halves_.data() + at, widened.data(), (end - block.begin) * width);
      }
      for (std::int64_t row = 0; row < rows; row += at_once) {
        kernel_->run({.rows = addresses.data() + row,
                      .row_count = std::min(at_once, rows - row),
                      .runs = copy ? &copied : runs,
                      .run_count = copy ? 1 : block.last_run - block.first_run,
                      .panels = weights,
                      .panel_stride = 0,
                      .panel_count = 1,
                      .start = first && !onto ? start_.data() + panel * width : nullptr,
                      .out = y + (row_begin + row) * y_stride + panel * width,
                      .out_stride = y_stride,
                      .columns = outputs_ - panel * width,
                      .limits = last ? limits : Limits{}});
      }
    }
  }
}

}  // namespace longtake::kernels
