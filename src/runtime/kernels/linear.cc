// linear: one packed matrix product over all vectors of all rows.
#include "kernels/byte_matrix.h"
#include "kernels/matrix.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

const float* numbers_of(const Tensor* tensor) { return tensor == nullptr ? nullptr : tensor->data<float>().data(); }

std::int64_t vectors_of(const KernelRequest& request) {
  return element_count(request.op.inputs[0]) / request.op.inputs[0].back();
}

class LinearKernel final : public Kernel {
 public:
  explicit LinearKernel(const KernelRequest& request)
      : features_(request.op.inputs[0].back()),
        vectors_(vectors_of(request)),
        limits_(request.limits),
        matrix_(request.level, request.outputs[0].back(), features_, numbers_of(request.weights[0]),
                numbers_of(request.weights[1]), {{0, features_}},
                request.weight_format == WeightFormat::kFloat16 ? PackedMatrix::Numbers::kHalves
                                                                : PackedMatrix::Numbers::kFloats) {}

  const char* name() const override { return matrix_.name(); }
  std::int64_t bytes() const override { return matrix_.bytes(); }

  void run(const KernelCall& call) override {
    matrix_.multiply({call.inputs[0], nullptr, features_}, call.rows * vectors_, call.outputs[0], matrix_.outputs(),
                     limits_, call.pool);
  }

 private:
  std::int64_t features_, vectors_;
  Limits limits_;
  PackedMatrix matrix_;
};

class ByteLinearKernel final : public Kernel {
 public:
  explicit ByteLinearKernel(const KernelRequest& request)
      : vectors_(vectors_of(request)),
        limits_(request.limits),
        matrix_(request.level, request.outputs[0].back(), request.op.inputs[0].back(), numbers_of(request.weights[0]),
                numbers_of(request.weights[1])) {}

  const char* name() const override { return matrix_.name(); }
  std::int64_t bytes() const override { return matrix_.bytes(); }

  void run(const KernelCall& call) override {
    matrix_.multiply(call.inputs[0], call.rows * vectors_, call.outputs[0], limits_, call.pool);
  }

 private:
  std::int64_t vectors_;
  Limits limits_;
  kernels::ByteMatrix matrix_;
};

}  // namespace

std::unique_ptr<Kernel> make_linear_kernel(const KernelRequest& request) {
  if (request.input_layouts[0] != Layout::kChannelsFirst || request.output_layouts[0] != Layout::kChannelsFirst) {
    return nullptr;
  }
  if (request.weight_format == WeightFormat::kInt8 && request.op.inputs[0].back() <= kernels::ByteMatrix::kMostDepth) {
    return std::make_unique<ByteLinearKernel>(request);
  }
  return std::make_unique<LinearKernel>(request);
}

}  // namespace longtake::runtime
