// The matrix product with weights of one byte: a quarter of the memory that must be read, and sums of whole numbers.
//
// A row of weights is whole numbers from -127 to 127 times a scale of its own. So is, for the time of a call, a row of
// inputs: the scale follows from its largest number. The sums are exact, so that the answers' bits depend neither on
// the level nor on how many rows share the call. What is lost is the rounding of weights and inputs, at most 1/254 of
// the largest number of their row each.
#pragma once

#include <cstdint>
#include <vector>

#include "base/threads.h"
#include "kernels/buffer.h"
#include "kernels/choice.h"
#include "kernels/limits.h"

namespace longtake::kernels {

// Up to `rows_at_once` rows times some panels of outputs.
struct ByteTileCall {
  const std::int8_t* rows;  // inputs [row_count][depth]
  std::int64_t row_count;
  std::int64_t depth;         // a multiple of 4
  const std::int8_t* panels;  // weights [depth / 4][width][4] of each panel, one panel after the other
  std::int64_t panel_count;
  const float* row_scales;     // of the rows
  const float* output_scales;  // [panel][width]
  const float* start;          // likewise: the bias
  float* out;                  // first output of the first panel and row
  std::int64_t out_stride;     // floats between output rows
  std::int64_t columns;        // outputs left from there on
  Limits limits;
};

// A level's way to compute tiles.
struct ByteKernel {
  const char* name;
  std::int64_t panels_at_once;
  void (*run)(const ByteTileCall&);
  // The nearest whole numbers to x / scale, and that scale: the largest |x| / 127; not a number where an x is none or
  // is infinite.
  float (*quantise)(const float* x, std::int8_t* to, std::int64_t count);
};

class ByteMatrix {
 public:
  // More could overflow a sum.
  static constexpr std::int64_t kMostDepth = std::int64_t{1} << 17;

  // weight [outputs, depth] row-major, with depth at most kMostDepth; bias [outputs] or null for zero.
  ByteMatrix(KernelLevel level, std::int64_t outputs, std::int64_t depth, const float* weight, const float* bias);

  const char* name() const { return kernel_->name; }
  std::int64_t outputs() const { return outputs_; }
  std::int64_t bytes() const;

  // y[r * outputs + o] of the rows x [rows, depth], within the limits. Allocates nothing.
  void multiply(const float* x, std::int64_t rows, float* y, const Limits& limits, ThreadPool* pool);

  static constexpr std::int64_t kWidth = 16;  // outputs of a panel, at all levels

 private:
  static constexpr std::int64_t kRowBlock = 16;

  const ByteKernel* kernel_;
  std::int64_t outputs_, depth_, padded_, panels_;
  std::vector<std::int8_t> packed_, rows_;
  Buffer scales_, start_;  // [panel][width]
};

}  // namespace longtake::kernels
