// One op of a compiled graph, ready to run: its weights are packed, its attributes read, its kernel chosen.
//
// Kernels are row by row: a row of the output depends on the same row of the inputs only, and its bits never on how
// many rows share the call nor on the number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/ops.h"
#include "kernels/choice.h"
#include "kernels/level.h"
#include "kernels/matrix.h"
#include "kernels/ranges.h"
#include "kernels/workspaces.h"
#include "longtake/tensor.h"
#include "longtake/weight_format.h"

namespace longtake::runtime {

// What kernels are made of.
using kernels::best_kernel_level, kernels::kernels_of, kernels::VectorKernel;
using kernels::Buffer, kernels::for_ranges, kernels::divide_up, kernels::Workspaces;
using kernels::Limits, kernels::KernelChoice, kernels::KernelLevel, kernels::kernels_from_environment;
using kernels::PackedMatrix, kernels::Run, kernels::RowAddresses;

// How a row lies in memory. Only maps, [channels, height, width], are ever stored channels-last.
enum class Layout : std::uint8_t { kChannelsFirst, kChannelsLast };

// What a kernel is made from. Everything is valid only while the kernel is made.
struct KernelRequest {
  const graph::OpContext& op;  // shapes are per row, channels first whatever the layout
  std::span<const Shape> outputs;
  std::span<const Tensor* const> weights;  // per parameter of the op; null where absent
  std::span<const Layout> input_layouts;
  std::span<const Layout> output_layouts;
  kernels::Limits limits;  // of the output, whose relu or clip is the kernel's
  KernelLevel level = KernelLevel::kReference;
  bool precise = false;  // no kernel whose error is greater than that of the sums in their order
  // Of the weights of `linear`, whose numbers are rounded to it already. A kernel may take them for float32, as the
  // reference does.
  WeightFormat weight_format = WeightFormat::kFloat32;
};

struct KernelCall {
  std::int64_t rows = 0;
  std::span<const float* const> inputs;  // [rows, ...] each, contiguous
  std::span<float* const> outputs;       // likewise
  ThreadPool* pool = nullptr;            // null: this thread only
  Workspaces* workspaces = nullptr;      // for as many threads
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual const char* name() const = 0;
  // Uses memory that the kernel owns, so one kernel runs on one thread (and the pool's) at a time. Allocates nothing.
  virtual void run(const KernelCall& call) = 0;
  // Bytes of packed weights and scratch that the kernel owns.
  virtual std::int64_t bytes() const { return 0; }
};

using KernelMaker = std::unique_ptr<Kernel> (*)(const KernelRequest&);

// The first kernel of the op's list that takes the request; the reference, which takes all, is last in every list.
// Throws Unsupported for an op without kernels.
std::unique_ptr<Kernel> make_kernel(const KernelRequest& request);

// An attribute that a graph may leave out.
double attribute_or(const graph::Node& node, const std::string& key, double otherwise);
bool attribute_or(const graph::Node& node, const std::string& key, bool otherwise);

// Where the windows of a convolution or pooling lie in a map of `channels` x `height` x `width`.
struct WindowGeometry {
  std::int64_t channels, height, width;
  std::int64_t out_height, out_width;
  std::array<std::int64_t, 2> kernel, stride, pad, dilation;
};
// Of conv2d (kernel from the weight), max_pool or average_pool.
WindowGeometry window_geometry(const KernelRequest& request);

// batch_norm with its running statistics is x slope + offset, per channel.
struct ChannelScale {
  std::vector<float> slope, offset;
};
ChannelScale batch_norm_scale(const KernelRequest& request);

// One row of a map from one layout to the other.
void to_channels_last(const float* from, float* to, const Shape& shape);
void to_channels_first(const float* from, float* to, const Shape& shape);

}  // namespace longtake::runtime
