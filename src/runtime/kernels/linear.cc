// linear: one packed matrix product over all vectors of all rows.
#include "kernels/matrix.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

class LinearKernel final : public Kernel {
 public:
  explicit LinearKernel(const KernelRequest& request)
      : features_(request.op.inputs[0].back()),
        vectors_(element_count(request.op.inputs[0]) / features_),
        relu_(request.relu),
        matrix_(request.level, request.outputs[0].back(), features_, request.weights[0]->data<float>().data(),
                request.weights[1] == nullptr ? nullptr : request.weights[1]->data<float>().data(), {{0, features_}}) {}

  const char* name() const override { return matrix_.name(); }
  std::int64_t bytes() const override { return matrix_.bytes(); }

  void run(const KernelCall& call) override {
    matrix_.multiply({call.inputs[0], nullptr, features_}, call.rows * vectors_, call.outputs[0], matrix_.outputs(),
                     relu_, call.pool);
  }

 private:
  std::int64_t features_, vectors_;
  bool relu_;
  PackedMatrix matrix_;
};

}  // namespace

std::unique_ptr<Kernel> make_linear_kernel(const KernelRequest& request) {
  if (request.input_layouts[0] != Layout::kChannelsFirst || request.output_layouts[0] != Layout::kChannelsFirst) {
    return nullptr;
  }
  return std::make_unique<LinearKernel>(request);
}

}  // namespace longtake::runtime
