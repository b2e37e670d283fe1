// The matrix product that everything heavy is made of: y = x W^T + b, with the weights packed once.
//
// Every output is one accumulator that starts at the bias and takes fma(x[k], w[k], .) for k ascending. So its bits do
// not depend on how many rows share the call, on how the work is split over threads, nor on the width of the vectors:
// all levels agree bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/buffer.h"
#include "kernels/choice.h"
#include "kernels/limits.h"

namespace longtake::kernels {

// A stretch of consecutive numbers of an input row: `length` of them, `offset` after the row's address. The numbers of
// a row are those of its runs, one after the other; a plain row is one run, the window of a convolution several.
struct Run {
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

// Where the input rows lie: row r at base + offsets[r], or base + r * stride where there are no offsets.
struct RowAddresses {
  const float* base = nullptr;
  const std::int64_t* offsets = nullptr;
  std::int64_t stride = 0;

  const float* row(std::int64_t r) const { return base + (offsets != nullptr ? offsets[r] : r * stride); }
};

// What one call of a tile kernel computes: up to `rows_at_once` rows times some panels of outputs, over a block of
// depth.
struct TileCall {
  const float* const* rows;  // addresses of the input rows
  std::int64_t row_count;
  const Run* runs;  // of this block
  std::int64_t run_count;
  const float* panels;        // weights [depth of the block][width] of the first panel; null where they are `halves`
  std::int64_t panel_stride;  // numbers between panels
  std::int64_t panel_count;
  const float* start;       // accumulators start here, [panel][width]; null: at what `out` holds
  float* out;               // first output of the first panel and row
  std::int64_t out_stride;  // floats between output rows
  std::int64_t columns;     // outputs left from there on; the last panel may be wider
  Limits limits;
  std::int64_t step = 1;                  // run_columns: floats from one number of a row to the next
  const std::uint16_t* halves = nullptr;  // run_halves: the weights in IEEE binary16
};

// A level's way to compute tiles.
struct TileKernel {
  const char* name;
  const char* name_of_halves;
  std::int64_t width;  // outputs of a panel
  std::int64_t rows_at_once;
  std::int64_t depth;  // of a block, such that a panel's block stays in the first cache
  void (*run)(const TileCall&);
  // The same of weights that are half as wide: each is widened, which is exact, as it is read.
  void (*run_halves)(const TileCall&);
  // The same of one panel and of rows that are the columns of a matrix: row r begins at rows[0] + r.
  void (*run_columns)(const TileCall&);
  // How many panels a call should have that has only these rows, to keep the arithmetic units busy.
  std::int64_t (*panels_at_once)(std::int64_t rows);
  // IEEE binary16 to float.
  void (*widen)(const std::uint16_t* from, float* to, std::int64_t count);
};

class PackedMatrix {
 public:
  // How the weights lie in memory. Halves are for matrices that few rows share, which take as long as their weights
  // take to be read; every weight must be one of binary16's numbers, so that the answers' bits are the same.
  enum class Numbers : std::uint8_t { kFloats, kHalves };

  // weight [outputs, depth] row-major; bias [outputs] or null for zero. The runs, whose lengths add up to depth, say
  // where in an input row the numbers lie.
  PackedMatrix(KernelLevel level, std::int64_t outputs, std::int64_t depth, const float* weight, const float* bias,
               std::vector<Run> runs, Numbers numbers = Numbers::kFloats);

  std::int64_t outputs() const { return outputs_; }
  const char* name() const { return halves_.empty() ? kernel_->name : kernel_->name_of_halves; }
  std::int64_t bytes() const {
    return packed_.bytes() + start_.bytes() + static_cast<std::int64_t>(halves_.size() * sizeof(std::uint16_t));
  }

  // y[r * y_stride + o] for rows r in [0, rows), within the limits.
  void multiply(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride, const Limits& limits,
                ThreadPool* pool) const {
    multiply(x, rows, y, y_stride, limits, false, pool);
  }
  // The same added to what y holds, without the bias.
  void multiply_onto(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride,
                     ThreadPool* pool) const {
    multiply(x, rows, y, y_stride, Limits{}, true, pool);
  }

  // The same of at most kRowBlock rows that lie `stride` apart and close together, on this thread.
  void multiply_here(const float* x, std::int64_t stride, std::int64_t rows, float* y, std::int64_t y_stride) const;

  static constexpr std::int64_t kRowBlock = 192;  // rows whose block of inputs stays in the second cache

 private:
  void pack(const float* weight, const float* bias, Numbers numbers);
  void split_runs(const std::vector<Run>& runs);
  void multiply(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride, const Limits& limits,
                bool onto, ThreadPool* pool) const;
  void multiply_few(const RowAddresses& x, std::int64_t rows, float* y, std::int64_t y_stride, const Limits& limits,
                    bool onto, ThreadPool* pool) const;
  void multiply_block(const RowAddresses& x, std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
                      std::int64_t panel_end, bool copy, float* y, std::int64_t y_stride, const Limits& limits,
                      bool onto) const;

  // A block of depth: its runs are [first_run, last_run) of block_runs_.
  struct Block {
    std::int64_t begin;  // depth before it
    std::int64_t first_run, last_run;
  };

  const TileKernel* kernel_;
  std::int64_t outputs_, depth_, panels_;
  std::vector<Run> runs_;        // of the whole depth
  std::vector<Run> block_runs_;  // the same, cut at the blocks
  std::vector<Block> blocks_;
  Buffer packed_;                      // [panel][depth][width], zero beyond the outputs
  std::vector<std::uint16_t> halves_;  // the same, in its place
  Buffer start_;                       // [panel][width]
};

}  // namespace longtake::kernels
