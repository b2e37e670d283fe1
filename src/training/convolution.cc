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
      forward(level, grid, weight.size(0), 1, {{weight.size(1), numbers(weight)}}, &kernel_threads().pool) {}

const WinogradSum& FastConvolution::Shared::backward() {
  if (!backward_) {
    const Tensor turned = weight.flip({2, 3}).transpose(0, 1).contiguous();
    const std::int64_t last = grid.taps - 1;
    const WinogradGrid back{
        grid.out_height, grid.out_width, grid.height, grid.width, {last - grid.pad[0], last - grid.pad[1]}, grid.taps};
    backward_.emplace(level, back, turned.size(0), 1,
                      std::vector<kernels::WinogradSummand>{{turned.size(1), numbers(turned)}}, &kernel_threads().pool);
  }
  return *backward_;
}

Tensor FastConvolution::Shared::by_weight() const {
  kernels::WinogradWeightGradient gradient(level, grid, weight.size(1), weight.size(0));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    gradient.add(inputs[i].data_ptr<float>(), gradients[i].data_ptr<float>(), inputs[i].size(0),
                 &kernel_threads().pool);
  }
  Tensor out = at::empty_like(weight);
  gradient.finish({out.data_ptr<float>(), static_cast<std::size_t>(out.numel())}, &kernel_threads().pool);
  return out;
}

Tensor FastConvolution::Shared::by_bias() const {
  Tensor sum = at::zeros({weight.size(0)});
  for (const Tensor& gradient : gradients) sum += gradient.sum({0, 2, 3});
  return sum;
}

namespace {

using Shared = FastConvolution::Shared;

c10::intrusive_ptr<Shared> shared_of(AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<Shared>(context->saved_data["shared"].toCapsule());
}

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

// Of the map that the node makes of `map`, [height, width].
std::array<std::int64_t, 2> output_size(const Shape& map, std::int64_t taps, const std::vector<std::int64_t>& pad) {
  return {map[1] + 2 * pad[0] - taps + 1, map[2] + 2 * pad[1] - taps + 1};
}

}  // namespace

bool FastConvolution::takes(const graph::Node& node, const Shape& map, const Tensor& weight) {
  if (node.op != "conv2d" || !weight.device().is_cpu() || weight.scalar_type() != at::kFloat) return false;
  const kernels::KernelChoice kernels = kernels::kernels_from_environment();
  if (kernels.level == kernels::KernelLevel::kReference || kernels.precise) return false;
  const auto sizes = [&](const char* key) { return node.attribute<std::vector<std::int64_t>>(key); };
  const std::vector<std::int64_t> pad = sizes("pad");
  const std::int64_t taps = weight.size(2);
  return kernels::suits_winograd(weight.sizes().slice(2), sizes("stride"), sizes("dilation"),
                                 output_size(map, taps, pad)) &&
         node.attribute<std::int64_t>("groups") == 1 && std::max(pad[0], pad[1]) < taps &&
         std::min(weight.size(0), weight.size(1)) >= kernels::kFewestWinogradChannels;
}

FastConvolution::FastConvolution(const graph::Node& node, const Shape& map, const Tensor& weight, const Tensor& bias)
    : weight_(weight), bias_(bias) {
  const auto& pad = node.attribute<std::vector<std::int64_t>>("pad");
  const std::int64_t taps = weight.size(2);
  const auto [height, width] = output_size(map, taps, pad);
  shared_ =
      c10::make_intrusive<Shared>(WinogradGrid{map[1], map[2], height, width, {pad[0], pad[1]}, taps}, weight, bias);
  gather_gradient(weight_, bias_, shared_);
}

Tensor FastConvolution::operator()(const Tensor& x) const {
  return Convolve::apply(TensorList(list_of({x, weight_, bias_})), shared_);
}

}  // namespace longtake::training
