// Pooling and local response normalisation of channels-last maps: loops over places whose inner loop is over channels.
#include <algorithm>
#include <limits>

#include "kernels/level.h"
#include "kernels/ranges.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

class PoolKernel final : public Kernel {
 public:
  explicit PoolKernel(const KernelRequest& request)
      : g_(window_geometry(request)),
        vector_(kernels_of(request.level).vector),
        maximum_(request.op.node.op == "max_pool"),
        count_padding_(attribute_or(request.op.node, "count_padding", false)) {}

  const char* name() const override { return "channels_last"; }

  void run(const KernelCall& call) override {
    const std::int64_t in_size = g_.channels * g_.height * g_.width, line = g_.channels * g_.out_width;
    for_ranges(call.pool, call.rows * g_.out_height, line * g_.kernel[0] * g_.kernel[1],
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   run_line(call.inputs[0] + i / g_.out_height * in_size, i % g_.out_height,
                            call.outputs[0] + i * line);
                 }
               });
  }

 private:
  void run_line(const float* frame, std::int64_t out_y, float* out) const {
    const std::int64_t top = out_y * g_.stride[0] - g_.pad[0];
    const std::int64_t padded_bottom = std::min(top + g_.kernel[0], g_.height + g_.pad[0]);
    const std::int64_t first_y = std::max<std::int64_t>(top, 0), last_y = std::min(padded_bottom, g_.height);
    for (std::int64_t out_x = 0; out_x < g_.out_width; ++out_x, out += g_.channels) {
      const std::int64_t left = out_x * g_.stride[1] - g_.pad[1];
      const std::int64_t padded_right = std::min(left + g_.kernel[1], g_.width + g_.pad[1]);
      const std::int64_t first_x = std::max<std::int64_t>(left, 0), last_x = std::min(padded_right, g_.width);
      std::fill_n(out, g_.channels, maximum_ ? -std::numeric_limits<float>::infinity() : 0.0f);
      for (std::int64_t y = first_y; y < last_y; ++y) {
        for (std::int64_t x = first_x; x < last_x; ++x) {
          (maximum_ ? vector_.take_maximum : vector_.accumulate)(frame + (y * g_.width + x) * g_.channels, out,
                                                                 g_.channels);
        }
      }
      if (maximum_) continue;
      const std::int64_t places =
          count_padding_ ? (padded_bottom - top) * (padded_right - left) : (last_y - first_y) * (last_x - first_x);
      vector_.divide(out, static_cast<float>(places), g_.channels);
    }
  }

  WindowGeometry g_;
  const VectorKernel& vector_;
  bool maximum_, count_padding_;
};

class GlobalPoolKernel final : public Kernel {
 public:
  explicit GlobalPoolKernel(const KernelRequest& request)
      : channels_(request.outputs[0][0]),
        places_(element_count(request.op.inputs[0]) / channels_),
        vector_(kernels_of(request.level).vector),
        maximum_(request.op.node.op == "global_max_pool") {}

  const char* name() const override { return "channels_last"; }

  void run(const KernelCall& call) override {
    for_ranges(call.pool, call.rows, channels_ * places_, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const float* frame = call.inputs[0] + r * channels_ * places_;
        float* out = call.outputs[0] + r * channels_;
        std::copy_n(frame, channels_, out);
        for (std::int64_t p = 1; p < places_; ++p) {
          (maximum_ ? vector_.take_maximum : vector_.accumulate)(frame + p * channels_, out, channels_);
        }
        if (!maximum_) vector_.divide(out, static_cast<float>(places_), channels_);
      }
    });
  }

 private:
  std::int64_t channels_, places_;
  const VectorKernel& vector_;
  bool maximum_;
};

class LrnKernel final : public Kernel {
 public:
  explicit LrnKernel(const KernelRequest& request)
      : channels_(request.outputs[0][0]),
        places_(element_count(request.outputs[0]) / channels_),
        size_(request.op.node.attribute<std::int64_t>("size")),
        scale_(static_cast<float>(request.op.node.attribute<double>("alpha") / static_cast<double>(size_))),
        k_(static_cast<float>(attribute_or(request.op.node, "k", 1.0))),
        vector_(kernels_of(request.level).vector) {}

  const char* name() const override { return "channels_last"; }

  void run(const KernelCall& call) override {
    for_ranges(call.pool, call.rows * places_, channels_ * size_, [&](std::int64_t begin, std::int64_t end) {
      float squares[kMostScratch];
      for (std::int64_t p = begin; p < end; ++p) {
        vector_.lrn(call.inputs[0] + p * channels_, call.outputs[0] + p * channels_, squares, channels_, size_, scale_,
                    k_);
      }
    });
  }

  static constexpr std::int64_t kMostScratch = 4096;  // channels and window, on the stack of each thread

 private:
  std::int64_t channels_, places_, size_;
  float scale_, k_;
  const VectorKernel& vector_;
};

}  // namespace

std::unique_ptr<Kernel> make_pool_kernel(const KernelRequest& request) {
  const bool dilated = request.op.node.attributes.count("dilation") != 0;
  if (dilated || !all_channels_last(request)) return nullptr;
  return std::make_unique<PoolKernel>(request);
}

std::unique_ptr<Kernel> make_global_pool_kernel(const KernelRequest& request) {
  if (!all_channels_last(request)) return nullptr;
  return std::make_unique<GlobalPoolKernel>(request);
}

std::unique_ptr<Kernel> make_lrn_kernel(const KernelRequest& request) {
  const std::int64_t scratch = request.outputs[0][0] + request.op.node.attribute<std::int64_t>("size");
  const bool usual = request.op.node.attribute<double>("beta") == 0.75;
  if (!usual || scratch > LrnKernel::kMostScratch || !all_channels_last(request)) return nullptr;
  return std::make_unique<LrnKernel>(request);
}

}  // namespace longtake::runtime
