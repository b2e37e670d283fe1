// The kernels above the reference. Each maker returns null for what its kernel does not do.
#pragma once

#include "runtime/kernels/kernel.h"

namespace longtake::runtime {

std::unique_ptr<Kernel> make_linear_kernel(const KernelRequest& request);       // vectors
std::unique_ptr<Kernel> make_depthwise_kernel(const KernelRequest& request);    // conv2d with a group per channel
std::unique_ptr<Kernel> make_winograd_kernel(const KernelRequest& request);     // conv2d, 3 x 3 and 5 x 5, stride 1
std::unique_ptr<Kernel> make_conv_lstm_kernel(const KernelRequest& request);    // conv_lstm_step (fuse.h)
std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request);  // conv2d of channels-last maps
// conv_transpose2d of channels-last maps whose kernel is at least as large as its stride
std::unique_ptr<Kernel> make_transposed_convolution_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_warp_kernel(const KernelRequest& request);         // channels-last
std::unique_ptr<Kernel> make_pool_kernel(const KernelRequest& request);         // max_pool, average_pool, channels-last
std::unique_ptr<Kernel> make_global_pool_kernel(const KernelRequest& request);  // channels-last
std::unique_ptr<Kernel> make_lrn_kernel(const KernelRequest& request);          // channels-last, beta = 0.75
std::unique_ptr<Kernel> make_elementwise_kernel(const KernelRequest& request);  // relu, clip, sigmoid, add, mul, ...
std::unique_ptr<Kernel> make_constant_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_coordinates_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_blend_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_per_channel_kernel(const KernelRequest& request);  // add, mul: map and [channels, 1, 1]
std::unique_ptr<Kernel> make_batch_norm_kernel(const KernelRequest& request);   // vectors and channels-last maps
std::unique_ptr<Kernel> make_softmax_kernel(const KernelRequest& request);      // over the dimension that is innermost
std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_slice_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_matmul_kernel(const KernelRequest& request);
std::unique_ptr<Kernel> make_flatten_kernel(const KernelRequest& request);     // of channels-last maps
std::unique_ptr<Kernel> make_lstm_gates_kernel(const KernelRequest& request);  // vectors and channels-last maps

// Whether every map among inputs and outputs is channels-last (a vector is in any layout).
bool all_channels_last(const KernelRequest& request);

}  // namespace longtake::runtime
