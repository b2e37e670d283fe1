// The combinational ops in LibTorch. What they mean is said in layers/basic.h; shapes have been checked by graph/.
#include <ATen/ATen.h>

#include <map>
#include <string_view>

#include "training/bridge.h"
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
  const Tensor map = x.device().is_cpu() ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  return {at::conv2d(map, op.parameter(0), op.parameter(1), sizes(op, "stride"), sizes(op, "pad"),
                     sizes(op, "dilation"), whole(op, "groups"))};
}

std::vector<Tensor> linear(const OpCall& op) { return {at::linear(op.inputs[0], op.parameter(0), op.parameter(1))}; }

std::vector<Tensor> max_pool(const OpCall& op) {
  return {at::max_pool2d(op.inputs[0], sizes(op, "kernel"), sizes(op, "stride"), sizes(op, "pad"), {1, 1},
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

std::vector<Tensor> dropout(const OpCall& op) {
  const double probability = real(op, "probability");
  if (!op.execution.options.training || probability == 0) return {op.inputs[0]};
  return {drop(op, probability)};
}

std::vector<Tensor> gates(const OpCall& op) { return lstm_gates(op.inputs[0], op.inputs[1], op.parameter(0)); }

OpFunction find(std::string_view name) {
  static const std::map<std::string_view, OpFunction> table = {
      {"conv2d", conv2d},
      {"linear", linear},
      {"max_pool", max_pool},
      {"average_pool", average_pool},
      {"global_max_pool", global_max_pool},
      {"global_average_pool", global_average_pool},
      {"lrn", lrn},
      {"batch_norm", batch_norm},
      {"relu", relu},
      {"sigmoid", sigmoid},
      {"tanh", tanh},
      {"softmax", softmax},
      {"add", add},
      {"mul", mul},
      {"affine", affine},
      {"concat", concat},
      {"flatten", flatten},
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
