// The combinational ops in LibTorch. What they mean is said in layers/basic.h; shapes have been checked by graph/.
#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <string_view>

#include "training/bridge.h"
#include "training/convolution.h"
#include "training/execution.h"
#include "training/kernels.h"

namespace longtake::training {

using torch::Tensor;

namespace {

using Sizes = std::vector<std::int64_t>;
using OpFunction = std::vector<Tensor> (*)(const OpCall&);

const Sizes& sizes(const OpCall& op, const char* key) { return op.node.attribute<Sizes>(key); }
std::int64_t whole(const OpCall& op, const char* key) { return op.node.attribute<std::int64_t>(key); }
double real(const OpCall& op, const char* key) { return op.node.attribute<double>(key); }

// The dimension of the packed tensor that is dimension `axis` of a row.
std::int64_t packed(std::int64_t axis) { return axis < 0 ? axis : axis + 1; }

// On the CPU, channels last: convolutions there are a little faster and poolings three times, and what follows keeps
// the layout, so that only the first map is turned.
std::vector<Tensor> conv2d(const OpCall& op) {
  const Tensor& x = op.inputs[0];
  const Shape shape(x.sizes().begin() + 1, x.sizes().end());
  if (FastConvolution::takes(op.node, shape, op.parameter(0))) {
    return {FastConvolution(op.node, shape, op.parameter(0), op.parameter(1))(x)};
  }
  const Tensor map = x.device().is_cpu() ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  return {at::conv2d(map, op.parameter(0), op.parameter(1), sizes(op, "stride"), sizes(op, "pad"),
                     sizes(op, "dilation"), whole(op, "groups"))};
}

std::vector<Tensor> conv_transpose2d(const OpCall& op) {
  const Tensor& x = op.inputs[0];
  const Tensor map = x.device().is_cpu() ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  return {at::conv_transpose2d(map, op.parameter(0), op.parameter(1), sizes(op, "stride"), sizes(op, "pad"))};
}

std::vector<Tensor> warp(const OpCall& op) { return {warped(op.inputs[0], op.inputs[1])}; }

std::vector<Tensor> coordinates(const OpCall& op) {
  const Tensor& x = op.inputs[0];
  const std::int64_t height = x.size(2), width = x.size(3);
  const Tensor values = torch::tensor(graph::coordinate_values(height, width), at::kDouble);
  return {values.to(x.options()).view({1, 3, height, width}).expand({x.size(0), 3, height, width})};
}

std::vector<Tensor> linear(const OpCall& op) { return {at::linear(op.inputs[0], op.parameter(0), op.parameter(1))}; }

std::vector<Tensor> max_pool(const OpCall& op) {
  const Sizes dilation = op.node.attributes.count("dilation") != 0 ? sizes(op, "dilation") : Sizes{1, 1};
  return {at::max_pool2d(op.inputs[0], sizes(op, "kernel"), sizes(op, "stride"), sizes(op, "pad"), dilation,
                         op.node.attribute<bool>("ceil"))};
}

std::vector<Tensor> average_pool(const OpCall& op) {
  return {at::avg_pool2d(op.inputs[0], sizes(op, "kernel"), sizes(op, "stride"), sizes(op, "pad"),
                         op.node.attribute<bool>("ceil"), op.node.attribute<bool>("count_padding"))};
}

std::vector<Tensor> global_max_pool(const OpCall& op) { return {op.inputs[0].amax({2, 3})}; }
std::vector<Tensor> global_average_pool(const OpCall& op) { return {op.inputs[0].mean({2, 3})}; }

std::vector<Tensor> lrn(const OpCall& op) {
  return {local_response_norm(op.inputs[0], whole(op, "size"), real(op, "alpha"), real(op, "beta"), real(op, "k"))};
}

// In training, a scale that learns means statistics of the packed rows of this chunk; they also move the running ones.
std::vector<Tensor> batch_norm(const OpCall& op) {
  const Tensor& x = op.inputs[0];
  const Tensor &scale = op.parameter(0), &shift = op.parameter(1), &mean = op.parameter(2), &variance = op.parameter(3);
  const bool trains =
      op.execution.options.training && op.execution.plan.model->parameter(op.node.parameters[0]).trainable;
  // One number per channel has no variance to learn from.
  const bool updates = trains && op.execution.options.update_statistics && x.numel() > x.size(1);
  const bool uses_running = !trains || updates;
  const Tensor none;
  return {at::batch_norm(x, scale, shift, uses_running ? mean : none, uses_running ? variance : none, trains,
                         real(op, "momentum"), real(op, "epsilon"), /*cudnn_enabled=*/true)};
}

std::vector<Tensor> relu(const OpCall& op) { return {at::relu(op.inputs[0])}; }
std::vector<Tensor> sigmoid(const OpCall& op) { return {at::sigmoid(op.inputs[0])}; }
std::vector<Tensor> log(const OpCall& op) { return {at::log(op.inputs[0])}; }
std::vector<Tensor> tanh(const OpCall& op) { return {at::tanh(op.inputs[0])}; }
std::vector<Tensor> softmax(const OpCall& op) { return {at::softmax(op.inputs[0], packed(whole(op, "axis")))}; }
std::vector<Tensor> add(const OpCall& op) { return {op.inputs[0] + op.inputs[1]}; }
std::vector<Tensor> mul(const OpCall& op) { return {op.inputs[0] * op.inputs[1]}; }
std::vector<Tensor> affine(const OpCall& op) { return {op.inputs[0] * real(op, "scale") + real(op, "shift")}; }
std::vector<Tensor> concat(const OpCall& op) { return {torch::cat(op.inputs, packed(whole(op, "axis")))}; }

std::vector<Tensor> flatten(const OpCall& op) {
  const Tensor& x = op.inputs[0];
  return {x.reshape({x.size(0), x.numel() / x.size(0)})};
}

std::vector<Tensor> leaky_relu(const OpCall& op) { return {at::leaky_relu(op.inputs[0], real(op, "slope"))}; }
std::vector<Tensor> clip(const OpCall& op) { return {at::clamp(op.inputs[0], real(op, "low"), real(op, "high"))}; }
std::vector<Tensor> constant(const OpCall& op) {
  Sizes shape(op.parameter(0).sizes().begin(), op.parameter(0).sizes().end());
  shape.insert(shape.begin(), op.inputs[0].size(0));
  return {op.parameter(0).expand(shape)};
}

std::vector<Tensor> blend(const OpCall& op) { return {at::lerp(op.inputs[1], op.inputs[2], op.inputs[0])}; }
std::vector<Tensor> matmul(const OpCall& op) { return {at::matmul(op.inputs[0], op.inputs[1])}; }

// Zeros where nothing is valid. The highest number is taken over the valid ones, so that no other can make them vanish.
std::vector<Tensor> masked_softmax(const OpCall& op) {
  const std::int64_t axis = packed(whole(op, "axis"));
  const Tensor invalid = op.inputs[1] == 0;
  const Tensor none = invalid.all(axis, /*keepdim=*/true);
  const Tensor x = op.inputs[0].masked_fill(invalid.logical_and(none.logical_not()), -HUGE_VAL);
  return {at::softmax(x, axis).masked_fill(none, 0)};
}

std::vector<Tensor> reshape(const OpCall& op) {
  Sizes shape = sizes(op, "shape");
  shape.insert(shape.begin(), op.inputs[0].size(0));
  return {op.inputs[0].reshape(shape)};
}

std::vector<Tensor> transpose(const OpCall& op) {
  Sizes permutation{0};
  for (std::int64_t d : sizes(op, "permutation")) permutation.push_back(d + 1);
  return {op.inputs[0].permute(permutation)};
}

std::vector<Tensor> pixel_unshuffle(const OpCall& op) {
  return {at::pixel_unshuffle(op.inputs[0], whole(op, "patch"))};
}

std::vector<Tensor> pixel_shuffle(const OpCall& op) { return {at::pixel_shuffle(op.inputs[0], whole(op, "patch"))}; }

std::vector<Tensor> slice(const OpCall& op) {
  return {op.inputs[0].narrow(packed(whole(op, "axis")), whole(op, "begin"), whole(op, "size"))};
}

std::vector<Tensor> pad(const OpCall& op) {
  const Sizes &before = sizes(op, "before"), &after = sizes(op, "after");
  Sizes pairs;  // from the last dimension to the first
  for (std::size_t d = before.size(); d-- > 0;) {
    pairs.push_back(before[d]);
    pairs.push_back(after[d]);
  }
  return {at::constant_pad_nd(op.inputs[0], pairs, real(op, "value"))};
}

// The mask of a window's slots, with as many dimensions as they have.
Tensor slot_mask(const OpCall& op) {
  Sizes shape(op.inputs[0].dim(), 1);
  shape[0] = op.inputs[1].size(0);
  shape[1] = op.inputs[1].size(1);
  return op.inputs[1].view(shape);
}

std::vector<Tensor> slot_max(const OpCall& op) {
  return {op.inputs[0].masked_fill(slot_mask(op) == 0, -HUGE_VAL).amax(1)};
}

std::vector<Tensor> slot_mean(const OpCall& op) {
  const Tensor mask = slot_mask(op);
  return {(op.inputs[0] * mask).sum(1) / mask.sum(1)};
}

// Slot N - 1 - k of the k-th window speaks about the frame of the first window's newest slot.
std::vector<Tensor> overlap_average(const OpCall& op) {
  const Tensor& windows = op.inputs[0];
  const Tensor& valid = op.inputs[1];
  Tensor weight = valid / valid.sum(1, /*keepdim=*/true);
  const Tensor answers = windows.flip(2).diagonal(0, 1, 2);  // [rows, ..., N]
  Sizes shape(answers.dim(), 1);
  shape.front() = weight.size(0);
  shape.back() = weight.size(1);
  return {(answers * weight.view(shape)).sum(-1)};
}

std::vector<Tensor> dropout(const OpCall& op) {
  const double probability = real(op, "probability");
  if (!op.execution.options.training || probability == 0) return {op.inputs[0]};
  return {drop(op, probability)};
}

std::vector<Tensor> gates(const OpCall& op) { return lstm_gates(op.inputs[0], op.inputs[1], op.parameter(0)); }

OpFunction find(std::string_view name) {
  static const std::map<std::string_view, OpFunction> table = {
      {"conv2d", conv2d},
      {"conv_transpose2d", conv_transpose2d},
      {"warp", warp},
      {"coordinates", coordinates},
      {"linear", linear},
      {"max_pool", max_pool},
      {"average_pool", average_pool},
      {"global_max_pool", global_max_pool},
      {"global_average_pool", global_average_pool},
      {"lrn", lrn},
      {"batch_norm", batch_norm},
      {"relu", relu},
      {"sigmoid", sigmoid},
      {"log", log},
      {"tanh", tanh},
      {"softmax", softmax},
      {"add", add},
      {"mul", mul},
      {"affine", affine},
      {"concat", concat},
      {"flatten", flatten},
      {"leaky_relu", leaky_relu},
      {"clip", clip},
      {"constant", constant},
      {"blend", blend},
      {"matmul", matmul},
      {"masked_softmax", masked_softmax},
      {"reshape", reshape},
      {"transpose", transpose},
      {"pixel_unshuffle", pixel_unshuffle},
      {"pixel_shuffle", pixel_shuffle},
      {"slice", slice},
      {"pad", pad},
      {"slot_max", slot_max},
      {"slot_mean", slot_mean},
      {"overlap_average", overlap_average},
      {"dropout", dropout},
      {"lstm_gates", gates},
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

std::vector<Tensor> evaluate(const OpCall& call) {
  const OpFunction function = find(call.node.op);
  if (function == nullptr) {
    throw Unsupported(fmt::format("op {} '{}' cannot be trained: LibTorch's executor does not have it", call.node.op,
                                  call.node.name));
  }
  return function(call);
}

}  // namespace longtake::training
