// conv2d as a matrix product that gathers nothing: in a channels-last map the numbers under a row of the kernel lie
// side by side, so each output place is an input row of a few runs. Padding is copied around the map once per frame.
#include <algorithm>

#include "kernels/level.h"
#include "kernels/matrix.h"
#include "runtime/kernels/fast.h"
#include "runtime/kernels/padded_frame.h"

namespace longtake::runtime {

namespace {

// Where the window of every output place begins in the padded frame.
std::vector<std::int64_t> window_offsets(const WindowGeometry& g, std::int64_t padded_width) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t y = 0; y < g.out_height; ++y) {
    for (std::int64_t x = 0; x < g.out_width; ++x) {
      offsets.push_back((y * g.stride[0] * padded_width + x * g.stride[1]) * g.channels);
    }
  }
  return offsets;
}

class ConvolutionKernel final : public Kernel {
 public:
  explicit ConvolutionKernel(const KernelRequest& request)
      : frame_(window_geometry(request)),
        groups_(request.op.node.attribute<std::int64_t>("groups")),
        out_channels_(request.outputs[0][0]),
        limits_(request.limits),
        offsets_(window_offsets(frame_.g, frame_.width)) {
    const Shape& shape = request.op.parameters[0];
    const std::int64_t outputs = out_channels_ / groups_, depth = shape[1] * shape[2] * shape[3];
    const float* weight = request.weights[0]->data<float>().data();
    const float* bias = request.weights[1] == nullptr ? nullptr : request.weights[1]->data<float>().data();
    std::vector<float> last(outputs * depth);  // one group's weights, channels last
    for (std::int64_t group = 0; group < groups_; ++group) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        to_channels_last(weight + (group * outputs + o) * depth, &last[o * depth], {shape[1], shape[2], shape[3]});
      }
      matrices_.emplace_back(request.level, outputs, depth, last.data(),
                             bias == nullptr ? nullptr : bias + group * outputs, window_runs());
    }
  }

  const char* name() const override { return matrices_.front().name(); }

  std::int64_t bytes() const override {
    std::int64_t bytes = frame_.buffer.bytes() + static_cast<std::int64_t>(offsets_.size() * sizeof(offsets_[0]));
    for (const PackedMatrix& matrix : matrices_) bytes += matrix.bytes();
    return bytes;
  }

  void run(const KernelCall& call) override {
    const WindowGeometry& g = frame_.g;
    const std::int64_t places = g.out_height * g.out_width;
    const std::int64_t in_size = g.channels * g.height * g.width, out_size = out_channels_ * places;
    for (std::int64_t r = 0; r < call.rows; ++r) {
      const float* frame = frame_.fill(call.inputs[0] + r * in_size, call.pool);
      for (std::int64_t group = 0; group < groups_; ++group) {
        matrices_[group].multiply({frame + group * (g.channels / groups_), offsets_.data(), 0}, places,
                                  call.outputs[0] + r * out_size + group * (out_channels_ / groups_), out_channels_,
                                  limits_, call.pool);
      }
    }
  }

 private:
  // The numbers under one window, in the order row, column, channel.
  std::vector<Run> window_runs() const {
    const WindowGeometry& g = frame_.g;
    const std::int64_t channels = g.channels / groups_;
    const bool side_by_side = groups_ == 1 && g.dilation[1] == 1;
    std::vector<Run> runs;
    for (std::int64_t y = 0; y < g.kernel[0]; ++y) {
      const std::int64_t line = y * g.dilation[0] * frame_.width * g.channels;
      if (side_by_side) {
        runs.push_back({line, g.kernel[1] * channels});
        continue;
      }
      for (std::int64_t x = 0; x < g.kernel[1]; ++x) runs.push_back({line + x * g.dilation[1] * g.channels, channels});
    }
    return runs;
  }

  PaddedFrame frame_;
  std::int64_t groups_, out_channels_;
  Limits limits_;
  std::vector<std::int64_t> offsets_;
  std::vector<PackedMatrix> matrices_;  // per group
};

class DepthwiseKernel final : public Kernel {
 public:
  static constexpr std::int64_t kMostTaps = 128;

  explicit DepthwiseKernel(const KernelRequest& request)
      : g_(window_geometry(request)), run_(kernels_of(request.level).depthwise), limits_(request.limits) {
    const std::int64_t taps = g_.kernel[0] * g_.kernel[1];
    weights_.resize(taps * g_.channels);
    start_.resize(g_.channels);
    const auto weight = request.weights[0]->data<float>();
    for (std::int64_t c = 0; c < g_.channels; ++c) {
      for (std::int64_t t = 0; t < taps; ++t) weights_[t * g_.channels + c] = weight[c * taps + t];
      if (request.weights[1] != nullptr) start_[c] = request.weights[1]->data<float>()[c];
    }
  }

  const char* name() const override { return "depthwise"; }
  std::int64_t bytes() const override {
    return static_cast<std::int64_t>((weights_.size() + start_.size()) * sizeof(float));
  }

  void run(const KernelCall& call) override {
    const std::int64_t line = g_.out_width * g_.channels;
    for (std::int64_t r = 0; r < call.rows; ++r) {
      const float* map = call.inputs[0] + r * g_.channels * g_.height * g_.width;
      float* out = call.outputs[0] + r * g_.out_height * line;
      for_ranges(call.pool, g_.out_height, line * g_.kernel[0] * g_.kernel[1] / 4,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t y = begin; y < end; ++y) run_line(map, y, out + y * line);
                 });
    }
  }

 private:
  // Pixels whose windows are whole share their taps; the others have taps of their own.
  void run_line(const float* map, std::int64_t y, float* out) const {
    const std::int64_t reach = (g_.kernel[1] - 1) * g_.dilation[1];
    const std::int64_t first = std::min(g_.out_width, divide_up(g_.pad[1], g_.stride[1]));
    const std::int64_t last_start = g_.width - 1 - reach + g_.pad[1];
    const std::int64_t last = last_start < 0 ? first : std::clamp(last_start / g_.stride[1] + 1, first, g_.out_width);
    for (std::int64_t x = 0; x < first; ++x) run_pixels(map, y, x, 1, out);
    if (last > first) run_pixels(map, y, first, last - first, out);
    for (std::int64_t x = last; x < g_.out_width; ++x) run_pixels(map, y, x, 1, out);
  }

  // `count` pixels of a line from x on, by the taps of the first.
  void run_pixels(const float* map, std::int64_t y, std::int64_t x, std::int64_t count, float* out) const {
    std::array<kernels::DepthwiseTap, kMostTaps> taps;
    std::int64_t used = 0;
    const std::int64_t top = y * g_.stride[0] - g_.pad[0], left = x * g_.stride[1] - g_.pad[1];
    for (std::int64_t ky = 0; ky < g_.kernel[0]; ++ky) {
      const std::int64_t iy = top + ky * g_.dilation[0];
      if (iy < 0 || iy >= g_.height) continue;
      for (std::int64_t kx = 0; kx < g_.kernel[1]; ++kx) {
        const std::int64_t ix = left + kx * g_.dilation[1];
        if (ix < 0 || ix >= g_.width) continue;
        taps[used++] = {(iy * g_.width + ix) * g_.channels, &weights_[(ky * g_.kernel[1] + kx) * g_.channels]};
      }
    }
    run_({map, g_.stride[1] * g_.channels, taps.data(), used, start_.data(), out + x * g_.channels, g_.channels, count,
          limits_});
  }

  WindowGeometry g_;
  void (*run_)(const kernels::DepthwiseCall&);
  Limits limits_;
  std::vector<float> weights_;  // [kernel height, kernel width, channels]
  std::vector<float> start_;
};

}  // namespace

std::unique_ptr<Kernel> make_depthwise_kernel(const KernelRequest& request) {
  const std::int64_t groups = request.op.node.attribute<std::int64_t>("groups");
  const bool one_each = groups == request.op.inputs[0][0] && groups == request.outputs[0][0];
  const Shape& weight = request.op.parameters[0];
  if (!one_each || groups == 1 || !all_channels_last(request) || weight[2] * weight[3] > DepthwiseKernel::kMostTaps) {
    return nullptr;
  }
  return std::make_unique<DepthwiseKernel>(request);
}

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request) {
  if (!all_channels_last(request)) return nullptr;
  return std::make_unique<ConvolutionKernel>(request);
}

}  // namespace longtake::runtime
