// A parameter at every row: its numbers, turned to the output's layout once, then copied.
#include <algorithm>
#include <vector>

#include "runtime/kernels/fast.h"
#include "runtime/kernels/ranges.h"

namespace longtake::runtime {

namespace {

class ConstantKernel final : public Kernel {
 public:
  explicit ConstantKernel(const KernelRequest& request) {
    const auto values = request.weights[0]->data<float>();
    values_.assign(values.begin(), values.end());
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
  return std::make_unique<ConstantKernel>(request);
}

}  // namespace longtake::runtime
