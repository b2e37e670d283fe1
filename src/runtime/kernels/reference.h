// The plain implementation of every op: loops over channels-first rows that follow the definition word by word. It is
// what the fast kernels are tested against, and what LONGTAKE_KERNELS=reference runs.
#pragma once

#include <functional>

#include "runtime/kernels/kernel.h"

namespace longtake::runtime {

// One row of the op: pointers to the row of each input and output, channels first.
using RowFunction = std::function<void(const float* const* inputs, float* const* outputs)>;

// The row function of the op. Throws Unsupported for an op that has none.
RowFunction reference_row(const KernelRequest& request);

// reference_row over all rows, with reorders around it where a layout is channels-last. Takes every request.
std::unique_ptr<Kernel> make_reference_kernel(const KernelRequest& request);

// The parts of reference_row, by kind of op.
RowFunction reference_conv2d(const KernelRequest& request);
RowFunction reference_conv_transpose2d(const KernelRequest& request);
RowFunction reference_warp(const KernelRequest& request);
RowFunction reference_coordinates(const KernelRequest& request);
RowFunction reference_linear(const KernelRequest& request);
RowFunction reference_constant(const KernelRequest& request);
RowFunction reference_pool(const KernelRequest& request);
RowFunction reference_global_pool(const KernelRequest& request);
RowFunction reference_lrn(const KernelRequest& request);
RowFunction reference_batch_norm(const KernelRequest& request);
RowFunction reference_concat(const KernelRequest& request);
RowFunction reference_slice(const KernelRequest& request);
RowFunction reference_pad(const KernelRequest& request);
RowFunction reference_transpose(const KernelRequest& request);
RowFunction reference_pixel_shuffle(const KernelRequest& request);
RowFunction reference_matmul(const KernelRequest& request);
RowFunction reference_slots(const KernelRequest& request);
RowFunction reference_overlap_average(const KernelRequest& request);

// A shape seen as [outer, size, inner] around one of its dimensions, which counts from the end where it is negative.
struct Around {
  std::int64_t outer = 1, size = 1, inner = 1;
};
Around around(const Shape& shape, std::int64_t axis);

}  // namespace longtake::runtime
