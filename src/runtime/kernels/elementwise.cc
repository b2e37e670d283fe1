// Ops that go over elements, vectors or places one by one.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/level.h"
#include "kernels/ranges.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

// A kernel whose row is `run_row(inputs' rows, outputs' rows)`, rows shared among the threads.
template <class RunRow>
class RowKernel final : public Kernel {
 public:
  RowKernel(const KernelRequest& request, const char* name, RunRow run_row)
      : name_(name), run_row_(std::move(run_row)) {
    for (const Shape& shape : request.op.inputs) in_size_.push_back(element_count(shape));
    for (const Shape& shape : request.outputs) out_size_.push_back(element_count(shape));
  }

  const char* name() const override { return name_; }

  void run(const KernelCall& call) override {
    for_ranges(call.pool, call.rows, 4 * out_size_[0], [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        run_row_([&](std::size_t i) { return call.inputs[i] + r * in_size_[i]; },
                 [&](std::size_t i) { return call.outputs[i] + r * out_size_[i]; });
      }
    });
  }

 private:
  const char* name_;
  RunRow run_row_;
  std::vector<std::int64_t> in_size_, out_size_;
};

template <class RunRow>
std::unique_ptr<Kernel> row_kernel(const KernelRequest& request, const char* name, RunRow run_row) {
  return std::make_unique<RowKernel<RunRow>>(request, name, std::move(run_row));
}

// A kernel that does the same to each element, wherever it is in the row: all rows are one array.
template <class RunArray>
class ElementKernel final : public Kernel {
 public:
  ElementKernel(const KernelRequest& request, RunArray run_array)
      : run_array_(std::move(run_array)), size_(element_count(request.outputs[0])) {}

  const char* name() const override { return "vector"; }

  void run(const KernelCall& call) override {
    const float* second = call.inputs.size() > 1 ? call.inputs[1] : call.inputs[0];
    for_ranges(call.pool, call.rows * size_, 1, [&](std::int64_t begin, std::int64_t end) {
      run_array_(call.inputs[0] + begin, second + begin, call.outputs[0] + begin, end - begin);
    });
  }

 private:
  RunArray run_array_;
  std::int64_t size_;
};

template <class RunArray>
std::unique_ptr<Kernel> element_kernel(const KernelRequest& request, RunArray run_array) {
  return std::make_unique<ElementKernel<RunArray>>(request, std::move(run_array));
}

bool same_layouts(const KernelRequest& request) {
  const auto same = [&](Layout layout) { return layout == request.output_layouts[0]; };
  return std::all_of(request.input_layouts.begin(), request.input_layouts.end(), same);
}

// How many places a row has whose channels lie side by side, or 0 where they do not.
std::int64_t places_of_channel_vectors(const Shape& shape, Layout layout) {
  if (shape.size() == 1) return 1;
  return layout == Layout::kChannelsLast ? shape[1] * shape[2] : 0;
}

}  // namespace

bool all_channels_last(const KernelRequest& request) {
  for (std::size_t i = 0; i < request.op.inputs.size(); ++i) {
    if (request.op.inputs[i].size() == 3 && request.input_layouts[i] != Layout::kChannelsLast) return false;
  }
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    if (request.outputs[i].size() == 3 && request.output_layouts[i] != Layout::kChannelsLast) return false;
  }
  return true;
}

std::unique_ptr<Kernel> make_elementwise_kernel(const KernelRequest& request) {
  if (!same_layouts(request)) return nullptr;
  for (const Shape& shape : request.op.inputs) {
    if (shape != request.outputs[0]) return nullptr;
  }
  const VectorKernel& v = kernels_of(request.level).vector;
  const std::string& op = request.op.node.op;
  const auto unary = [&](auto function) {
    return element_kernel(
        request, [function](const float* x, const float*, float* y, std::int64_t count) { function(x, y, count); });
  };
  if (op == "relu") return unary(v.relu);
  if (op == "sigmoid") return unary(v.sigmoid);
  if (op == "tanh") return unary(v.tanh);
  if (op == "add") return element_kernel(request, v.add);
  if (op == "mul") return element_kernel(request, v.multiply);
  const auto constant = [&](const char* key) { return static_cast<float>(request.op.node.attribute<double>(key)); };
  if (op == "leaky_relu") {
    const float slope = constant("slope");
    const auto leaky = v.leaky_relu;
    return unary([=](const float* x, float* y, std::int64_t count) { leaky(x, slope, y, count); });
  }
  if (op == "clip") {
    const float low = constant("low"), high = constant("high");
    const auto clip = v.clip;
    return unary([=](const float* x, float* y, std::int64_t count) { clip(x, low, high, y, count); });
  }
  if (op == "affine") {
    const float scale = constant("scale"), shift = constant("shift");
    const auto affine = v.affine;
    return unary([=](const float* x, float* y, std::int64_t count) { affine(x, scale, shift, y, count); });
  }
  return nullptr;
}

std::unique_ptr<Kernel> make_blend_kernel(const KernelRequest& request) {
  if (!same_layouts(request)) return nullptr;
  const std::int64_t size = element_count(request.outputs[0]);
  const auto blend = kernels_of(request.level).vector.blend;
  return row_kernel(request, "vector",
                    [=](const auto& in, const auto& out) { blend(in(0), in(1), in(2), out(0), size); });
}

// A map with a number per channel, which is how squeeze-and-excitation scales it.
std::unique_ptr<Kernel> make_per_channel_kernel(const KernelRequest& request) {
  const Shape& shape = request.outputs[0];
  if (shape.size() != 3 || !same_layouts(request) || request.output_layouts[0] != Layout::kChannelsLast) return nullptr;
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  const Shape numbers{channels, 1, 1};
  const std::size_t map = request.op.inputs[0] == numbers ? 1 : 0;
  if (request.op.inputs[map] != shape || request.op.inputs[1 - map] != numbers) return nullptr;
  const VectorKernel& v = kernels_of(request.level).vector;
  const auto combine = request.op.node.op == "add" ? v.add : v.multiply;
  return row_kernel(request, "vector", [=](const auto& in, const auto& out) {
    for (std::int64_t p = 0; p < places; ++p) {
      combine(in(map) + p * channels, in(1 - map), out(0) + p * channels, channels);
    }
  });
}

std::unique_ptr<Kernel> make_batch_norm_kernel(const KernelRequest& request) {
  const std::int64_t channels = request.outputs[0][0];
  const std::int64_t places = places_of_channel_vectors(request.outputs[0], request.output_layouts[0]);
  if (places == 0 || !same_layouts(request)) return nullptr;
  const ChannelScale scale = batch_norm_scale(request);
  const auto scale_each = kernels_of(request.level).vector.scale_each;
  return row_kernel(request, "vector", [=](const auto& in, const auto& out) {
    for (std::int64_t p = 0; p < places; ++p) {
      scale_each(in(0) + p * channels, scale.slope.data(), scale.offset.data(), out(0) + p * channels, channels);
    }
  });
}

std::unique_ptr<Kernel> make_softmax_kernel(const KernelRequest& request) {
  const Shape& shape = request.outputs[0];
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = request.op.node.attribute<std::int64_t>("axis");
  if (axis < 0) axis += rank;
  const bool channels_last = request.output_layouts[0] == Layout::kChannelsLast;
  if (!same_layouts(request) || axis != (channels_last ? 0 : rank - 1)) return nullptr;
  const std::int64_t size = shape[axis], vectors = element_count(shape) / size;
  const auto exponential = kernels_of(request.level).vector.exponential;
  const auto divide = kernels_of(request.level).vector.divide;
  return row_kernel(request, "vector", [=](const auto& in, const auto& out) {
    for (std::int64_t v = 0; v < vectors; ++v) {
      const float* x = in(0) + v * size;
      float* y = out(0) + v * size;
      exponential(x, *std::max_element(x, x + size), y, size);
      float sum = 0;
      for (std::int64_t i = 0; i < size; ++i) sum += y[i];
      divide(y, sum, size);
    }
  });
}

std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request) {
  const std::int64_t axis = request.op.node.attribute<std::int64_t>("axis");
  const Shape& shape = request.outputs[0];
  if (!same_layouts(request)) return nullptr;
  const bool channels_last = request.output_layouts[0] == Layout::kChannelsLast;
  if (channels_last && axis != 0) return nullptr;
  // The row is [outer, joined dimension, inner] in memory.
  std::int64_t outer = channels_last ? shape[1] * shape[2] : 1, inner = 1;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(shape.size()) && !channels_last; ++d) {
    if (d != axis) (d < axis ? outer : inner) *= shape[d];
  }
  std::vector<std::int64_t> runs;
  for (const Shape& input : request.op.inputs) runs.push_back(input[axis] * inner);
  return row_kernel(request, "copy", [=](const auto& in, const auto& out) {
    float* to = out(0);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < runs.size(); ++i) to = std::copy_n(in(i) + o * runs[i], runs[i], to);
    }
  });
}

std::unique_ptr<Kernel> make_slice_kernel(const KernelRequest& request) {
  std::int64_t axis = request.op.node.attribute<std::int64_t>("axis");
  if (axis < 0) axis += static_cast<std::int64_t>(request.op.inputs[0].size());
  const std::int64_t begin = request.op.node.attribute<std::int64_t>("begin");
  if (!same_layouts(request)) return nullptr;
  Shape from = request.op.inputs[0];
  std::int64_t inner = 1, outer = 1;
  if (request.output_layouts[0] == Layout::kChannelsLast) {
    if (axis != 0) return nullptr;
    outer = from[1] * from[2];
  } else {
    for (std::int64_t d = 0; d < static_cast<std::int64_t>(from.size()); ++d) {
      if (d != axis) (d < axis ? outer : inner) *= from[d];
    }
  }
  const std::int64_t whole = from[axis] * inner, part = request.outputs[0][axis] * inner, skip = begin * inner;
  return row_kernel(request, "copy", [=](const auto& in, const auto& out) {
    for (std::int64_t o = 0; o < outer; ++o) std::copy_n(in(0) + o * whole + skip, part, out(0) + o * part);
  });
}

std::unique_ptr<Kernel> make_matmul_kernel(const KernelRequest& request) {
  for (const Layout layout : request.input_layouts) {
    if (layout == Layout::kChannelsLast) return nullptr;
  }
  if (request.output_layouts[0] == Layout::kChannelsLast) return nullptr;
  const Shape &a = request.op.inputs[0], &b = request.op.inputs[1];
  const std::int64_t rows = a[a.size() - 2], inner = a.back(), columns = b.back();
  const std::int64_t matrices = element_count(a) / (rows * inner);
  const auto add_scaled = kernels_of(request.level).vector.add_scaled;
  return row_kernel(request, "vector", [=](const auto& in, const auto& out) {
    for (std::int64_t m = 0; m < matrices * rows; ++m) {
      const float* w = in(1) + m / rows * inner * columns;
      float* y = out(0) + m * columns;
      std::fill_n(y, columns, 0.0f);
      for (std::int64_t k = 0; k < inner; ++k) add_scaled(in(0)[m * inner + k], w + k * columns, y, columns);
    }
  });
}

std::unique_ptr<Kernel> make_flatten_kernel(const KernelRequest& request) {
  if (request.input_layouts[0] != Layout::kChannelsLast) return nullptr;
  const Shape shape = request.op.inputs[0];
  return row_kernel(request, "reorder",
                    [=](const auto& in, const auto& out) { to_channels_first(in(0), out(0), shape); });
}

std::unique_ptr<Kernel> make_lstm_gates_kernel(const KernelRequest& request) {
  const Shape& cell = request.op.inputs[1];
  const std::int64_t channels = cell[0], places = places_of_channel_vectors(cell, request.output_layouts[0]);
  const bool same = same_layouts(request) && request.output_layouts[1] == request.output_layouts[0];
  if (places == 0 || !same) return nullptr;
  std::vector<float> peepholes;
  if (!request.weights.empty() && request.weights[0] != nullptr) {
    const auto values = request.weights[0]->data<float>();
    peepholes.assign(values.begin(), values.end());
  }
  const auto gates = kernels_of(request.level).vector.lstm_gates;
  return row_kernel(request, "vector", [=](const auto& in, const auto& out) {
    for (std::int64_t p = 0; p < places; ++p) {
      gates(in(0) + p * 4 * channels, in(1) + p * channels, peepholes.empty() ? nullptr : peepholes.data(),
            out(0) + p * channels, out(1) + p * channels, channels);
    }
  });
}

}  // namespace longtake::runtime
