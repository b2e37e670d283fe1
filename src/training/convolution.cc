#include "training/convolution.h"

#include <ATen/ATen.h>

#include <optional>

#include "kernels/winograd_gradient.h"
#include "training/threads.h"

namespace longtake::training {

using kernels::WinogradGrid;
using kernels::WinogradSum;
using torch::Tensor;
using torch::TensorList;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

std::span<const float> numbers(const Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

Tensor channels_last(const Tensor& map) { return map.contiguous(at::MemoryFormat::ChannelsLast); }

Tensor empty_map(std::int64_t rows, std::int64_t channels, std::int64_t height, std::int64_t width) {
  return at::empty({rows, channels, height, width}, at::kFloat, c10::nullopt, c10::nullopt, c10::nullopt,
                   at::MemoryFormat::ChannelsLast);
}

// The convolution of channels-last maps.
Tensor convolved(const WinogradSum& sum, const Tensor& maps, const float* bias) {
  const WinogradGrid& grid = sum.grid();
  Tensor out = empty_map(maps.size(0), sum.outputs(), grid.out_height, grid.out_width);
  const float* const inputs[] = {maps.data_ptr<float>()};
  KernelThreads& threads = kernel_threads();
  constexpr std::array<std::size_t, 1> kAt{0};
  float* to = out.data_ptr<float>();
  sum.run({maps.size(0), inputs, &threads.pool, &threads.workspaces}, kAt, 0,
          [&](const WinogradGrid::Place& place, kernels::WinogradOutput output, float*) {
            output.bias = bias;
            write_winograd_tile(sum, output, place, to);
          });
  return out;
}

}  // namespace

FastConvolution::Shared::Shared(const WinogradGrid& on, const Tensor& given_weight, const Tensor& given_bias)
    : grid(on),
      level(kernels::kernels_from_environment().level),
      weight(given_weight.detach().contiguous()),
      bias(given_bias.defined() ? given_bias.detach().contiguous() : at::zeros({weight.size(0)})),
      forward(level, grid, weight.size(0), 1, {{weight.size(1), numbers(weight)}}) {}

const WinogradSum& FastConvolution::Shared::backward() {
  if (!backward_) {
    const Tensor turned = weight.flip({2, 3}).transpose(0, 1).contiguous();
    const std::int64_t last = grid.taps - 1;
    const WinogradGrid back{
        grid.out_height, grid.out_width, grid.height, grid.width, {last - grid.pad[0], last - grid.pad[1]}, grid.taps};
    backward_.emplace(level, back, turned.size(0), 1,
                      std::vector<kernels::WinogradSummand>{{turned.size(1), numbers(turned)}});
  }
  return *backward_;
}

namespace {

using Shared = FastConvolution::Shared;

c10::intrusive_ptr<Shared> shared_of(AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<Shared>(context->saved_data["shared"].toCapsule());
}

// Hands weight and bias to the ticks. Its backward runs after theirs, which leave their factors and send nothing.
struct CollectConvolution : Function<CollectConvolution> {
  static variable_list forward(AutogradContext* context, TensorList inputs, const c10::intrusive_ptr<Shared>& shared) {
    context->saved_data["shared"] = c10::IValue::make_capsule(shared);
    context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
    context->set_materialize_grads(false);
    return inputs.vec();
  }

  static variable_list backward(AutogradContext* context, const variable_list&) {
    const c10::intrusive_ptr<Shared> shared = shared_of(context);
    variable_list by_inputs(context->saved_data["inputs"].toInt() + 1);  // and what is shared
    if (shared->inputs.empty()) return by_inputs;
    const Tensor& weight = shared->weight;
    kernels::WinogradWeightGradient gradient(shared->level, shared->grid, weight.size(1), weight.size(0));
    Tensor by_bias = at::zeros({weight.size(0)});
    for (std::size_t i = 0; i < shared->inputs.size(); ++i) {
      const Tensor& by_output = shared->gradients[i];
      gradient.add(shared->inputs[i].data_ptr<float>(), by_output.data_ptr<float>(), by_output.size(0),
                   &kernel_threads().pool);
      if (by_inputs.size() > 2) by_bias += by_output.sum({0, 2, 3});
    }
    by_inputs[0] = at::empty_like(weight);
    gradient.finish({by_inputs[0].data_ptr<float>(), static_cast<std::size_t>(weight.numel())});
    if (by_inputs.size() > 2) by_inputs[1] = by_bias;
    shared->inputs.clear();
    shared->gradients.clear();
    return by_inputs;
  }
};

struct Convolve : Function<Convolve> {
  // x, weight, bias
  static Tensor forward(AutogradContext* context, TensorList inputs, const c10::intrusive_ptr<Shared>& shared) {
    const Tensor x = channels_last(inputs[0]);
    context->saved_data["shared"] = c10::IValue::make_capsule(shared);
    context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
    context->saved_data["weighs"] = inputs[1].requires_grad();
    context->save_for_backward({x});
    return convolved(shared->forward, x, shared->bias.data_ptr<float>());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const c10::intrusive_ptr<Shared> shared = shared_of(context);
    const Tensor by_output = channels_last(gradients[0]);
    if (context->saved_data["weighs"].toBool()) {
      shared->inputs.push_back(context->get_saved_variables()[0].detach());
      shared->gradients.push_back(by_output);
    }
    variable_list by_inputs(context->saved_data["inputs"].toInt() + 1);
    if (context->needs_input_grad(0)) {
      const std::vector<float> none(static_cast<std::size_t>(shared->weight.size(1)));
      by_inputs[0] = convolved(shared->backward(), by_output, none.data());
    }
    return by_inputs;
  }
};

variable_list with_bias(variable_list tensors, const Tensor& bias) {
  if (bias.defined()) tensors.push_back(bias);
  return tensors;
}

bool all_are(const graph::Node& node, const char* key, std::int64_t wanted) {
  const auto& values = node.attribute<std::vector<std::int64_t>>(key);
  return values[0] == wanted && values[1] == wanted;
}

}  // namespace

bool FastConvolution::takes(const graph::Node& node, const Shape& map, const Tensor& weight) {
  constexpr std::int64_t kFewest = 8;
  if (node.op != "conv2d" || !weight.device().is_cpu() || weight.scalar_type() != at::kFloat) return false;
  const kernels::KernelChoice kernels = kernels::kernels_from_environment();
  if (kernels.level == kernels::KernelLevel::kReference || kernels.precise) return false;
  const std::int64_t taps = weight.size(2);
  const auto& pad = node.attribute<std::vector<std::int64_t>>("pad");
  return (taps == 3 || taps == 5) && weight.size(3) == taps && all_are(node, "stride", 1) &&
         all_are(node, "dilation", 1) && node.attribute<std::int64_t>("groups") == 1 && weight.size(0) >= kFewest &&
         weight.size(1) >= kFewest && std::max(pad[0], pad[1]) < taps &&
         std::min(map[1], map[2]) >= kernels::kLeastWinogradSide;
}

FastConvolution::FastConvolution(const graph::Node& node, const Shape& map, const Tensor& weight, const Tensor& bias)
    : weight_(weight), bias_(bias) {
  const auto& pad = node.attribute<std::vector<std::int64_t>>("pad");
  const std::int64_t taps = weight.size(2);
  const WinogradGrid grid{map[1],           map[2], map[1] + 2 * pad[0] - taps + 1, map[2] + 2 * pad[1] - taps + 1,
                          {pad[0], pad[1]}, taps};
  shared_ = c10::make_intrusive<Shared>(grid, weight, bias);
  // A frozen weight has no gradient to collect.
  if (!torch::GradMode::is_enabled() || !weight.requires_grad()) return;
  const variable_list tapped = CollectConvolution::apply(TensorList(with_bias({weight}, bias)), shared_);
  weight_ = tapped[0];
  if (bias.defined()) bias_ = tapped[1];
}

Tensor FastConvolution::operator()(const Tensor& x) const {
  return Convolve::apply(TensorList(with_bias({x, weight_}, bias_)), shared_);
}

}  // namespace longtake::training
