// The kernels of Winograd's convolution (winograd_sum.h): by itself, and as a step of a ConvLSTM.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "kernels/winograd_sum.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

using kernels::kFewestWinogradChannels, kernels::WinogradCall, kernels::WinogradGrid, kernels::WinogradOutput;
using kernels::WinogradSum, kernels::WinogradSummand;

namespace {

std::vector<float> numbers_of(const KernelRequest& request, std::size_t parameter, std::size_t otherwise) {
  const Tensor* tensor = parameter < request.weights.size() ? request.weights[parameter] : nullptr;
  if (tensor == nullptr) return std::vector<float>(otherwise);
  const auto numbers = tensor->data<float>();
  return {numbers.begin(), numbers.end()};
}

WinogradGrid grid_of(const WindowGeometry& g) {
  return {g.height, g.width, g.out_height, g.out_width, g.pad, g.kernel[0]};
}

WinogradCall winograd_call(const KernelCall& call) { return {call.rows, call.inputs, call.pool, call.workspaces}; }

class WinogradConvolution final : public Kernel {
 public:
  explicit WinogradConvolution(const KernelRequest& request)
      : sum_(request.level, grid_of(window_geometry(request)), request.outputs[0][0],
             request.op.node.attribute<std::int64_t>("groups"),
             {{request.op.inputs[0][0], request.weights[0]->data<float>()}}),
        limits_(request.limits),
        bias_(numbers_of(request, 1, static_cast<std::size_t>(sum_.outputs()))) {}

  const char* name() const override { return sum_.grid().taps == 3 ? "winograd_3x3" : "winograd_5x5"; }
  std::int64_t bytes() const override { return sum_.bytes() + static_cast<std::int64_t>(bias_.size() * sizeof(float)); }

  void run(const KernelCall& call) override {
    constexpr std::array<std::size_t, 1> kAt{0};
    sum_.run(winograd_call(call), kAt, 0, [&](const WinogradGrid::Place& place, WinogradOutput output, float*) {
      output.bias = bias_.data();
      output.limits = limits_;
      write_winograd_tile(sum_, output, place, call.outputs[0]);
    });
  }

 private:
  WinogradSum sum_;
  Limits limits_;
  std::vector<float> bias_;
};

// conv_lstm_step: the gates of a tile are made while its sums are in the first cache.
class WinogradConvLstm final : public Kernel {
 public:
  explicit WinogradConvLstm(const KernelRequest& request)
      : channels_(request.op.inputs[0][0]),
        at_(request.op.has_input(2) ? std::vector<std::size_t>{0, 2} : std::vector<std::size_t>{0}),
        sum_(request.level, grid(request), 4 * channels_, 1, summands(request)),
        gates_(kernels_of(request.level).vector.lstm_gates),
        bias_(numbers_of(request, 1, static_cast<std::size_t>(4 * channels_))),
        peepholes_(numbers_of(request, 4, 0)) {
    const std::vector<float> more = numbers_of(request, 3, bias_.size());
    for (std::size_t i = 0; i < bias_.size(); ++i) bias_[i] += more[i];
  }

  const char* name() const override {
    return sum_.grid().taps == 3 ? "winograd_conv_lstm_3x3" : "winograd_conv_lstm_5x5";
  }
  std::int64_t bytes() const override {
    return sum_.bytes() + static_cast<std::int64_t>((bias_.size() + peepholes_.size()) * sizeof(float));
  }

  void run(const KernelCall& call) override {
    const WinogradGrid& grid = sum_.grid();
    const std::int64_t side = grid.tile(), gates = sum_.outputs();
    const auto finish = [&](const WinogradGrid::Place& place, WinogradOutput output, float* scratch) {
      std::array<float*, 16> pixels;
      for (std::int64_t i = 0; i < side * side; ++i) pixels[static_cast<std::size_t>(i)] = scratch + i * gates;
      output.pixels = pixels.data();
      output.bias = bias_.data();
      sum_.transform_output(output);
      for (std::int64_t i = 0; i < side * side; ++i) {
        const std::int64_t y = place.y + i / side, x = place.x + i % side;
        if (y >= grid.height || x >= grid.width) continue;
        const std::int64_t at = ((place.row * grid.height + y) * grid.width + x) * channels_;
        gates_(scratch + i * gates, call.inputs[1] + at, peepholes_.empty() ? nullptr : peepholes_.data(),
               call.outputs[0] + at, call.outputs[1] + at, channels_);
      }
    };
    sum_.run(winograd_call(call), at_, side * side * gates, finish);
  }

 private:
  static WinogradGrid grid(const KernelRequest& request) {
    const Shape& map = request.op.inputs[0];
    const std::int64_t taps = request.op.parameters[0][2];
    return {map[1], map[2], map[1], map[2], {taps / 2, taps / 2}, taps};
  }

  static std::vector<WinogradSummand> summands(const KernelRequest& request) {
    std::vector<WinogradSummand> all{{request.op.inputs[0][0], request.weights[0]->data<float>()}};
    if (request.op.has_input(2)) all.push_back({request.op.inputs[2][0], request.weights[2]->data<float>()});
    return all;
  }

  std::int64_t channels_;
  std::vector<std::size_t> at_;
  WinogradSum sum_;
  void (*gates_)(const float*, const float*, const float*, float*, float*, std::int64_t);
  std::vector<float> bias_, peepholes_;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd_kernel(const KernelRequest& request) {
  if (!all_channels_last(request) || request.precise) return nullptr;
  const WindowGeometry g = window_geometry(request);
  const std::int64_t fewest = kFewestWinogradChannels * request.op.node.attribute<std::int64_t>("groups");
  if (g.channels < fewest || request.outputs[0][0] < fewest) return nullptr;
  const std::array map{g.out_height, g.out_width};
  if (!kernels::suits_winograd(g.kernel, g.stride, g.dilation, map)) return nullptr;
  return std::make_unique<WinogradConvolution>(request);
}

std::unique_ptr<Kernel> make_conv_lstm_kernel(const KernelRequest& request) {
  if (!all_channels_last(request)) return nullptr;
  return std::make_unique<WinogradConvLstm>(request);
}

}  // namespace longtake::runtime
