// Which kernels there are for each op, best first.
#include <array>
#include <string_view>

#include "runtime/kernels/fast.h"
#include "runtime/kernels/reference.h"

namespace longtake::runtime {

namespace {

struct Entry {
  std::string_view op;
  KernelMaker make;
};

// The reference takes what no kernel here does.
constexpr Entry kFast[] = {
    {"conv2d", make_depthwise_kernel},
    {"conv2d", make_winograd_kernel},
    {"conv2d", make_convolution_kernel},
    {"conv_lstm_step", make_conv_lstm_kernel},
    {"conv_transpose2d", make_transposed_convolution_kernel},
    {"warp", make_warp_kernel},
    {"coordinates", make_coordinates_kernel},
    {"linear", make_linear_kernel},
    {"max_pool", make_pool_kernel},
    {"average_pool", make_pool_kernel},
    {"global_max_pool", make_global_pool_kernel},
    {"global_average_pool", make_global_pool_kernel},
    {"lrn", make_lrn_kernel},
    {"batch_norm", make_batch_norm_kernel},
    {"relu", make_elementwise_kernel},
    {"sigmoid", make_elementwise_kernel},
    {"tanh", make_elementwise_kernel},
    {"affine", make_elementwise_kernel},
    {"add", make_elementwise_kernel},
    {"add", make_per_channel_kernel},
    {"mul", make_elementwise_kernel},
    {"mul", make_per_channel_kernel},
    {"leaky_relu", make_elementwise_kernel},
    {"clip", make_elementwise_kernel},
    {"constant", make_constant_kernel},
    {"blend", make_blend_kernel},
    {"softmax", make_softmax_kernel},
    {"concat", make_concat_kernel},
    {"slice", make_slice_kernel},
    {"matmul", make_matmul_kernel},
    {"flatten", make_flatten_kernel},
    {"lstm_gates", make_lstm_gates_kernel},
};

}  // namespace

std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) {
  if (request.level != KernelLevel::kReference) {
    for (const Entry& entry : kFast) {
      if (entry.op != request.op.node.op) continue;
      std::unique_ptr<Kernel> kernel = entry.make(request);
      if (kernel != nullptr) return kernel;
    }
  }
  return make_reference_kernel(request);
}

}  // namespace longtake::runtime
