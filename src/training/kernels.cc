#include "training/kernels.h"

#include <ATen/ATen.h>

#include "kernels/level.h"
#include "kernels/ranges.h"
#include "training/threads.h"

namespace longtake::training {

using torch::Tensor;
using torch::TensorList;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

variable_list list_of(std::initializer_list<Tensor> tensors) {
  variable_list present;
  for (const Tensor& tensor : tensors) {
    if (tensor.defined()) present.push_back(tensor);
  }
  return present;
}

namespace {

// A parameter [C] against [rows, C, ...].
Tensor per_channel(const Tensor& parameter, const Tensor& like) {
  std::vector<std::int64_t> sizes(like.dim(), 1);
  sizes[1] = parameter.size(0);
  return parameter.view(sizes);
}

// Its gradient: the sum over all but the channels.
Tensor sum_per_channel(const Tensor& gradient) {
  std::vector<std::int64_t> others;
  for (std::int64_t d = 0; d < gradient.dim(); ++d) {
    if (d != 1) others.push_back(d);
  }
  return gradient.sum(others);
}

// The same by the runtime's loops, for float32 on the CPU: a place of a map, channels last, or a row of vectors at a
// time.
struct FastLstmGates : Function<FastLstmGates> {
  static bool takes(const Tensor& gates, const Tensor& peepholes) {
    const bool fits = gates.device().is_cpu() && gates.scalar_type() == at::kFloat &&
                      (gates.dim() == 2 || gates.dim() == 4) &&
                      (!peepholes.defined() || peepholes.scalar_type() == at::kFloat);
    return fits && kernels::kernels_from_environment().level != kernels::KernelLevel::kReference;
  }

  // gates, cell, peepholes
  static variable_list forward(AutogradContext* context, TensorList inputs) {
    const Tensor gates = plain(inputs[0]), cell = plain(inputs[1]);
    const Tensor peepholes = inputs.size() > 2 ? inputs[2].contiguous() : Tensor();
    Tensor active = at::empty_like(gates), hidden = at::empty_like(cell), next = at::empty_like(cell);
    const auto step = loops().lstm_gates_keeping;
    const std::int64_t channels = cell.size(1);
    for_places(cell, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin * channels; at < end * channels; at += channels) {
        step(gates.data_ptr<float>() + 4 * at, cell.data_ptr<float>() + at, numbers(peepholes),
             active.data_ptr<float>() + 4 * at, hidden.data_ptr<float>() + at, next.data_ptr<float>() + at, channels);
      }
    });
    context->save_for_backward({active, cell, next, peepholes});
    context->set_materialize_grads(false);
    return {hidden, next};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &active = saved[0], &cell = saved[1], &next = saved[2], &peepholes = saved[3];
    const auto given = [&](const Tensor& gradient) {
      return gradient.defined() ? plain(gradient) : at::zeros_like(cell);
    };
    const Tensor by_hidden = given(gradients[0]), by_next = given(gradients[1]);
    Tensor by_gates = at::empty_like(active), by_previous = at::empty_like(cell);
    // The sums over places are made in parts that do not depend on the threads.
    constexpr std::int64_t kParts = 32;
    const std::int64_t channels = cell.size(1), places = cell.numel() / std::max<std::int64_t>(1, channels);
    Tensor parts =
        peepholes.defined() ? at::zeros({kParts, 3, channels}, cell.options().memory_format(c10::nullopt)) : Tensor();
    const auto step = loops().lstm_gates_backward;
    const auto run = [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin * channels; at < end * channels; at += channels) {
        step({active.data_ptr<float>() + 4 * at, cell.data_ptr<float>() + at, next.data_ptr<float>() + at,
              numbers(peepholes), by_hidden.data_ptr<float>() + at, by_next.data_ptr<float>() + at,
              by_gates.data_ptr<float>() + 4 * at, by_previous.data_ptr<float>() + at,
              parts.defined() ? parts.data_ptr<float>() + part * 3 * channels : nullptr},
             channels);
      }
    };
    kernels::for_ranges(&kernel_threads().pool, kParts, 16 * cell.numel() / kParts + 1,
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t part = begin; part < end; ++part) {
                            run(part, part * places / kParts, (part + 1) * places / kParts);
                          }
                        });
    return peepholes.defined() ? variable_list{by_gates, by_previous, parts.sum(0)}
                               : variable_list{by_gates, by_previous};
  }

 private:
  static Tensor plain(const Tensor& x) {
    return x.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  }

  static const float* numbers(const Tensor& tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; }

  static const kernels::VectorKernel& loops() {
    return kernels::kernels_of(kernels::kernels_from_environment().level).vector;
  }

  template <class Body>
  static void for_places(const Tensor& cell, const Body& body) {
    const std::int64_t channels = std::max<std::int64_t>(1, cell.size(1));
    kernels::for_ranges(&kernel_threads().pool, cell.numel() / channels, 16 * channels, body);
  }
};

struct LstmGates : Function<LstmGates> {
  // gates, cell, peepholes
  static variable_list forward(AutogradContext* context, TensorList inputs) {
    const Tensor &gates = inputs[0], &cell = inputs[1];
    const bool peeps = inputs.size() > 2;
    const Tensor peepholes = peeps ? inputs[2] : Tensor();
    const std::int64_t channels = cell.size(1);
    Tensor active = gates.clone(at::MemoryFormat::Contiguous);
    Tensor in_forget = active.narrow(1, 0, 2 * channels);
    Tensor in = active.narrow(1, 0, channels);
    Tensor forget = active.narrow(1, channels, channels);
    Tensor candidate = active.narrow(1, 2 * channels, channels);
    Tensor out = active.narrow(1, 3 * channels, channels);
    if (peeps) {
      in.addcmul_(cell, per_channel(peepholes[0], cell));
      forget.addcmul_(cell, per_channel(peepholes[1], cell));
    }
    in_forget.sigmoid_();
    candidate.tanh_();
    const Tensor next = (forget * cell).addcmul_(in, candidate);
    if (peeps) out.addcmul_(next, per_channel(peepholes[2], cell));
    out.sigmoid_();
    const Tensor squashed = next.tanh();
    context->save_for_backward({active, cell, next, squashed, peepholes});
    context->set_materialize_grads(false);
    return {out * squashed, next};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &active = saved[0], &cell = saved[1], &next = saved[2], &squashed = saved[3], &peepholes = saved[4];
    const std::int64_t channels = cell.size(1);
    const auto gate = [&](const Tensor& all, int index) { return all.narrow(1, index * channels, channels); };
    const Tensor in = gate(active, 0), forget = gate(active, 1), candidate = gate(active, 2), out = gate(active, 3);
    const Tensor& by_hidden = gradients[0];

    Tensor by_gates = torch::empty_like(active);
    Tensor by_in = gate(by_gates, 0), by_forget = gate(by_gates, 1), by_candidate = gate(by_gates, 2);
    Tensor by_out = gate(by_gates, 3);
    Tensor by_cell;  // the whole gradient of the new cell
    if (by_hidden.defined()) {
      by_out.copy_(at::sigmoid_backward(by_hidden * squashed, out));
      by_cell = at::tanh_backward(by_hidden * out, squashed);
      if (gradients[1].defined()) by_cell = by_cell.add_(gradients[1]);
      if (peepholes.defined()) by_cell.addcmul_(by_out, per_channel(peepholes[2], cell));
    } else {
      by_out.zero_();
      by_cell = gradients[1];
    }
    by_in.copy_(at::sigmoid_backward(by_cell * candidate, in));
    by_forget.copy_(at::sigmoid_backward(by_cell * cell, forget));
    by_candidate.copy_(at::tanh_backward(by_cell * in, candidate));
    Tensor by_previous = by_cell * forget;
    Tensor by_peepholes;
    if (peepholes.defined()) {
      by_previous.addcmul_(by_in, per_channel(peepholes[0], cell));
      by_previous.addcmul_(by_forget, per_channel(peepholes[1], cell));
      by_peepholes = torch::stack(
          {sum_per_channel(by_in * cell), sum_per_channel(by_forget * cell), sum_per_channel(by_out * next)});
    }
    return peepholes.defined() ? variable_list{by_gates, by_previous, by_peepholes}
                               : variable_list{by_gates, by_previous};
  }
};

// out[c] = the sum of x over channels c - before .. c + after.
Tensor sum_over_channels(const Tensor& x, std::int64_t before, std::int64_t after) {
  Tensor out = x.clone();
  const std::int64_t channels = x.size(1);
  for (std::int64_t shift = -before; shift <= after; ++shift) {
    const std::int64_t size = channels - std::abs(shift);
    if (shift == 0 || size <= 0) continue;
    out.narrow(1, std::max<std::int64_t>(0, -shift), size).add_(x.narrow(1, std::max<std::int64_t>(0, shift), size));
  }
  return out;
}

// base^-beta; the usual beta = 0.75 by square roots, which are much faster.
Tensor negative_power(const Tensor& base, double beta) {
  if (beta != 0.75) return base.pow(-beta);
  const Tensor root = base.rsqrt();
  return root * root.sqrt();
}

struct Lrn : Function<Lrn> {
  static Tensor forward(AutogradContext* context, const Tensor& x, std::int64_t size, double alpha, double beta,
                        double k) {
    const Tensor base =
        sum_over_channels(x * x, size / 2, (size - 1) / 2).mul_(alpha / static_cast<double>(size)).add_(k);
    context->save_for_backward({x, base});
    context->saved_data["size"] = size;
    context->saved_data["alpha"] = alpha;
    context->saved_data["beta"] = beta;
    return x * negative_power(base, beta);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &base = saved[1];
    const std::int64_t size = context->saved_data["size"].toInt();
    const double alpha = context->saved_data["alpha"].toDouble();
    const double beta = context->saved_data["beta"].toDouble();
    const Tensor direct = gradients[0] * negative_power(base, beta);
    // Channel c is in the windows of the channels c - after .. c + before.
    const Tensor through = sum_over_channels(direct * x / base, (size - 1) / 2, size / 2);
    const Tensor by_x = direct - through.mul_(x).mul_(2 * alpha * beta / static_cast<double>(size));
    return {by_x, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// [..., features] as a matrix.
Tensor flat(const Tensor& x) { return x.dim() == 2 ? x : x.reshape({-1, x.size(-1)}); }

struct LinearFactors final : LoopFactors {
  Tensor by_weight() const override { return torch::cat(gradients).t().matmul(torch::cat(inputs)); }
  Tensor by_bias() const override { return torch::cat(gradients).sum(0); }
};

c10::intrusive_ptr<LoopFactors> factors_of(AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<LoopFactors>(context->saved_data["factors"].toCapsule());
}

// Hands weight and bias to the ticks. Its backward runs after theirs.
struct Collect : Function<Collect> {
  static variable_list forward(AutogradContext* context, TensorList inputs,
                               const c10::intrusive_ptr<LoopFactors>& factors) {
    context->saved_data["factors"] = c10::IValue::make_capsule(factors);
    context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
    context->set_materialize_grads(false);
    return inputs.vec();
  }

  static variable_list backward(AutogradContext* context, const variable_list&) {
    const c10::intrusive_ptr<LoopFactors> factors = factors_of(context);
    variable_list by_inputs(context->saved_data["inputs"].toInt() + 1);  // and the factors
    if (factors->inputs.empty()) return by_inputs;
    by_inputs[0] = factors->by_weight();
    if (by_inputs.size() > 2) by_inputs[1] = factors->by_bias();
    factors->inputs.clear();
    factors->gradients.clear();
    return by_inputs;
  }
};

struct Multiply : Function<Multiply> {
  // x, weight, bias
  static Tensor forward(AutogradContext* context, TensorList inputs, const c10::intrusive_ptr<LoopFactors>& factors) {
    context->saved_data["factors"] = c10::IValue::make_capsule(factors);
    context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
    context->save_for_backward({inputs[0], inputs[1]});
    return at::linear(inputs[0], inputs[1], inputs.size() > 2 ? inputs[2] : Tensor());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const c10::intrusive_ptr<LoopFactors> factors = factors_of(context);
    factors->inputs.push_back(flat(saved[0].detach()));  // without a way back to this node
    factors->gradients.push_back(flat(gradients[0]));
    variable_list by_inputs(context->saved_data["inputs"].toInt() + 1);
    by_inputs[0] = gradients[0].matmul(saved[1]);
    return by_inputs;
  }
};

}  // namespace

std::vector<Tensor> lstm_gates(const Tensor& gates, const Tensor& cell, const Tensor& peepholes) {
  const variable_list inputs = list_of({gates, cell, peepholes});
  return FastLstmGates::takes(gates, peepholes) ? FastLstmGates::apply(TensorList(inputs))
                                                : LstmGates::apply(TensorList(inputs));
}

Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha, double beta, double k) {
  return Lrn::apply(x, size, alpha, beta, k);
}

// The fields lie below one another in a grid of L height x width places, so that x is read where it is. LibTorch counts
// from -1 at the edge of the first place to 1 at that of the last.
Tensor warped(const Tensor& x, const Tensor& flow) {
  const std::int64_t rows = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  const std::int64_t links = flow.size(1) / 2;
  const Tensor motion = flow.reshape({rows, links, 2, height, width}).permute({0, 1, 3, 4, 2});
  const auto middles = [&](std::int64_t size) { return (at::arange(size, x.options()) * 2 + 1) / size - 1; };
  const Tensor place = at::stack(
      {middles(width).expand({height, width}), middles(height).view({height, 1}).expand({height, width})}, -1);
  const Tensor step =
      torch::tensor({2.0 / static_cast<double>(width), 2.0 / static_cast<double>(height)}, at::kDouble).to(x.options());
  const Tensor from = (place - motion * step).reshape({rows, links * height, width, 2});
  constexpr std::int64_t kBilinear = 0, kZeros = 0;
  return at::grid_sampler_2d(x, from, kBilinear, kZeros, /*align_corners=*/false)
      .reshape({rows, channels, links, height, width})
      .transpose(1, 2)
      .reshape({rows, links * channels, height, width});
}

bool gather_gradient(Tensor& weight, Tensor& bias, const c10::intrusive_ptr<LoopFactors>& factors) {
  if (!torch::GradMode::is_enabled() || !weight.requires_grad()) return false;
  const variable_list tapped = Collect::apply(TensorList(list_of({weight, bias})), factors);
  weight = tapped[0];
  if (bias.defined()) bias = tapped[1];
  return true;
}

LoopWeight::LoopWeight(const Tensor& weight, const Tensor& bias)
    : ticks_(c10::make_intrusive<LinearFactors>()),
      weight_(weight),
      bias_(bias),
      collects_(gather_gradient(weight_, bias_, ticks_)) {}

Tensor LoopWeight::linear(const Tensor& x) const {
  if (!collects_) return at::linear(x, weight_, bias_);
  return Multiply::apply(TensorList(list_of({x, weight_, bias_})), ticks_);
}

}  // namespace longtake::training
