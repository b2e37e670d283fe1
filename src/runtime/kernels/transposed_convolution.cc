// conv_transpose2d without scattering: the output places that lie alike between the input's, a `phase` for each of
// stride x stride, see the same part of the kernel, so each phase is a plain convolution of the padded input whose
// results are written `stride` places apart.
#include "kernels/matrix.h"
#include "runtime/kernels/fast.h"
#include "runtime/kernels/padded_frame.h"

namespace longtake::runtime {

namespace {

// One dimension of a phase: the outputs first, first + stride, ... see `taps` inputs each, the first output those from
// `begin` on in the padded input, the next those one further.
struct PhaseSide {
  std::int64_t first, count, taps, begin;
  std::int64_t last_tap;  // of the kernel, that the input at `begin` meets; the next inputs meet it `stride` earlier
};

PhaseSide phase_side(std::int64_t first, std::int64_t outputs, std::int64_t kernel, std::int64_t stride,
                     std::int64_t cut, std::int64_t padding) {
  const std::int64_t place = first + cut;  // in the output before it is cut
  const std::int64_t first_tap = place % stride, taps = (kernel - first_tap + stride - 1) / stride;
  return {first, (outputs - first + stride - 1) / stride, taps, place / stride - (taps - 1) + padding,
          first_tap + (taps - 1) * stride};
}

class TransposedConvolutionKernel final : public Kernel {
 public:
  TransposedConvolutionKernel(const KernelRequest& request, const WindowGeometry& padded,
                              const std::vector<std::int64_t>& cut)
      : frame_(padded), out_channels_(request.outputs[0][0]) {
    const WindowGeometry& g = frame_.g;
    for (std::int64_t y = 0; y < std::min(g.stride[0], g.out_height); ++y) {
      const PhaseSide rows = phase_side(y, g.out_height, g.kernel[0], g.stride[0], cut[0], g.pad[0]);
      for (std::int64_t x = 0; x < std::min(g.stride[1], g.out_width); ++x) {
        const PhaseSide columns = phase_side(x, g.out_width, g.kernel[1], g.stride[1], cut[1], g.pad[1]);
        phases_.push_back({rows, columns, pack(request, rows, columns)});
      }
    }
  }

  const char* name() const override { return phases_.front().matrix.name(); }

  std::int64_t bytes() const override {
    std::int64_t bytes = frame_.buffer.bytes();
    for (const Phase& phase : phases_) bytes += phase.matrix.bytes();
    return bytes;
  }

  void run(const KernelCall& call) override {
    const WindowGeometry& g = frame_.g;
    for (std::int64_t r = 0; r < call.rows; ++r) {
      const float* frame = frame_.fill(call.inputs[0] + r * g.channels * g.height * g.width, call.pool);
      float* out = call.outputs[0] + r * out_channels_ * g.out_height * g.out_width;
      for (const Phase& phase : phases_) {
        for (std::int64_t line = 0; line < phase.rows.count; ++line) run_line(phase, line, frame, out, call.pool);
      }
    }
  }

 private:
  struct Phase {
    PhaseSide rows, columns;
    PackedMatrix matrix;
  };

  // The numbers under one window, in the order row, column, channel of the input.
  PackedMatrix pack(const KernelRequest& request, const PhaseSide& rows, const PhaseSide& columns) const {
    const WindowGeometry& g = frame_.g;
    const float* weight = request.weights[0]->data<float>().data();  // [in, out, kernel height, kernel width]
    std::vector<float> part;
    for (std::int64_t o = 0; o < out_channels_; ++o) {
      for (std::int64_t y = 0; y < rows.taps; ++y) {
        for (std::int64_t x = 0; x < columns.taps; ++x) {
          const std::int64_t ky = rows.last_tap - y * g.stride[0], kx = columns.last_tap - x * g.stride[1];
          for (std::int64_t c = 0; c < g.channels; ++c) {
            part.push_back(weight[((c * out_channels_ + o) * g.kernel[0] + ky) * g.kernel[1] + kx]);
          }
        }
      }
    }
    std::vector<Run> runs;
    for (std::int64_t y = 0; y < rows.taps; ++y) {
      runs.push_back({y * frame_.width * g.channels, columns.taps * g.channels});
    }
    const float* bias = request.weights[1] == nullptr ? nullptr : request.weights[1]->data<float>().data();
    return {request.level, out_channels_, rows.taps * columns.taps * g.channels, part.data(), bias, std::move(runs)};
  }

  void run_line(const Phase& phase, std::int64_t line, const float* frame, float* out, ThreadPool* pool) const {
    const WindowGeometry& g = frame_.g;
    const std::int64_t y = phase.rows.first + line * g.stride[0];
    const float* windows = frame + ((phase.rows.begin + line) * frame_.width + phase.columns.begin) * g.channels;
    phase.matrix.multiply({windows, nullptr, g.channels}, phase.columns.count,
                          out + (y * g.out_width + phase.columns.first) * out_channels_, g.stride[1] * out_channels_,
                          {}, pool);
  }

  PaddedFrame frame_;
  std::int64_t out_channels_;
  std::vector<Phase> phases_;
};

}  // namespace

std::unique_ptr<Kernel> make_transposed_convolution_kernel(const KernelRequest& request) {
  using Sizes = std::vector<std::int64_t>;
  const Shape &in = request.op.inputs[0], &out = request.outputs[0], &weight = request.op.parameters[0];
  const Sizes& stride = request.op.node.attribute<Sizes>("stride");
  // Where the kernel is smaller than the stride, some outputs see nothing.
  if (!all_channels_last(request) || weight[2] < stride[0] || weight[3] < stride[1]) return nullptr;
  const WindowGeometry padded{in[0],
                              in[1],
                              in[2],
                              out[1],
                              out[2],
                              {weight[2], weight[3]},
                              {stride[0], stride[1]},
                              {(weight[2] - 1) / stride[0], (weight[3] - 1) / stride[1]},
                              {1, 1}};
  return std::make_unique<TransposedConvolutionKernel>(request, padded, request.op.node.attribute<Sizes>("pad"));
}

}  // namespace longtake::runtime
