#include "runtime/kernels/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake::runtime {

namespace {

// Applies `function` to every element.
template <class F>
RowFunction elementwise(const KernelRequest& request, F function) {
  const std::int64_t count = element_count(request.outputs[0]);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t i = 0; i < count; ++i) out[0][i] = function(in[0][i]);
  };
}

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// Where element `i` of the output, which has `shape`, lies in an operand whose sizes are equal or 1.
std::int64_t broadcast_index(std::int64_t i, const Shape& shape, const Shape& operand) {
  std::int64_t index = 0, step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (operand[d] != 1) index += i % shape[d] * step;
    step *= operand[d];
    i /= shape[d];
  }
  return index;
}

template <class F>
RowFunction binary(const KernelRequest& request, F function) {
  const Shape shape = request.outputs[0], left = request.op.inputs[0], right = request.op.inputs[1];
  const std::int64_t count = element_count(shape);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t i = 0; i < count; ++i) {
      out[0][i] = function(in[0][broadcast_index(i, shape, left)], in[1][broadcast_index(i, shape, right)]);
    }
  };
}

RowFunction softmax(const KernelRequest& request) {
  const Around a = around(request.outputs[0], request.op.node.attribute<std::int64_t>("axis"));
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t o = 0; o < a.outer; ++o) {
      for (std::int64_t i = 0; i < a.inner; ++i) {
        const float* x = in[0] + o * a.size * a.inner + i;
        float* y = out[0] + o * a.size * a.inner + i;
        float highest = x[0], sum = 0;
        for (std::int64_t k = 1; k < a.size; ++k) highest = std::max(highest, x[k * a.inner]);
        for (std::int64_t k = 0; k < a.size; ++k) sum += y[k * a.inner] = std::exp(x[k * a.inner] - highest);
        for (std::int64_t k = 0; k < a.size; ++k) y[k * a.inner] /= sum;
      }
    }
  };
}

// Zeros where no place is valid.
RowFunction masked_softmax(const KernelRequest& request) {
  const Around a = around(request.outputs[0], request.op.node.attribute<std::int64_t>("axis"));
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t o = 0; o < a.outer; ++o) {
      for (std::int64_t i = 0; i < a.inner; ++i) {
        const std::int64_t at = o * a.size * a.inner + i;
        const float *x = in[0] + at, *mask = in[1] + at;
        float* y = out[0] + at;
        float highest = -HUGE_VALF, sum = 0;
        for (std::int64_t k = 0; k < a.size; ++k) {
          if (mask[k * a.inner] != 0) highest = std::max(highest, x[k * a.inner]);
        }
        for (std::int64_t k = 0; k < a.size; ++k) {
          sum += y[k * a.inner] = mask[k * a.inner] != 0 ? std::exp(x[k * a.inner] - highest) : 0;
        }
        for (std::int64_t k = 0; k < a.size && sum > 0; ++k) y[k * a.inner] /= sum;
      }
    }
  };
}

RowFunction blend(const KernelRequest& request) {
  const std::int64_t count = element_count(request.outputs[0]);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t i = 0; i < count; ++i) out[0][i] = (1 - in[0][i]) * in[1][i] + in[0][i] * in[2][i];
  };
}

// Gates in the order input, forget, candidate, output; peepholes in the order input, forget, output. The output gate
// sees the new cell (Graves; 1506.04214, equation 2).
RowFunction lstm_gates(const KernelRequest& request) {
  const Shape& cell = request.op.inputs[1];
  const std::int64_t channels = cell[0], count = element_count(cell), places = count / channels;
  std::vector<float> peepholes(3 * channels, 0.0f);
  const bool has_peepholes = !request.weights.empty() && request.weights[0] != nullptr;
  if (has_peepholes) {
    const auto values = request.weights[0]->data<float>();
    peepholes.assign(values.begin(), values.end());
  }
  return [=](const float* const* in, float* const* out) {
    const float *gates = in[0], *previous = in[1];
    for (std::int64_t n = 0; n < count; ++n) {
      const std::int64_t c = n / places;
      float i = gates[n], f = gates[count + n], g = gates[2 * count + n], o = gates[3 * count + n];
      if (has_peepholes) {
        i += peepholes[c] * previous[n];
        f += peepholes[channels + c] * previous[n];
      }
      const float next = sigmoid(f) * previous[n] + sigmoid(i) * std::tanh(g);
      if (has_peepholes) o += peepholes[2 * channels + c] * next;
      out[0][n] = sigmoid(o) * std::tanh(next);
      out[1][n] = next;
    }
  };
}

class ReferenceKernel final : public Kernel {
 public:
  explicit ReferenceKernel(const KernelRequest& request) : row_(reference_row(request)), limits_(request.limits) {
    for (std::size_t i = 0; i < request.op.inputs.size(); ++i) {
      inputs_.emplace_back(request.op.inputs[i], request.input_layouts[i]);
    }
    for (std::size_t i = 0; i < request.outputs.size(); ++i) {
      outputs_.emplace_back(request.outputs[i], request.output_layouts[i]);
    }
    in_.resize(inputs_.size());
    out_.resize(outputs_.size());
  }

  const char* name() const override { return "reference"; }

  void run(const KernelCall& call) override {
    for (std::int64_t r = 0; r < call.rows; ++r) {
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        Port& port = inputs_[i];
        in_[i] = call.inputs[i] + r * port.count;
        if (port.scratch.empty()) continue;
        to_channels_first(in_[i], port.scratch.data(), port.shape);
        in_[i] = port.scratch.data();
      }
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        Port& port = outputs_[i];
        out_[i] = port.scratch.empty() ? call.outputs[i] + r * port.count : port.scratch.data();
      }
      row_(in_.data(), out_.data());
      std::transform(out_[0], out_[0] + outputs_[0].count, out_[0], limits_);
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        Port& port = outputs_[i];
        if (!port.scratch.empty()) to_channels_last(out_[i], call.outputs[i] + r * port.count, port.shape);
      }
    }
  }

  std::int64_t bytes() const override {
    std::int64_t floats = 0;
    for (const auto* ports : {&inputs_, &outputs_}) {
      for (const Port& port : *ports) floats += static_cast<std::int64_t>(port.scratch.size());
    }
    return floats * static_cast<std::int64_t>(sizeof(float));
  }

 private:
  struct Port {
    Port(const Shape& s, Layout layout) : shape(s), count(element_count(s)) {
      if (layout == Layout::kChannelsLast) scratch.resize(count);
    }
    Shape shape;
    std::int64_t count;
    std::vector<float> scratch;  // one row channels first; empty where the row already is
  };

  RowFunction row_;
  Limits limits_;
  std::vector<Port> inputs_, outputs_;
  std::vector<const float*> in_;
  std::vector<float*> out_;
};

}  // namespace

RowFunction reference_row(const KernelRequest& request) {
  const graph::Node& node = request.op.node;
  const std::string& op = node.op;
  if (op == "conv2d") return reference_conv2d(request);
  if (op == "conv_transpose2d") return reference_conv_transpose2d(request);
  if (op == "warp") return reference_warp(request);
  if (op == "coordinates") return reference_coordinates(request);
  if (op == "linear") return reference_linear(request);
  if (op == "max_pool" || op == "average_pool") return reference_pool(request);
  if (op == "global_max_pool" || op == "global_average_pool") return reference_global_pool(request);
  if (op == "lrn") return reference_lrn(request);
  if (op == "batch_norm") return reference_batch_norm(request);
  if (op == "relu") return elementwise(request, [](float x) { return x < 0 ? 0 : x; });
  if (op == "sigmoid") return elementwise(request, sigmoid);
  if (op == "tanh") return elementwise(request, [](float x) { return std::tanh(x); });
  if (op == "log") return elementwise(request, [](float x) { return std::log(x); });
  if (op == "softmax") return softmax(request);
  if (op == "add") return binary(request, [](float a, float b) { return a + b; });
  if (op == "mul") return binary(request, [](float a, float b) { return a * b; });
  if (op == "affine") {
    const auto scale = static_cast<float>(node.attribute<double>("scale"));
    const auto shift = static_cast<float>(node.attribute<double>("shift"));
    return elementwise(request, [=](float x) { return x * scale + shift; });
  }
  if (op == "leaky_relu") {
    const auto slope = static_cast<float>(node.attribute<double>("slope"));
    return elementwise(request, [=](float x) { return x < 0 ? slope * x : x; });
  }
  if (op == "clip") {
    const auto low = static_cast<float>(node.attribute<double>("low"));
    const auto high = static_cast<float>(node.attribute<double>("high"));
    return elementwise(request, [=](float x) { return x < low ? low : x > high ? high : x; });
  }
  if (op == "constant") return reference_constant(request);
  if (op == "blend") return blend(request);
  if (op == "masked_softmax") return masked_softmax(request);
  if (op == "concat") return reference_concat(request);
  if (op == "slice") return reference_slice(request);
  if (op == "pad") return reference_pad(request);
  if (op == "transpose") return reference_transpose(request);
  if (op == "pixel_unshuffle" || op == "pixel_shuffle") return reference_pixel_shuffle(request);
  if (op == "matmul") return reference_matmul(request);
  if (op == "slot_max" || op == "slot_mean") return reference_slots(request);
  if (op == "overlap_average") return reference_overlap_average(request);
  // Dropout keeps everything when it does not train; flatten and reshape only change the shape.
  if (op == "flatten" || op == "reshape" || op == "dropout") return elementwise(request, [](float x) { return x; });
  if (op == "lstm_gates") return lstm_gates(request);
  throw Unsupported(fmt::format("op {} '{}' has no kernel in this version", op, node.name));
}

std::unique_ptr<Kernel> make_reference_kernel(const KernelRequest& request) {
  return std::make_unique<ReferenceKernel>(request);
}

}  // namespace longtake::runtime
