// The same numbers at every row, turned to the output's layout once, then copied: a parameter, or coordinates.
#include <algorithm>
#include <vector>

#include "kernels/ranges.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

class ConstantKernel final : public Kernel {
 public:
  ConstantKernel(const KernelRequest& request, std::span<const float> values) : values_(values.begin(), values.end()) {
    if (request.output_layouts[0] == Layout::kChannelsLast) {
      to_channels_last(values.data(), values_.data(), request.outputs[0]);
    }
  }

  const char* name() const override { return "copy"; }

  void run(const KernelCall& call) override {
    const auto count = static_cast<std::int64_t>(values_.size());
    for_ranges(call.pool, call.rows, count, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) std::copy(values_.begin(), values_.end(), call.outputs[0] + r * count);
    });
  }

  std::int64_t bytes() const override { return static_cast<std::int64_t>(values_.size() * sizeof(float)); }

 private:
  std::vector<float> values_;
};

}  // namespace

std::unique_ptr<Kernel> make_constant_kernel(const KernelRequest& request) {
  return std::make_unique<ConstantKernel>(request, request.weights[0]->data<float>());
}

std::unique_ptr<Kernel> make_coordinates_kernel(const KernelRequest& request) {
  const std::vector<double> values = graph::coordinate_values(request.outputs[0][1], request.outputs[0][2]);
  return std::make_unique<ConstantKernel>(request, std::vector<float>(values.begin(), values.end()));
}

}  // namespace longtake::runtime
